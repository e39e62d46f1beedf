package model

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"
)

// Severity is one of five levels.
type Severity int

// The levels, mildest first.
const (
	Info Severity = iota
	Low
	Medium
	High
	Critical
)

var severities = [...]string{"info", "low", "medium", "high", "critical"}

func (s Severity) String() string { return severities[min(max(s, Info), Critical)] }

// MarshalText implements encoding.TextMarshaler.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Severity) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSeverity(string(b))
	return err
}

// ParseSeverity reads info, low, medium, high or critical.
func ParseSeverity(t string) (Severity, error) {
	for i, n := range severities {
		if n == t {
			return Severity(i), nil
		}
	}
	return Info, fmt.Errorf("unknown severity %q: use one of %s", t, strings.Join(severities[:], ", "))
}

// State is where a finding is in its life.
type State string

// The states. Acknowledged and accepted are people's words; resolved and reopened follow from what is seen.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged"
	Accepted     State = "accepted" // until a date, with owner and reason
	Resolved     State = "resolved"
	Reopened     State = "reopened"
	Suppressed   State = "suppressed" // a suppression in words covers it
)

// Asset names one machine or thing that a finding is about.
type Asset struct {
	Host  string `json:"host"`  // Host.ID, "" if it is not a host
	Label string `json:"label"` // name, address or MAC, as a person would say it
	IP    string `json:"ip"`
	MAC   string `json:"mac"`
}

// Evidence is one thing that was seen and that supports a finding.
type Evidence struct {
	At     time.Time `json:"at"`
	Source string    `json:"source"` // capture, table, workbook
	Where  string    `json:"where"`  // frame, row, sheet!cell; "" if the whole source
	Text   string    `json:"text"`   // what was seen, short, in neutral notation
}

// Finding is a conclusion that a person should know of. What it says in words is rendered from its rule and Params
// (catalog/detections), so that the language can be chosen when it is read.
type Finding struct {
	ID       string            `json:"id"` // FindingID(rule, cause): same cause, same id
	Rule     string            `json:"rule"`
	Severity Severity          `json:"severity"`
	Params   map[string]string `json:"params,omitempty"`
	Assets   []Asset           `json:"assets"`
	First    time.Time         `json:"first"`
	Last     time.Time         `json:"last"`
	Count    uint64            `json:"count"`
	Evidence []Evidence        `json:"evidence"` // at most MaxEvidence, the earliest and the latest

	State  State     `json:"state,omitempty"`
	Owner  string    `json:"owner,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"` // Accepted: until then; Acknowledged: to be done by then

	// Away is the longest pause after which it came back: so long it must be quiet before it counts as resolved again.
	Away time.Duration `json:"away,omitempty"`
}

// Overdue reports whether somebody took it on and its day is over.
func (f Finding) Overdue(now time.Time) bool {
	return f.State == Acknowledged && !f.Until.IsZero() && !now.Before(f.Until)
}

// MaxEvidence bounds the evidence kept with one finding.
const MaxEvidence = 8

// FindingID derives the stable id of a finding from its rule and the parts that make up its cause.
func FindingID(rule string, cause ...string) string {
	return "f-" + shortHash(rule, cause...)
}

// HostID derives the id of a host from the strongest identity it had when first seen.
func HostID(identity string) string { return "h-" + shortHash("host", identity) }

func shortHash(head string, parts ...string) string {
	h := sha256.New()
	for _, p := range append([]string{head}, parts...) {
		fmt.Fprintf(h, "%d:%s,", len(p), p)
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:8])[:12])
}

// Suppression silences findings in words: "this is our vulnerability scanner until Friday". It acts on the past too.
// Empty fields match everything; at least one of Rule, Host, IP must be set.
type Suppression struct {
	ID     string    `json:"id"`
	Rule   string    `json:"rule"` // rule id, or a family with "line.*"
	Host   string    `json:"host"` // Host.ID
	IP     string    `json:"ip"`   // address or CIDR
	Reason string    `json:"reason"`
	Owner  string    `json:"owner"`
	Until  time.Time `json:"until,omitzero"` // zero: without end
	Made   time.Time `json:"made"`
}
