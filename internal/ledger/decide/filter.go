package decide

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
)

// Filter says which pairs are asked for. The zero value asks for all.
type Filter struct {
	Text       string // every word is part of a name, address, MAC, maker, place...
	Status     Status
	Class      string // of the seen machine, else as declared; "-": not known
	Department string
	Mark       string // "not_known", "asked", "kept"
}

// Marks are the values of Filter.Mark.
var Marks = []string{"not_known", "asked", "kept"}

// Select gives the pairs that fit, in their order.
func (x *Pairing) Select(f Filter) []*Pair {
	words := strings.Fields(fold(f.Text))
	for i, w := range words {
		if m, err := model.ParseMAC(w); err == nil {
			words[i] = m.String()
		}
	}
	var out []*Pair
	for i := range x.Pairs {
		if p := &x.Pairs[i]; p.fits(f) && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(p.search, w) }) {
			out = append(out, p)
		}
	}
	return out
}

func (p *Pair) fits(f Filter) bool {
	switch {
	case f.Status != "" && p.Status != f.Status:
		return false
	case f.Class == "-" && p.Class() != model.ClassUnknown, f.Class != "" && f.Class != "-" && string(p.Class()) != f.Class:
		return false
	case f.Department != "" && (p.Declared == nil || p.Declared.Department != f.Department):
		return false
	}
	switch f.Mark {
	case "not_known":
		return p.Mark != nil && p.Mark.NotKnown
	case "asked":
		return p.Inquiry != nil && (p.Inquiry.State == model.InquirySent || p.Inquiry.State == model.InquiryDraft)
	case "kept":
		return slices.ContainsFunc(p.Differs, func(d Difference) bool { return d.Kept })
	}
	return true
}

// Class is what kind of machine it is: as seen, else as declared.
func (p *Pair) Class() model.Class {
	if p.Seen != nil && p.Seen.Class != model.ClassUnknown {
		return p.Seen.Class
	}
	if p.Declared != nil {
		return p.Declared.Class
	}
	return model.ClassUnknown
}

// words are what a pair is found by.
func (p *Pair) words() string {
	var parts []string
	if h := p.Seen; h != nil {
		parts = append(append(parts, h.Names...), h.Maker, h.Model, h.OS, string(h.Class), h.ID)
		for _, a := range h.IPs {
			parts = append(parts, a.String())
		}
		for _, m := range h.MACs {
			parts = append(parts, m.String())
		}
	}
	if p.Declared != nil {
		parts = append(parts, ledger.RowOf(p.Declared).Values...)
	}
	return fold(strings.Join(parts, "\n"))
}

func fold(s string) string { return strings.ToLower(norm.NFKC.String(s)) }
