package paper

import (
	"embed"
	"html/template"
	"io"
	"math"
	"strconv"
)

//go:embed paper.html paper.css
var files embed.FS

var page = template.Must(template.New("paper.html").Funcs(template.FuncMap{
	"kind": kind, "num": number, "add": func(a, b int) int { return a + b },
	"level": func(c Cell) int {
		if lv, ok := c.Value.(Level); ok {
			return int(lv)
		}
		return -1
	},
}).ParseFS(files, "paper.html"))

var style = func() template.CSS {
	b, err := files.ReadFile("paper.css")
	if err != nil {
		panic("BUG: paper.css is not embedded: " + err.Error())
	}
	return template.CSS(b) //nolint:gosec // our own file
}()

// HTML writes one self-contained file: no script, nothing fetched, prints well. It is the accessible form of a report.
func HTML(w io.Writer, d *Document) error {
	return page.Execute(w, struct {
		*Document
		Style template.CSS
	}{d, style})
}

// kind names a block for the template.
func kind(b Block) string {
	switch b.(type) {
	case Heading:
		return "heading"
	case Para:
		return "para"
	case Facts:
		return "facts"
	case Pairs:
		return "pairs"
	case Bars:
		return "bars"
	case Cards:
		return "cards"
	case *Table:
		return "table"
	}
	panic("BUG: a block that no template knows")
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Class is the style as a word.
func (s Style) Class() string { return [...]string{"plain", "lead", "small", "warn", "calm"}[s] }

// stripe is a bar as the template draws it.
type stripe struct {
	Series string
	Value  string
	Width  int // of 240
	First  bool
}

// Stripes are the bars of one line, each as wide as its share of the greatest of all.
func (b Bars) Stripes(x Bar) (out []stripe) {
	most := 1.0
	for _, y := range b.Bars {
		for _, v := range y.Values {
			most = math.Max(most, v)
		}
	}
	for i, v := range x.Values {
		out = append(out, stripe{Series: b.Series[i], Value: number(v), Width: max(1, int(v/most*240+0.5)), First: i == 0})
	}
	return out
}

// Counts are how many rows there are, shown and not shown, as the template says it.
func (t *Table) Counts() map[string]string {
	return map[string]string{"all": strconv.Itoa(len(t.Rows)), "shown": strconv.Itoa(len(t.Visible())), "rest": strconv.Itoa(t.Rest())}
}
