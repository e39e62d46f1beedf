package model

import (
	"errors"
	"net/netip"
	"time"
)

// ErrNotFound is returned when nothing has the id asked for.
var ErrNotFound = errors.New("not found")

// ErrChanged is returned when something was to be changed as somebody saw it, and is not so any more.
var ErrChanged = errors.New("somebody else changed it meanwhile")

// ErrCursor is returned for a query whose After no page gave.
var ErrCursor = errors.New("this is not the place where a page ended")

// HostQuery says which hosts are asked for. The zero value asks for the first hundred of all.
type HostQuery struct {
	Text     string     // every word is part of a name, address, MAC, maker, model or system
	Class    string     // one class; "" for all, "-" for unknown
	Declared string     // "yes": in the ledger, "no": not in it, "": both
	IP       netip.Addr // exactly this address
	MAC      MAC        // exactly this MAC
	Limit    int        // 0 means 100
	After    string     // HostPage.Next of the page before
}

// HostPage is part of an answer. Total counts the whole of it.
type HostPage struct {
	Hosts []Host
	Total int
	Next  string // "" at the end
}

// FindingQuery says which findings are asked for. The zero value asks for the first hundred of all.
type FindingQuery struct {
	States      []State  // any of these; none: all
	Rules       []string // any of these rules, or families with "line.*"; none: all
	MinSeverity Severity
	Host        string // id of a host they are about
	Text        string // every word is part of a name, address, MAC or value
	Limit       int    // 0 means 100
	After       string // FindingPage.Next of the page before
}

// FindingPage is part of an answer. Total counts the whole of it.
type FindingPage struct {
	Findings []Finding
	Total    int
	Next     string // "" at the end
}

// FindingCount is how many findings of one severity are in one state.
type FindingCount struct {
	State    State
	Severity Severity
	Count    int
}

// Event is one step in the life of a finding.
type Event struct {
	At     time.Time `json:"at"`
	From   State     `json:"from"` // "" when the finding was made
	To     State     `json:"to"`
	Who    string    `json:"who"` // "" for the patrol
	Reason string    `json:"reason"`
}

// LedgerInfo is a line in the list of ledger versions.
type LedgerInfo struct {
	Version  int       `json:"version"`
	Imported time.Time `json:"imported"`
	By       string    `json:"by"`
	File     string    `json:"file"`
	Why      string    `json:"why,omitempty"`
	Hosts    int       `json:"hosts"`
}
