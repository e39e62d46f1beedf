// Package paper is a report before it is a file: a title, and blocks of headings, sentences, numbers, bars, cards and
// tables. It writes itself as one self-contained HTML file and as an Excel workbook; package pdf prints it.
//
// It knows nothing of patrols or findings and decides nothing. Invariants: every list states its total, on paper also how
// many of its rows are shown and where the rest is; no meaning by colour alone; text is shown as it is and never taken for
// markup or for a formula.
package paper

import (
	"time"

	"github.com/mimawari/mimawari/internal/locale"
)

// Document is one report.
type Document struct {
	Lang        locale.Lang
	Title       string    // what it is: 週次報告
	Institution string    // whose it is, "" if not known
	Period      string    // what time it is about, in words
	Note        string    // one line under the title: when and from what it was made
	At          time.Time // when it was made
	Blocks      []Block
}

// Block is a part of a document.
type Block interface{ block() }

// Heading begins a part. Page starts it on a new page.
type Heading struct {
	Text string
	Page bool
}

// Style is how a sentence is set.
type Style int

// The styles.
const (
	Plain Style = iota
	Lead        // the sentence that says it all
	Small       // remarks
	Warn        // in a box
	Calm        // in a box: nothing happened
)

// Para is one or more sentences.
type Para struct {
	Text  string
	Style Style
}

// Level is how grave something is: 0 the mildest to 4. It selects a colour; the word and the shape beside it say the same.
type Level int

// Fact is a number with its name, for the row of large numbers.
type Fact struct {
	Name, Value string
	Note        string // small, below: what it was before
}

// Facts are a row of large numbers.
type Facts []Fact

// Pairs are names with values, one a line.
type Pairs [][2]string

// Bar is one line of Bars.
type Bar struct {
	Name   string
	Values []float64 // as many as Bars.Series
	Level  Level
}

// Bars compares numbers, one series with the other, as horizontal bars with the numbers beside them.
type Bars struct {
	Title  string
	Series []string // names of the values: this week, the week before
	Bars   []Bar
}

// Card is something to act on.
type Card struct {
	Level Level
	Mark  string   // shape and word
	Title string   // what
	Why   string   // why it matters
	Todo  string   // what to do
	Meta  []string // which machines, when, who
}

// Cards are in order of urgency.
type Cards []Card

// Column is a column of a Table.
type Column struct {
	Head   string
	Number bool // aligned to the right, never broken
	Keep   bool // never broken: dates, marks
}

// Table has rows of as many cells as there are columns.
type Table struct {
	Name    string // its title, and the name of its sheet
	Columns []Column
	Rows    [][]Cell
	Fixed   bool   // its rows are no list that could be cut off: no total is said
	Shown   int    // how many rows paper and HTML show, 0 for all; the workbook has all
	Empty   string // what is said instead of no rows
}

// Rest is how many rows are not shown on paper.
func (t *Table) Rest() int { return len(t.Rows) - len(t.Visible()) }

// Visible are the rows that paper and HTML show.
func (t *Table) Visible() [][]Cell {
	if t.Shown > 0 && len(t.Rows) > t.Shown {
		return t.Rows[:t.Shown]
	}
	return t.Rows
}

// Cell is a cell of a table: text, or text with the number, time or level behind it.
type Cell struct {
	Text  string
	Value any // nil, int, uint64, float64, time.Time, or Level
}

// Str is a cell of text.
func Str(s string) Cell { return Cell{Text: s} }

func (Heading) block() {}
func (Para) block()    {}
func (Facts) block()   {}
func (Pairs) block()   {}
func (Bars) block()    {}
func (Cards) block()   {}
func (*Table) block()  {}

// T is a text of the documents themselves.
func (d *Document) T(key string, pairs ...string) string {
	return locale.T(d.Lang, "paper."+key, pairs...)
}

// Head is the line above every page: the institution, or the product if it is not known.
func (d *Document) Head() string {
	if d.Institution != "" {
		return d.Institution
	}
	return d.T("product")
}
