package ledger

import (
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// entry is a row being read: it gives columns their cells and takes down what is wrong with them.
type entry struct {
	im      *importer
	sheet   string
	block   string // of tables side by side: letter of the first column
	row     row
	col     int // the column being read
	columns map[string][]int
	lay     *layout
	follows bool // the row above was read into the ledger
	prev    int  // index of that row, for hosts
	any     bool // something in the row is its own
}

// usable reports whether there is something to read in c.
func (e *entry) usable(c cell) bool {
	switch {
	case c.carried == carriedAcross:
		return false
	case c.fault != "":
		e.slip(c.fault, c, "text", c.raw)
		if c.fault != "cell_too_long" {
			return false
		}
	case c.text == "" || strings.Trim(c.text, "-－ー―—–‐ ") == "":
		return false
	}
	if c.carried == carriedNot {
		e.any = true
	}
	return true
}

func (e *entry) first(field string) cell {
	if is := e.columns[field]; len(is) > 0 {
		return e.row.at(is[0])
	}
	return cell{}
}

func (e *entry) carriedDown(field string) bool {
	c := e.first(field)
	return c.text != "" && c.carried == carriedDown
}

func (e *entry) place(col int) model.Place {
	p := e.im.place(e.sheet, e.row.n, "")
	if col >= 0 {
		p.Column = letter(col)
	}
	return p
}

// slip takes down something wrong with the cell being read. What is carried down was said where it stands.
func (e *entry) slip(code string, c cell, args ...string) {
	if c.carried != carriedNot {
		return
	}
	e.im.slip(model.Slip{Code: code, Cell: c.text, Places: []model.Place{e.place(e.col)}, Args: e.args(args)})
}

// slipRow takes down something wrong with the row; it stays in the ledger.
func (e *entry) slipRow(code string, args ...string) {
	e.im.slip(model.Slip{Code: code, Places: []model.Place{e.place(-1)}, Args: e.args(args)})
}

func (e *entry) args(pairs []string) map[string]string {
	m := map[string]string{"sheet": e.sheet, "name": oneLine(e.rowName())}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = oneLine(pairs[i+1])
	}
	return m
}

// unnamed takes down a row that says something, but not about what.
func (e *entry) unnamed(k Kind) {
	e.im.slip(model.Slip{
		Code: "row_without_name", Cell: e.firstText(), Places: []model.Place{e.place(-1)},
		Args: e.args([]string{"kind", string(k), "text", e.firstText()}), Fatal: true,
	})
}

func (e *entry) firstText() string {
	for _, c := range e.row.cells {
		if c.text != "" && c.carried == carriedNot {
			return c.text
		}
	}
	return ""
}

// rowName is how a person would call the row: its name or number.
func (e *entry) rowName() string {
	for _, f := range []string{"name", "asset_no", "prefix", "ip"} {
		if c := e.first(f); c.text != "" {
			return c.text
		}
	}
	return ""
}

func (e *entry) addresses(c cell) addresses {
	a := readAddresses(c.text)
	for _, b := range a.bad {
		e.slip("invalid_ip", c, "text", b)
	}
	for _, b := range a.reversed {
		e.slip("range_reversed", c, "text", b)
	}
	return a
}

func (e *entry) macs(c cell) []model.MAC {
	ms, bad := readMACs(c.text)
	for _, b := range bad {
		e.slip("invalid_mac", c, "text", b)
	}
	return ms
}

// date reads a date; what cannot be read stays as written. A nil entry takes text that was read before.
func (e *entry) date(field string, c cell) string {
	if e == nil {
		return c.text
	}
	if d, ok := readDate(c.text, c.raw, e.im.book.date1904); ok {
		return d
	}
	if !words().noDate[fold(c.text)] && !blankWord(c.text) {
		e.slip("date_unreadable", c, "text", c.text, "field", field)
	}
	return c.text
}

// extras keeps the cells under headers that mean nothing to us, so that an export has them again.
func (e *entry) extras() (out []model.Extra) {
	for i, u := range e.lay.uses {
		c := e.row.at(i)
		if u.Field != "" || c.text == "" || c.carried == carriedAcross {
			continue
		}
		h := u.Header
		if h == "" {
			h = "(" + u.Column + ")"
		}
		out = append(out, model.Extra{Header: h, Value: c.text})
	}
	return out
}

const longText = 80

// oneLine makes a cell's text fit into a sentence.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > longText {
		return string(r[:longText]) + "…"
	}
	return s
}
