package ledger

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// causes names, for every code, the arguments that make a slip the same slip in the next version of the workbook. Row
// numbers are never among them: rows move.
var causes = map[string][]string{
	"duplicate_ip": {"ip"}, "range_overlap": {"ip"}, "duplicate_mac": {"mac"}, "duplicate_name": {"key"}, "duplicate_asset": {"key"}, "two_owners": {"key"},
	"invalid_ip": {"name", "text"}, "invalid_mac": {"name", "text"}, "range_reversed": {"text"}, "ip_outside_network": {"ip"}, "network_address": {"ip"},
	"zone_mismatch": {"name", "zone", "other"}, "missing_name": {"name"}, "missing_address": {"name"}, "row_without_name": {"sheet", "text"},
	"network_overlap": {"network", "other"}, "gateway_outside": {"network", "ip"}, "network_without_address": {"name"}, "not_a_network": {"text"},
	"one_network_per_row": {"text"}, "invalid_mask": {"name", "text"}, "invalid_vlan": {"name", "text"}, "yes_or_no": {"name", "text"},
	"unknown_line_kind": {"text"}, "unknown_zone": {"text"}, "unknown_vendor": {"text"}, "unknown_system": {"text"}, "unknown_site": {"text"},
	"unknown_department": {"text"}, "duplicate_entry": {"kind", "text"}, "date_unreadable": {"name", "text"}, "maintenance_expired": {"name", "date"},
	"retired_with_address": {"name", "ip"}, "header_missing": {"sheet"}, "header_uncertain": {"sheet", "header"}, "header_ambiguous": {"sheet", "header"},
	"column_not_kept": {"sheet", "header"}, "formula_error": {"sheet", "name", "text"}, "formula_empty": {"sheet", "name"}, "cell_too_long": {"sheet", "name"}, "open_quote": {"sheet", "name"},
	"undecodable": {"sheet", "name", "text"}, "overlap_unchecked": {"max"}, "sheets_left_out": {"max"}, "columns_left_out": {"sheet"}, "merges_left_out": {"sheet"}, "formulas_left_out": {"sheet"},
	"addresses_free": {"sheet", "first"}, "section_read": {"sheet", "text"}, "row_attached": {"name", "text"},
}

// foldedCauses are arguments in which case and width do not count.
var foldedCauses = map[string]bool{"name": true, "text": true, "header": true, "zone": true, "other": true, "sheet": true}

// Findings turns the slips of an import into findings. Slips of one cause are one finding with all its places.
func Findings(r *Report) []model.Finding {
	var out []model.Finding
	at := map[string]int{}
	rows := hostRows(r.Ledger)
	for _, s := range r.Slips {
		f := finding(r.now, s)
		f.Assets = assetsOf(rows, s)
		i, known := at[f.ID]
		if !known {
			at[f.ID] = len(out)
			out = append(out, f)
			continue
		}
		was := &out[i]
		was.Count += f.Count
		for _, e := range f.Evidence {
			if len(was.Evidence) < model.MaxEvidence && !slices.Contains(was.Evidence, e) {
				was.Evidence = append(was.Evidence, e)
			}
		}
		was.Params["place"] = evidencePlaces(was.Evidence)
	}
	return out
}

func finding(now time.Time, s model.Slip) model.Finding {
	rule := "ledger." + s.Code
	f := model.Finding{ID: model.FindingID(rule, causeOf(s)...), Rule: rule, Params: params(s), First: now, Last: now, Count: 1}
	if w, ok := locale.RuleOf(rule); ok {
		f.Severity = w.Severity
	}
	for _, p := range s.Places[:min(len(s.Places), model.MaxEvidence)] {
		f.Evidence = append(f.Evidence, model.Evidence{At: now, Source: "workbook", Where: Where(p), Text: oneLine(cmp.Or(s.Cell, s.Args["text"]))})
	}
	f.Params["place"] = evidencePlaces(f.Evidence)
	return f
}

func causeOf(s model.Slip) []string {
	var cause []string
	for _, name := range causes[s.Code] {
		v := s.Args[name]
		if foldedCauses[name] {
			v = fold(v)
		}
		cause = append(cause, v)
	}
	return cause
}

// params are the values for the words. A field is named in words, by a key that the locale looks up.
func params(s model.Slip) map[string]string {
	p := make(map[string]string, len(s.Args)+1)
	for k, v := range s.Args {
		p[k] = v
	}
	if f, k := p["field"], p["kind"]; f != "" && k != "" {
		p["field_key"] = "ledger.field." + k + "." + f
	}
	return p
}

// Where writes a place as a person finds it: file sheet!C12, or C12 in a file without sheets; row 12 if no one cell is
// meant.
func Where(p model.Place) string {
	cell := p.Column + strconv.Itoa(p.Row)
	if p.Column == "" {
		cell = strconv.Itoa(p.Row) + ":" + strconv.Itoa(p.Row)
	}
	if p.Sheet == "" {
		return cell
	}
	return p.Sheet + "!" + cell
}

func evidencePlaces(es []model.Evidence) string {
	parts := make([]string, len(es))
	for i, e := range es {
		parts[i] = e.Where
	}
	return strings.Join(parts, ", ")
}

type sheetRow struct {
	sheet string
	row   int
}

// hostRows finds the machines of a row: several where tables stand side by side.
func hostRows(l *model.Ledger) map[sheetRow][]*model.LedgerHost {
	m := make(map[sheetRow][]*model.LedgerHost, len(l.Hosts))
	for i := range l.Hosts {
		h := &l.Hosts[i]
		at := sheetRow{h.Place.Sheet, h.Place.Row}
		m[at] = append(m[at], h)
	}
	return m
}

// hostAt gives the machine of a row whose table has the column of p.
func hostAt(rows map[sheetRow][]*model.LedgerHost, p model.Place) (best *model.LedgerHost) {
	for _, h := range rows[sheetRow{p.Sheet, p.Row}] {
		if columnLess(p.Column, h.Place.Column) && h.Place.Column != "" {
			continue
		}
		if best == nil || columnLess(best.Place.Column, h.Place.Column) {
			best = h
		}
	}
	return best
}

func columnLess(a, b string) bool {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) < 0
}

// assetsOf names the machines of the rows concerned.
func assetsOf(rows map[sheetRow][]*model.LedgerHost, s model.Slip) []model.Asset {
	var out []model.Asset
	for _, p := range s.Places {
		h := hostAt(rows, p)
		if h == nil || len(out) == maxPlaces {
			continue
		}
		a := model.Asset{Label: hostLabel(h), MAC: firstMAC(h)}
		if len(h.Addrs) > 0 && h.Addrs[0].Single() {
			a.IP = h.Addrs[0].From.String()
		}
		out = append(out, a)
	}
	return out
}

// SlipWords says a slip in words.
func SlipWords(l locale.Lang, s model.Slip) locale.Words {
	return locale.Finding(l, finding(time.Time{}, s))
}
