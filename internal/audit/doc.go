// Package audit keeps the trail of who did what, so that a change of it is found and named.
//
// Each entry is a leaf of a Merkle tree (RFC 6962, as golang.org/x/mod/sumdb/tlog has it). The head of the tree is signed after
// every entry with an Ed25519 key that lies in a file beside the data (checkpoint: the note format of golang.org/x/mod/sumdb/note).
// Entry, tree and signature are written in one transaction.
//
// What it proves: whoever changes, removes or adds rows in the database without having the key file is found, down to the entry.
// Whoever has database and key file can write another trail; that one does not agree with a checkpoint that was printed before and
// kept elsewhere, nor does a trail whose end was cut off. It does not decide what is noted, and it does not keep secrets: callers
// give no passwords and no data of patients.
package audit
