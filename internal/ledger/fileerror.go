package ledger

import (
	"fmt"

	"github.com/mimawari/mimawari/internal/locale"
)

// FileError says why a file could not be read as a ledger and what to do. Code selects the words (catalog/locale, key
// "ledger.file.CODE").
type FileError struct {
	Code string // owner_file, in_use, encrypted, old_xls, xlsb, html, ods, numbers, pdf, word, capture, archive, unknown, empty, too_big, damaged, folder, missing, denied, no_table, unreadable
	Name string // file as the user gave it
	More string // limit or detail, may be empty
	Err  error  // cause, may be nil
}

// Error gives the words in English.
func (e *FileError) Error() string { return e.In(locale.English) }

// In gives the words in l.
func (e *FileError) In(l locale.Lang) string {
	return locale.T(l, "ledger.file."+e.Code, "name", e.Name, "more", e.More)
}

// Unwrap gives the cause.
func (e *FileError) Unwrap() error {
	if e.Err == nil {
		return fmt.Errorf("read ledger %s: %s", e.Name, e.Code)
	}
	return e.Err
}
