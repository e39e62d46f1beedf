// Package intake takes in what people give to be looked at: it keeps uploaded files on disk while they arrive and after,
// recognises by content what a file is, reads a pasted table back to whoever pasted it, knows when a schedule is due, and
// tells everybody who listens what is going on (Hub).
//
// It does not conclude, does not run patrols and knows no database and no HTTP: package app puts it to work. A file is never
// executed or unpacked onto the disk; its name on disk is made by us, the name that people gave is only shown.
//
// Invariants: bytes are only ever added at the end of a file, by one sender at a time; what Append has counted is on the disk;
// the limits hold while bytes arrive, not only before; a slow listener never delays anybody.
package intake

// Error is what can't be done with an upload, a source or a schedule. The words are under "intake.error.CODE".
type Error struct {
	Code  string
	Pairs []string // for the words
}

func (e *Error) Error() string { return "intake: " + e.Code }

func refuse(code string, pairs ...string) error { return &Error{Code: code, Pairs: pairs} }
