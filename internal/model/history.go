package model

import "time"

// Step is one event in the life of a finding, with the finding that it is about.
type Step struct {
	Finding string
	Event
}

// History is what a report on a period is made from: everything of one moment.
type History struct {
	Findings     []Finding // all, as they are now
	Steps        []Step    // all before the end of the period, by finding and in order
	Hosts        []Host    // all known now
	Suppressions []Suppression
	Ledger       *Ledger      // the newest version imported before the end of the period, nil if there was none
	Ledgers      []LedgerInfo // all versions, newest first
	Institution  Institution
}

// SavedReport is a report that was written by itself.
type SavedReport struct {
	Name   string // of the file
	Kind   string // weekly, monthly
	Period string // 2026-W47, 2026-11
	Format string // pdf, xlsx, html
	Size   int64
	Made   time.Time
}
