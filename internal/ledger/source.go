package ledger

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Limits of what is read. A hospital's largest ledgers have some ten thousand rows.
const (
	MaxFile  = 64 << 20  // bytes of the file
	MaxUnzip = 512 << 20 // bytes of a workbook when unpacked
	MaxRows  = 200_000   // rows of all sheets together
	MaxCols  = 200       // columns of a sheet
	maxSheet = 100
	maxText  = 256 << 20 // bytes of all cells together
)

// book is an opened file: its sheets can be read row by row, once.
type book struct {
	format   string // xlsx, csv
	encoding string // of csv
	date1904 bool
	sheets   []sheetSource
	leftOut  []string // names of sheets beyond the limit
	close    func() error
}

// sheetSource is one sheet. rows gives all rows that have cells, in order; merged areas are filled in already.
type sheetSource struct {
	name   string
	hidden bool
	rows   func(context.Context) iter.Seq2[row, error]
}

// readFile loads name within the limits, or says what is wrong with it.
func readFile(name string) ([]byte, error) {
	if strings.HasPrefix(filepath.Base(name), "~$") {
		return nil, &FileError{Code: "owner_file", Name: name}
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, openError(name, err)
	}
	defer f.Close()
	st, err := f.Stat()
	switch {
	case err != nil:
		return nil, openError(name, err)
	case st.IsDir():
		return nil, &FileError{Code: "folder", Name: name}
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, openError(name, err)
	}
	return b, nil
}

// openError turns the system's words into ours. 32 and 33 are Windows' sharing and lock violations: Excel holds the file.
func openError(name string, err error) error {
	code := "unreadable"
	var no syscall.Errno
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code = "missing"
	case errors.As(err, &no) && runtime.GOOS == "windows" && (no == 32 || no == 33):
		code = "in_use"
	case errors.Is(err, fs.ErrPermission):
		code = "denied"
	}
	return &FileError{Code: code, Name: name, More: err.Error(), Err: err}
}

var (
	zipMagic = []byte("PK\x03\x04")
	oleMagic = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
)

// openBook finds out what data is, whatever its name says, and opens it.
func openBook(name string, data []byte) (*book, error) {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return nil, &FileError{Code: "empty", Name: name}
	case len(data) > MaxFile:
		return nil, &FileError{Code: "too_big", Name: name, More: "64 MB"}
	case bytes.HasPrefix(data, zipMagic):
		return openZip(name, data)
	}
	if code := foreign(data); code != "" {
		return nil, &FileError{Code: code, Name: name}
	}
	return openCSV(name, data)
}

func openZip(name string, data []byte) (*book, error) {
	zr, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, &FileError{Code: "damaged", Name: name, Err: err}
	}
	if code := zipKind(zr); code != "" {
		return nil, &FileError{Code: code, Name: name}
	}
	return openWorkbook(name, data, zr)
}

// zipKind tells what is in a zip file that is no workbook of ours; "" for .xlsx and .xlsm.
func zipKind(zr *zip.Reader) string {
	code := "archive"
	for _, f := range zr.File {
		n := strings.ToLower(strings.ReplaceAll(f.Name, "\\", "/"))
		switch {
		case n == "xl/workbook.xml":
			return ""
		case n == "xl/workbook.bin":
			return "xlsb"
		case n == "mimetype" || n == "content.xml":
			code = "ods"
		case strings.HasSuffix(n, ".iwa") || n == "index.zip":
			code = "numbers"
		case strings.HasPrefix(n, "word/") || strings.HasPrefix(n, "ppt/"):
			code = "word"
		}
	}
	return code
}

// foreign names what data is if it is surely no text table; "" otherwise.
func foreign(data []byte) string {
	head := data[:min(len(data), 4096)]
	low := strings.ToLower(strings.TrimLeft(string(head), "\ufeff \t\r\n"))
	switch {
	case bytes.HasPrefix(data, oleMagic):
		return oleKind(data)
	case strings.HasPrefix(low, "%pdf"):
		return "pdf"
	case strings.HasPrefix(low, "<") && (strings.Contains(low, "<html") || strings.Contains(low, "<table") || strings.Contains(low, "<!doctype") || strings.Contains(low, "excel.sheet") || strings.HasPrefix(low, "<?xml")):
		return "html"
	}
	for _, m := range []struct{ magic, code string }{
		{"\xd4\xc3\xb2\xa1", "capture"},
		{"\xa1\xb2\xc3\xd4", "capture"},
		{"\x4d\x3c\xb2\xa1", "capture"},
		{"\xa1\xb2\x3c\x4d", "capture"},
		{"\x0a\x0d\x0d\x0a", "capture"},
		{"\x1f\x8b", "archive"},
		{"7z\xbc\xaf", "archive"},
		{"Rar!", "archive"},
		{"\x28\xb5\x2f\xfd", "archive"},
		{"PK", "archive"},
		{"\x89PNG", "picture"},
		{"\xff\xd8\xff", "picture"},
		{"GIF8", "picture"},
		{"BM", "picture"},
		{"SQLite format", "unknown"},
		{"\x7fELF", "unknown"},
		{"MZ\x90", "unknown"},
	} {
		if bytes.HasPrefix(data, []byte(m.magic)) && (m.code != "picture" || bytes.IndexByte(head, 0) >= 0) {
			return m.code
		}
	}
	return ""
}

// oleKind tells a workbook with a password from one of Excel 97-2003: both are OLE files, but only the first has a
// stream EncryptedPackage ([MS-OFFCRYPTO] 2.3.4.4). Directory entries are UTF-16LE.
func oleKind(data []byte) string {
	if bytes.Contains(data, utf16le("EncryptedPackage")) || bytes.Contains(data, utf16le("EncryptionInfo")) {
		return "encrypted"
	}
	if bytes.Contains(data, utf16le("WordDocument")) || bytes.Contains(data, utf16le("PowerPoint Document")) {
		return "word"
	}
	return "old_xls"
}

func utf16le(s string) []byte {
	b := make([]byte, 0, 2*len(s))
	for i := 0; i < len(s); i++ {
		b = append(b, s[i], 0)
	}
	return b
}
