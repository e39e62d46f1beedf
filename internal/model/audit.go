package model

import "time"

// AuditEntry is one line of the audit trail: who did what, from where.
type AuditEntry struct {
	N       int64             `json:"n"`
	At      time.Time         `json:"at"`
	Account string            `json:"account,omitempty"` // id; "" for the machine's console or nobody
	Login   string            `json:"login,omitempty"`
	Via     string            `json:"via"`              // web, token, console, system
	Source  string            `json:"source,omitempty"` // address
	Action  string            `json:"action"`           // e.g. "people.add"; words under "audit.action.ACTION"
	Object  string            `json:"object,omitempty"`
	Details map[string]string `json:"details,omitempty"`
}

// AuditRow is a stored entry with the proof that it was written so.
type AuditRow struct {
	N      int64
	Entry  AuditEntry
	Doc    string // the exact bytes that were signed
	Signed string // the signed tree head of size N+1: base64 of root and signature
	Odd    bool   // the columns that it is searched by differ from the document
}

// AuditQuery says which entries are asked for, newest first.
type AuditQuery struct {
	Text    string // every word is part of the login, the action, the object or the details
	Action  string // one action, or a family with "people.*"
	Account string
	From    time.Time
	To      time.Time
	Before  int64 // entries with a smaller number; 0: from the newest
	Limit   int   // 0 means 100
}

// AuditTree is the Merkle tree over the entries as it is at one moment. Hashes gives stored nodes by their storage index; a
// missing one is ErrNotFound.
type AuditTree struct {
	Size   int64 // entries there are
	Hashes func(indexes []int64) ([]string, error)
}
