package model

import "time"

// Searchable is what something can be found by.
type Searchable struct {
	ID       string
	Text     string // folded for comparing, one thing a line
	Rule     string // of a finding
	Declared string // of a host: the key of its ledger row
	Severity Severity
	Last     time.Time
}

// SearchStamp changes whenever what can be found does.
type SearchStamp struct {
	Hosts    string
	Findings string
	Ledger   int // the newest version, 0 if there is none
}
