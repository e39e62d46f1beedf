package store

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"syscall"
)

// Code names a trouble with the data that a person can do something about. The words are under "store.CODE" in the
// locale files; the holes are the keys of Error.Args.
type Code string

// The troubles.
const (
	Corrupt   Code = "corrupt"    // the file is damaged
	NotData   Code = "not_data"   // the file is no database, or not one of ours
	Newer     Code = "newer"      // written by a newer version
	Older     Code = "older"      // not yet brought up to date, and opened for reading only
	Altered   Code = "altered"    // the tables were made by a development version or changed by hand
	Full      Code = "full"       // no space left
	ReadOnly  Code = "read_only"  // the directory or file can't be written
	Denied    Code = "denied"     // the operating system refuses access
	Missing   Code = "missing"    // there is no such file
	Exists    Code = "exists"     // the file to be written is there already
	Locked    Code = "locked"     // another Mimawari works on the directory: args pid, command, since
	Busy      Code = "busy"       // another program holds the database
	Server    Code = "server"     // the PostgreSQL server can't be reached or refuses
	Encoding  Code = "encoding"   // the PostgreSQL database is not UTF-8
	NotEmpty  Code = "not_empty"  // the target of a copy has data already
	Different Code = "different"  // a copy is not equal to its source
	Unusable  Code = "unreadable" // input or output error: a failing disk
)

// Error is a trouble that a person can do something about. Its text is English, for logs; people are shown the words of
// its code.
type Error struct {
	Code  Code
	Where string            // file, directory or server; never a password
	Args  map[string]string // more values for the words
	Err   error             // the cause, may be nil
}

var advice = map[Code]string{
	Corrupt:   "the data file is damaged; run `mimawari db check`, then `mimawari db restore` with the newest good copy",
	NotData:   "this is not a Mimawari data file; check the path",
	Newer:     "the data was written by a newer version of Mimawari; install that version or a newer one",
	Older:     "the data is from an older version; run `mimawari patrol` or `mimawari serve` once to bring it up to date",
	Altered:   "the tables are not those of a released version; restore a copy made by a released version",
	Full:      "the disk is full; nothing was half written; make space and try again",
	ReadOnly:  "the data directory is read-only; choose another one with --data or make it writable",
	Denied:    "permission denied; give the account that runs Mimawari read and write access",
	Missing:   "there is no such file; check the path",
	Exists:    "this file exists already; choose another name",
	Locked:    "another Mimawari works with this data directory; stop it first",
	Busy:      "another program holds the data; close it and try again",
	Server:    "the PostgreSQL server can't be used; check address, user, password and that it runs",
	Encoding:  "the PostgreSQL database is not UTF-8; create it with ENCODING 'UTF8'",
	NotEmpty:  "the target has data already; copy into an empty one",
	Different: "the copy is not equal to its source and was dropped; try again",
	Unusable:  "the disk reports read or write errors, or a limit of the account is reached; copy the data to another disk",
}

func (e *Error) Error() string {
	s := e.Where + ": " + advice[e.Code]
	for _, k := range slices.Sorted(maps.Keys(e.Args)) {
		s += " [" + k + " " + e.Args[k] + "]"
	}
	if e.Err != nil {
		s += " (" + e.Err.Error() + ")"
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Codes gives all codes, so that a test can make sure that each has words.
func Codes() []Code { return slices.Sorted(maps.Keys(advice)) }

// Pairs gives the values for the words of the code: where, and Args.
func (e *Error) Pairs() []string {
	p := []string{"where", e.Where}
	for _, k := range slices.Sorted(maps.Keys(e.Args)) {
		p = append(p, k, e.Args[k])
	}
	return p
}

func wrong(code Code, where string, err error) *Error {
	return &Error{Code: code, Where: where, Err: err}
}

// explain turns an error of a driver or of the operating system into an *Error where a person can act on it.
func (s *Store) explain(err error) error {
	var known *Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, ErrNotFound),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	if code := s.code(err); code != "" {
		return wrong(code, s.where, err)
	}
	return explainFile(s.where, err)
}

// explainFile does the same for errors of the operating system.
func explainFile(where string, err error) error {
	var known *Error
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case isFull(err):
		return wrong(Full, where, err)
	case errors.Is(err, syscall.EROFS):
		return wrong(ReadOnly, where, err)
	case errors.Is(err, fs.ErrPermission):
		return wrong(Denied, where, err)
	case errors.Is(err, fs.ErrNotExist):
		return wrong(Missing, where, err)
	case errors.Is(err, syscall.EIO):
		return wrong(Unusable, where, err)
	}
	return err
}

// isFull also knows what Windows says: ERROR_HANDLE_DISK_FULL (39) and ERROR_DISK_FULL (112).
func isFull(err error) bool {
	var e syscall.Errno
	if !errors.As(err, &e) {
		return false
	}
	return e == syscall.ENOSPC || e == syscall.EDQUOT || onWindows && (e == 39 || e == 112)
}

func hasScheme(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}
