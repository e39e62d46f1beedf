//go:build unix

package seal

import "io/fs"

// exposed reports that group or others may read or write the file.
func exposed(st fs.FileInfo) bool { return st.Mode().Perm()&0o077 != 0 }
