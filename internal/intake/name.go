package intake

import (
	"crypto/rand"
	"encoding/hex"
	"regexp"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// maxName is how many characters of a name are shown.
const maxName = 120

// Name makes the name that a file came with fit to be shown: without folders, control characters and characters that turn the
// reading direction. It is never used as a name on disk.
func Name(given string) string {
	if i := strings.LastIndexAny(given, `/\`); i >= 0 {
		given = given[i+1:]
	}
	n := []rune(model.Clean(given))
	if len(n) > maxName {
		n = append(append(n[:maxName-25:maxName-25], '…'), n[len(n)-24:]...)
	}
	s := strings.TrimSpace(string(n))
	if s == "" || s == "." || s == ".." {
		return "-"
	}
	return s
}

// NewID makes an id that nobody can guess: prefix, and 128 random bits.
func NewID(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return prefix + hex.EncodeToString(b[:])
}

var uploadID = regexp.MustCompile(`^u-[0-9a-f]{32}$`)

// IsUploadID reports whether id has the form of the id of an upload: nothing else becomes a name on disk.
func IsUploadID(id string) bool { return uploadID.MatchString(id) }
