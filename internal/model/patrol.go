package model

import (
	"iter"
	"time"
)

// Patrol is one round: what was looked at and what came of it. It is stored as a whole or not at all.
type Patrol struct {
	ID       string    `json:"id"`
	Started  time.Time `json:"started"` // wall clock
	Ended    time.Time `json:"ended"`
	First    time.Time `json:"first"` // time of the traffic
	Last     time.Time `json:"last"`
	Sources  []Source  `json:"sources"`
	Stats    Stats     `json:"stats"`
	Limits   []Limit   `json:"limits"`
	Seen     int       `json:"seen"`   // hosts that were there
	Passed   []string  `json:"passed"` // files of directories that are of another kind
	Ledger   int       `json:"ledger"` // version held against, 0 if none
	New      []string  `json:"new"`    // host ids not known before
	Gone     []string  `json:"gone"`   // host ids there at the patrol before, not seen now although their network was
	Changed  []string  `json:"changed"`
	Previous string    `json:"previous"` // id of the patrol before, "" for the first
}

// Known is the memory that a patrol starts from: everything earlier patrols left in the store.
type Known struct {
	Last         *Patrol // nil for the first patrol
	Hosts        []Host
	Bindings     []Binding // the last known owner of each address
	Findings     []Finding // with their states
	Suppressions []Suppression
	Ledger       *Ledger // the newest version, nil if none was imported
	Moment       int64   // when this was read, for Result
}

// Result is what a patrol leaves behind; store writes it in one transaction.
type Result struct {
	Patrol   Patrol
	Hosts    []Host    // all known hosts, seen in this patrol or before
	Bindings []Binding // the memory for the next patrol
	Findings []Finding // all, with their new states
	// Trails are what this patrol adds to what is remembered of the hosts it saw: made one by one, because all of them
	// at once would be large. May be nil.
	Trails iter.Seq[Trail]
	Moment int64 // of the Known that it was made from: what people said later stays. 0: the last one that was read
}
