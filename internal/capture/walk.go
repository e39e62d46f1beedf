package capture

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Passed is a file in a directory that was not taken, and why.
type Passed struct {
	Name string
	Code string // key "trouble.CODE" in the words
	Err  error  // nil if the file is merely of another kind
}

// MaxWalk bounds the files taken from directories in one call.
const MaxWalk = 100_000

// Walk expands directories into the files below them, sorted by name, captures before everything else. What is given by
// name is kept as it is, in its place, existing or not: opening it says what is wrong. Of a directory's files those are
// taken whose first bytes are a capture or that take says are of use (logs, address tables); take may be nil. Symbolic
// links to files are followed, links to directories and special files are passed over with a reason.
func Walk(paths []string, take func(name string, head []byte) bool) (names []string, passed []Passed) {
	for _, p := range paths {
		st, err := os.Stat(p)
		if p == "-" || err != nil || !st.IsDir() {
			names = append(names, p)
			continue
		}
		w := walk{take: take}
		w.dir(p)
		names = append(names, w.captures...)
		names = append(names, w.others...)
		passed = append(passed, w.passed...)
	}
	return names, passed
}

type walk struct {
	take             func(string, []byte) bool
	captures, others []string
	passed           []Passed
}

func (w *walk) dir(root string) {
	// The callback never gives up: every error is one entry of passed.
	_ = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			w.pass(name, "unreadable", err)
			if d != nil && d.IsDir() {
				return fs.SkipDir
			}
		case d.IsDir():
		case len(w.captures)+len(w.others) >= MaxWalk:
			w.pass(name, "too_many_files", nil)
			return fs.SkipAll
		default:
			w.file(name)
		}
		return nil
	})
	slices.Sort(w.captures)
	slices.Sort(w.others)
}

func (w *walk) pass(name, code string, err error) {
	if os.IsPermission(err) {
		code = "permission"
	}
	w.passed = append(w.passed, Passed{Name: name, Code: code, Err: err})
}

func (w *walk) file(name string) {
	st, err := os.Stat(name)
	if err != nil {
		w.pass(name, "unreadable", err)
		return
	}
	if !st.Mode().IsRegular() {
		w.pass(name, "special_file", nil)
		return
	}
	head, err := Head(name)
	if err != nil {
		w.pass(name, "unreadable", err)
		return
	}
	switch format := SniffName(name, head); {
	case format == Pcap || format == Pcapng:
		w.captures = append(w.captures, name)
	case w.take != nil && w.take(name, head):
		w.others = append(w.others, name)
	case format == Empty:
		w.pass(name, "empty", nil)
	default:
		w.pass(name, "looks_"+string(format), nil)
	}
}

// Head reads the first SniffLen bytes of a file, decompressed if it is gzip or zstd. A file that is cut short gives what
// there is.
func Head(name string) ([]byte, error) {
	h, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	head := make([]byte, SniffLen)
	n, err := io.ReadFull(h, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	head = head[:n]
	if format := Sniff(head); format == Gzip || format == Zstd {
		head = inner(format, io.MultiReader(newPiece(head), h))
	}
	return head, nil
}

func inner(format Format, r io.Reader) []byte {
	z, done, err := Decompress(format, r)
	if err != nil {
		return nil
	}
	defer done()
	head := make([]byte, SniffLen)
	n, _ := io.ReadFull(z, head) // what can be had is enough here; opening the file says the rest
	return head[:n]
}

// SniffName is Sniff, except that it also uses the name where the bytes alone say nothing definite.
func SniffName(name string, head []byte) Format {
	format := Sniff(head)
	if format == Other && strings.EqualFold(filepath.Ext(name), ".etl") {
		return ETL
	}
	return format
}
