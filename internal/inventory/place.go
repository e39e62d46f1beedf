package inventory

import "github.com/mimawari/mimawari/internal/model"

// Refer finds the declared host that a seen host is, as Build does: nil if none. A ledger that changed between patrols is
// held against what was seen by it.
func Refer(l Ledger, h *model.Host) *model.LedgerRef { return refer(l, h) }

// Aside gives a function that reports whether a seen host needs no row of its own, by the measure of the rule
// inventory.unknown_host: gateways and lines that are declared as such, what only passes through a router.
func Aside(l Ledger) func(*model.Host) bool {
	d := newDrift(DriftInput{Ledger: l, Seen: &model.Seen{}})
	return func(h *model.Host) bool { return !d.expected(h) }
}
