package report

import (
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report/workbook"
)

// severity is a severity in a table: its mark and its name.
func (in Input) severity(s model.Severity) workbook.Mark {
	return workbook.Mark{Level: int(s), Text: SeverityMark(s) + " " + SeverityName(in.Lang, s)}
}

func assetNames(f model.Finding) string {
	return joined(f.Assets, func(a model.Asset) string { return a.Label })
}

func (in Input) todoRow(f model.Finding) []any {
	w := in.words(f)
	return []any{in.severity(f.Severity), w.Title, w.Todo, w.Why, assetNames(f), in.moment(f.Last), StateName(in.Lang, f.State), f.ID}
}

func (in Input) findingRow(f model.Finding) []any {
	w := in.words(f)
	seen := make([]string, 0, len(f.Evidence))
	for _, e := range f.Evidence {
		seen = append(seen, strings.TrimSpace(e.Where+" "+e.Text))
	}
	return []any{
		in.severity(f.Severity), StateName(in.Lang, f.State), w.Title, w.Why, w.Todo,
		assetNames(f), in.moment(f.First), in.moment(f.Last), f.Count, strings.Join(seen, "\n"), f.Rule, f.ID, w.Harmless, strings.Join(in.Techniques(f), "\n"),
	}
}

// Techniques names the techniques of attack that f may be a sign of.
func (in Input) Techniques(f model.Finding) []string {
	r, _ := locale.RuleOf(f.Rule)
	return r.Techniques(in.Lang)
}

func (in Input) hostRow(h *model.Host) []any {
	declared := ""
	if h.Ledger != nil {
		declared = h.Ledger.Name
	}
	return []any{
		HostName(h), ips(h), macs(h), ClassName(in.Lang, h.Class), product(h), system(h), strings.Join(RoleNames(in.Lang, h.Roles), ", "),
		workbook.Ratio(h.Confidence), declared, in.moment(h.First), in.moment(h.Last), h.ID,
	}
}

func (in Input) pairRow(p Pairing) []any {
	row := []any{in.t("compare." + p.State()), "", "", "", "", "", "", "", "", ""}
	if d := p.Declared; d != nil {
		row[1], row[2], row[3] = d.Name, joined(d.Addrs, rangeText), placeText(d.Place)
	}
	if h := p.Seen; h != nil {
		row[4], row[5], row[6], row[7], row[8], row[9] = HostName(h), ips(h), macs(h), ClassName(in.Lang, h.Class), product(h), in.moment(h.Last)
	}
	return row
}

func rangeText(r model.AddrRange) string {
	if r.Single() {
		return r.From.String()
	}
	return r.From.String() + "-" + r.To.String()
}

func placeText(p model.Place) string {
	if p.Row == 0 {
		return p.Sheet
	}
	return strings.TrimSpace(p.Sheet + " " + strconv.Itoa(p.Row))
}
