// Package report writes what people read away from the pages: text on a terminal, one self-contained HTML file, an Excel
// workbook. It decides nothing; it shows the findings, hosts and ledger comparison that it is given, with totals, so that a
// cut-off export can be seen.
package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Input is one patrol to report on.
type Input struct {
	Result model.Result
	Ledger *model.Ledger // nil if none was imported
	Lang   locale.Lang
	Zone   *time.Location // how times are shown; nil is UTC
	Name   string         // the institution's, "" if not known
}

// Pairing is one line of the comparison between what is declared and what is seen.
type Pairing struct {
	Declared *model.LedgerHost
	Seen     *model.Host
}

// State is "matched", "not_declared" or "not_seen".
func (p Pairing) State() string {
	switch {
	case p.Declared == nil:
		return "not_declared"
	case p.Seen == nil:
		return "not_seen"
	}
	return "matched"
}

// Compare pairs declared with seen hosts: those without a partner first. Retired entries that are not seen are as they
// should be and are left out.
func Compare(l *model.Ledger, hosts []model.Host) []Pairing {
	byKey := map[string]*model.LedgerHost{}
	if l != nil {
		for i := range l.Hosts {
			byKey[l.Hosts[i].Key] = &l.Hosts[i]
		}
	}
	var out []Pairing
	paired := map[string]bool{}
	for i := range hosts {
		p := Pairing{Seen: &hosts[i]}
		if ref := hosts[i].Ledger; ref != nil {
			p.Declared = byKey[ref.Key]
			paired[ref.Key] = true
		}
		out = append(out, p)
	}
	if l != nil {
		for i := range l.Hosts {
			h := &l.Hosts[i]
			if !paired[h.Key] && !h.Retired {
				out = append(out, Pairing{Declared: h})
			}
		}
	}
	rank := map[string]int{"not_declared": 0, "not_seen": 1, "matched": 2}
	slices.SortStableFunc(out, func(a, b Pairing) int { return cmp.Compare(rank[a.State()], rank[b.State()]) })
	return out
}

// Active are the findings that wait for somebody: not resolved, accepted or suppressed.
func Active(fs []model.Finding) []model.Finding {
	var out []model.Finding
	for _, f := range fs {
		switch f.State {
		case model.Resolved, model.Accepted, model.Suppressed:
		default:
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b model.Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	return out
}

// Counts says how many findings there are of each severity, worst first.
func Counts(fs []model.Finding) [5]int {
	var n [5]int
	for _, f := range fs {
		n[int(model.Critical)-int(f.Severity)]++
	}
	return n
}

func (in Input) t(key string, pairs ...string) string { return locale.T(in.Lang, key, pairs...) }

func (in Input) time(t time.Time) string { return Time(t, in.Zone) }

// Time shows a time to the minute in the given zone, "" for none.
func Time(t time.Time, z *time.Location) string {
	if t.IsZero() {
		return ""
	}
	if z != nil {
		t = t.In(z)
	}
	return t.Format("2006-01-02 15:04")
}

// ClassName is the class in words.
func ClassName(l locale.Lang, c model.Class) string {
	if c == model.ClassUnknown {
		return locale.T(l, "class.unknown")
	}
	return locale.T(l, "class."+string(c))
}

// RoleNames are the roles in words.
func RoleNames(l locale.Lang, roles []string) []string {
	out := make([]string, 0, len(roles))
	for _, r := range roles {
		if locale.Has("role." + r) {
			r = locale.T(l, "role."+r)
		}
		out = append(out, r)
	}
	return out
}

// SeverityName is the severity in words; SeverityMark its shape, so that nothing depends on colour.
func SeverityName(l locale.Lang, s model.Severity) string {
	return locale.T(l, "severity."+s.String())
}

// SeverityMark is a shape for the severity.
func SeverityMark(s model.Severity) string {
	return [...]string{"○", "●", "▲", "■", "■■"}[s]
}

// StateName is the state in words.
func StateName(l locale.Lang, s model.State) string {
	return locale.T(l, "state."+string(cmp.Or(s, model.Open)))
}

// HostName is what a person calls the machine: as the ledger does, or as it calls itself; "" if neither.
func HostName(h *model.Host) string {
	switch {
	case h.Ledger != nil && h.Ledger.Name != "":
		return h.Ledger.Name
	case len(h.Names) > 0:
		return h.Names[0]
	}
	return ""
}

func joined[T any](l []T, show func(T) string) string {
	s := make([]string, 0, len(l))
	for _, x := range l {
		s = append(s, show(x))
	}
	return strings.Join(s, ", ")
}

func ips(h *model.Host) string {
	s := make([]string, 0, len(h.IPs))
	for _, a := range h.IPs {
		s = append(s, a.String())
	}
	return strings.Join(s, ", ")
}

func macs(h *model.Host) string { return joined(h.MACs, model.MAC.String) }

func product(h *model.Host) string {
	return strings.Join(slices.DeleteFunc([]string{h.Maker, h.Model}, func(s string) bool { return s == "" }), " ")
}

func system(h *model.Host) string { return strings.TrimSpace(h.OS + " " + h.Version) }

func (in Input) words(f model.Finding) locale.Words { return locale.Finding(in.Lang, f) }
