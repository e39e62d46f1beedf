// Package api shapes what machines read: the patrol document and the JSON resources that the pages use too. It renders
// findings in words and makes sure that lists are lists (never null); it decides nothing and reads no database: what it
// needs of the store is the small interface in this package.
package api

import (
	"math"
	"net/netip"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Schema is the name and version of the patrol document; docs/schema/patrol-1.json describes it.
const Schema = "mimawari.patrol/1"

// Document is what `mimawari patrol --json` prints: one object.
type Document struct {
	Schema   string         `json:"schema"`
	Patrol   PatrolRound    `json:"patrol"`
	Sources  []model.Source `json:"sources"`
	Stats    model.Stats    `json:"stats"`
	Limits   []model.Limit  `json:"limits"`
	Hosts    []model.Host   `json:"hosts"`
	Findings []Finding      `json:"findings"`
}

// PatrolRound is when the patrol was and what it found compared with the one before.
type PatrolRound struct {
	ID       string    `json:"id"`
	Started  time.Time `json:"started"`
	Ended    time.Time `json:"ended"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	Ledger   int       `json:"ledger"`
	Previous string    `json:"previous"`
	New      []string  `json:"new"`
	Gone     []string  `json:"gone"`
	Changed  []string  `json:"changed"`
	Seen     int       `json:"seen"`
	Passed   []string  `json:"passed"`
}

// Finding is a finding with its words.
type Finding struct {
	ID       string            `json:"id"`
	Rule     string            `json:"rule"`
	Severity model.Severity    `json:"severity"`
	State    model.State       `json:"state"`
	Title    string            `json:"title"`
	Why      string            `json:"why"`
	Todo     string            `json:"todo"`
	Harmless string            `json:"harmless"`
	Attack   []string          `json:"attack"` // MITRE ATT&CK techniques, by number
	Needs    []string          `json:"needs"`
	Assets   []model.Asset     `json:"assets"`
	First    time.Time         `json:"first"`
	Last     time.Time         `json:"last"`
	Count    uint64            `json:"count"`
	Evidence []model.Evidence  `json:"evidence"`
	Params   map[string]string `json:"params"`
	Owner    string            `json:"owner,omitempty"`
	Reason   string            `json:"reason,omitempty"`
	Until    time.Time         `json:"until,omitzero"`
}

// NewDocument renders a result in the given language.
func NewDocument(r model.Result, l locale.Lang) Document {
	d := Document{
		Schema: Schema, Stats: r.Patrol.Stats, Limits: list(r.Patrol.Limits),
		Patrol: PatrolRound{
			ID: r.Patrol.ID, Started: r.Patrol.Started, Ended: r.Patrol.Ended, First: r.Patrol.First, Last: r.Patrol.Last,
			Ledger: r.Patrol.Ledger, Previous: r.Patrol.Previous, New: list(r.Patrol.New), Gone: list(r.Patrol.Gone), Changed: list(r.Patrol.Changed), Seen: r.Patrol.Seen, Passed: list(r.Patrol.Passed),
		},
	}
	d.Sources = newSources(r.Patrol.Sources, l)
	d.Hosts = NewHosts(r.Hosts)
	d.Findings = NewFindings(r.Findings, l)
	return d
}

// NewTroubles puts the words of l into Text.
func NewTroubles(ts []model.Trouble, l locale.Lang) []model.Trouble {
	out := []model.Trouble{}
	for _, t := range ts {
		t.Text = locale.Trouble(l, t)
		out = append(out, t)
	}
	return out
}

// NewHosts makes lists of missing ones.
func NewHosts(hs []model.Host) []model.Host {
	out := make([]model.Host, 0, len(hs))
	for _, h := range hs {
		out = append(out, NewHost(h))
	}
	return out
}

// NewHost makes lists of missing ones.
func NewHost(h model.Host) model.Host {
	h.Confidence = math.Round(h.Confidence*100) / 100
	h.IPs, h.MACs, h.Names, h.Roles, h.Signals, h.Says = list(h.IPs), list(h.MACs), list(h.Names), list(h.Roles), list(h.Signals), list(h.Says)
	return h
}

// NewFindings renders findings in words.
func NewFindings(fs []model.Finding, l locale.Lang) []Finding {
	out := make([]Finding, 0, len(fs))
	for _, f := range fs {
		out = append(out, NewFinding(f, l))
	}
	return out
}

// NewFinding renders one finding in words.
func NewFinding(f model.Finding, l locale.Lang) Finding {
	w := locale.Finding(l, f)
	rule, _ := locale.RuleOf(f.Rule)
	params := f.Params
	if params == nil {
		params = map[string]string{}
	}
	return Finding{
		ID: f.ID, Rule: f.Rule, Severity: f.Severity, State: f.State, Title: w.Title, Why: w.Why, Todo: w.Todo, Harmless: w.Harmless, Attack: list(rule.Attack), Needs: list(rule.Needs),
		Assets: list(f.Assets), First: f.First, Last: f.Last, Count: f.Count, Evidence: list(f.Evidence), Params: params,
		Owner: f.Owner, Reason: f.Reason, Until: f.Until,
	}
}

func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// Addr parses an address for queries; the zero Addr if it is none.
func Addr(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Addr{}
	}
	return model.Normal(a)
}
