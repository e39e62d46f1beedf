package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

//go:embed report.html report.css
var files embed.FS

var page = template.Must(template.New("report.html").Funcs(template.FuncMap{"mark": SeverityMark}).ParseFS(files, "report.html"))

var style = func() template.CSS {
	b, err := files.ReadFile("report.css")
	if err != nil {
		panic("BUG: report.css is not embedded: " + err.Error())
	}
	return template.CSS(b)
}()

// first is a line of "what to do first": the findings of one rule, the first of them in words.
type first struct {
	F    model.Finding
	W    locale.Words
	More int // others of the same rule and severity
}

// maxFirst bounds that list; it is a beginning, not a second report.
const maxFirst = 8

// view is what the template reads.
type view struct {
	Input
	Style    template.CSS
	Active   []model.Finding
	Rest     []model.Finding
	Counts   [5]int
	Pairs    []Pairing
	First    []first
	Severity [5]model.Severity
}

// HTML writes one self-contained file: no script, nothing fetched, prints well.
func HTML(w io.Writer, in Input) error {
	active := Active(in.Result.Findings)
	v := &view{
		Input: in, Style: style, Active: active, Counts: Counts(active), Pairs: Compare(in.Ledger, in.Result.Hosts),
		Severity: [5]model.Severity{model.Critical, model.High, model.Medium, model.Low, model.Info},
	}
	shown := map[string]bool{}
	for _, f := range active {
		shown[f.ID] = true
	}
	for _, f := range in.Result.Findings {
		if !shown[f.ID] {
			v.Rest = append(v.Rest, f)
		}
	}
	v.First = in.firsts(active)
	return page.Execute(w, v)
}

// firsts puts findings of one rule and severity into one line, the worst first.
func (in Input) firsts(active []model.Finding) (out []first) {
	at := map[string]int{}
	for _, f := range active {
		key := f.Rule + " " + f.Severity.String()
		if i, known := at[key]; known {
			out[i].More++
			continue
		}
		if f.Severity == model.Info && len(out) > 0 {
			continue
		}
		at[key] = len(out)
		out = append(out, first{F: f, W: in.words(f)})
	}
	return out[:min(len(out), maxFirst)]
}

// T is a text of the report.
func (v *view) T(key string, pairs ...string) string { return v.t(key, pairs...) }

// N is a number as text.
func (v *view) N(n any) string {
	switch x := n.(type) {
	case int:
		return strconv.Itoa(x)
	case uint64:
		return strconv.FormatUint(x, 10)
	}
	return ""
}

// When is a time as people read it.
func (v *view) When(t time.Time) string { return v.time(t) }

// SeverityName is the severity in words.
func (v *view) SeverityName(s model.Severity) string { return SeverityName(v.Lang, s) }

// StateName is the state in words.
func (v *view) StateName(s model.State) string { return StateName(v.Lang, s) }

// HostRow and PairRow are the rows of the tables, as in the workbook.
func (v *view) HostRow(h model.Host) []any { return v.hostRow(&h) }

// PairRow is a row of the ledger comparison.
func (v *view) PairRow(p Pairing) []any { return v.pairRow(p) }

// Columns gives the headings of a table.
func (v *view) Columns(which string) []string {
	cols := hostColumns
	if which == "pairs" {
		cols = pairColumns
	}
	out := make([]string, 0, len(cols))
	for _, c := range cols {
		out = append(out, v.t("column."+c.key))
	}
	return out
}

// Title is the report's name, with the institution's.
func (v *view) Title() string { return v.title() }

// Text is a cell as text.
func (v *view) Text(x any) string { return fmt.Sprint(x) }

// article is one finding with the view around it.
type article struct {
	V *view
	F model.Finding
	W locale.Words
}

// With pairs a finding with the view, for the template that shows one finding.
func (v *view) With(f model.Finding) article { return article{V: v, F: f, W: v.words(f)} }
