package memory

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// Files is the FlowStore of one machine: Parquet files below a folder, which is made when the first row comes.
type Files struct{ Dir string }

// suffix of a file that is whole. Whatever else lies there is no file of ours, or was left by a process that died.
const (
	suffix     = ".parquet"
	unfinished = ".writing"
)

// groupRows is how many rows a row group has: what is skipped or read as one.
const groupRows = 64 << 10

// schema options of each file.
func writerOptions(level zstd.Level) []parquet.WriterOption {
	return []parquet.WriterOption{
		parquet.Compression(&zstd.Codec{Level: level}), parquet.MaxRowsPerRowGroup(groupRows), parquet.PageBufferSize(128 << 10),
		parquet.DataPageStatistics(false), parquet.CreatedBy("mimawari", "", ""),
		parquet.KeyValueMetadata("mimawari.flows", strconv.Itoa(Version)),
		parquet.SortingWriterConfig(parquet.SortingColumns(
			parquet.Ascending("client"), parquet.Ascending("server"), parquet.Ascending("proto"), parquet.Ascending("server_port"), parquet.Ascending("first"),
		)),
	}
}

// create writes a file beside, syncs and renames it. Nothing is left if fill fails.
func (s *Files) create(day int64, level zstd.Level, fill func(*parquet.GenericWriter[Row]) error) (name string, err error) {
	dir := filepath.Join(s.Dir, dayName(day))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for flows: %w", err)
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails since Go 1.24
	name = filepath.Join(dir, hex.EncodeToString(id[:])+suffix)
	tmp := name + unfinished
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("write flows: %w", err)
	}
	w := parquet.NewGenericWriter[Row](f, writerOptions(level)...)
	err = fill(w)
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, name)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		_ = os.Remove(tmp) // what failed is what is told
		return "", fmt.Errorf("write flows: %w", err)
	}
	return name, nil
}

// syncDir makes a rename last. Windows has no such thing.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// file is one that is whole.
type file struct {
	path string
	size int64
}

// days gives the days that are kept, oldest first.
func (s *Files) days() ([]int64, error) {
	all, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the days of the memory: %w", err)
	}
	var out []int64
	for _, e := range all {
		if d, ok := parseDay(e.Name()); ok && e.IsDir() {
			out = append(out, d)
		}
	}
	slices.Sort(out)
	return out, nil
}

// list gives the files of a day. A day that is gone has none.
func (s *Files) list(day int64) ([]file, error) {
	dir := filepath.Join(s.Dir, dayName(day))
	all, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the flows of a day: %w", err)
	}
	var out []file
	for _, e := range all {
		if st, err := e.Info(); err == nil && st.Mode().IsRegular() && strings.HasSuffix(e.Name(), suffix) {
			out = append(out, file{filepath.Join(dir, e.Name()), st.Size()})
		}
	}
	return out, nil
}

// Stat is what is kept.
type Stat struct {
	Days           int    `json:"days"`
	Files          int    `json:"files"`
	Bytes          int64  `json:"bytes"`
	Rows           int64  `json:"rows"`
	Oldest, Newest string `json:",omitempty"` // YYYY-MM-DD, UTC
}

// Stat counts what is kept. Rows that were told twice count twice until Compact.
func (s *Files) Stat() (Stat, error) {
	days, err := s.days()
	if err != nil {
		return Stat{}, err
	}
	var st Stat
	for _, d := range days {
		files, err := s.list(d)
		if err != nil {
			return st, err
		}
		if len(files) == 0 {
			continue
		}
		name := strings.TrimPrefix(dayName(d), "day=")
		if st.Oldest == "" {
			st.Oldest = name
		}
		st.Newest = name
		st.Days++
		for _, f := range files {
			st.Files++
			st.Bytes += f.size
			n, err := rowsOf(f)
			if err != nil {
				return st, err
			}
			st.Rows += n
		}
	}
	return st, nil
}

func rowsOf(f file) (n int64, err error) {
	err = withFile(f, func(p *parquet.File) error { n = p.NumRows(); return nil })
	return n, err
}

// withFile opens a file for use. One that is gone was joined into another or has expired: errGone.
func withFile(f file, use func(*parquet.File) error) error {
	o, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return fmt.Errorf("open flows: %w", err)
	}
	defer o.Close()
	p, err := parquet.OpenFile(o, f.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("read flows of %s: %w", f.path, err)
	}
	if err := use(p); err != nil {
		return fmt.Errorf("read flows of %s: %w", f.path, err)
	}
	return nil
}

var errGone = errors.New("the file is gone")
