// Package lookup is the search box: one text in, and the hosts, findings and ledger rows that it may mean, the best first. It keeps what
// things are found by in memory, as folded text, and reads it again when it has changed; what is shown of a hit is read from the
// store each time, so it is never old.
//
// It has no syntax: whatever is typed is text. It does not filter lists (package store does) and words nothing (package api does).
package lookup
