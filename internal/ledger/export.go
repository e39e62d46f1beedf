package ledger

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"

	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// The first row of an exported sheet is the header; text that a spreadsheet would take for a formula has an apostrophe
// before it (see shield). Importing an export gives the same ledger but for places, version and file.

// Export writes the whole ledger as a workbook, in the form of the template but without its examples.
func Export(w io.Writer, l *model.Ledger, lang locale.Lang) error {
	b, err := newWorkbook(lang)
	if err != nil {
		return fmt.Errorf("write ledger workbook: %w", err)
	}
	defer b.f.Close()
	for _, k := range sheetOrder {
		if err := b.exportSheet(l, k); err != nil {
			return fmt.Errorf("write sheet %s of ledger workbook: %w", k, err)
		}
	}
	return b.finish(w)
}

// ExportCSV writes the whole ledger as UTF-8 with a byte order mark, so that Excel shows Japanese right. If there is
// more than hosts, every table begins with a row "#sheet,NAME".
func ExportCSV(w io.Writer, l *model.Ledger, lang locale.Lang) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return fmt.Errorf("write ledger CSV: %w", err)
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	var filled []Kind
	for _, k := range Kinds {
		if k == KindHosts || len(sectionOf[k].records(l)) > 0 {
			filled = append(filled, k)
		}
	}
	for _, k := range filled {
		if len(filled) > 1 {
			c.Write([]string{sectionMark, kindLabel(lang, k)}) // Flush reports what went wrong
		}
		extra := allExtras(l, k)
		c.Write(shieldAll(headerOf(lang, k, extra)))
		sectionOf[k].write(l, func(values []string, es []model.Extra) { c.Write(shieldAll(rowOf(k, values, es, extra))) })
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("write ledger CSV: %w", err)
	}
	return nil
}

func shieldAll(ss []string) []string {
	for i, s := range ss {
		ss[i] = shield(s)
	}
	return ss
}

// exported are the fields that a sheet of k is written with; "mask" is part of the prefix then.
func exported(k Kind) []string {
	return slices.DeleteFunc(slices.Clone(sectionOf[k].fields()), func(f string) bool { return f == "mask" })
}

// extraColumn is the n-th column of that header: two columns may have the same.
type extraColumn struct {
	header string
	n      int
}

// allExtras gives the extra columns of all rows in the order in which rows have them.
func allExtras(l *model.Ledger, k Kind) (cols []extraColumn) {
	if k != KindHosts {
		return nil
	}
	seen := map[extraColumn]bool{}
	for i := range l.Hosts {
		at := 0
		for _, c := range extraColumns(l.Hosts[i].Extra) {
			if seen[c] {
				if j := slices.Index(cols, c); j >= at {
					at = j + 1
				}
				continue
			}
			seen[c] = true
			cols = slices.Insert(cols, at, c)
			at++
		}
	}
	return cols
}

func extraColumns(es []model.Extra) []extraColumn {
	out := make([]extraColumn, len(es))
	n := map[string]int{}
	for i, e := range es {
		out[i] = extraColumn{e.Header, n[e.Header]}
		n[e.Header]++
	}
	return out
}

func headerOf(lang locale.Lang, k Kind, extra []extraColumn) []string {
	var out []string
	for _, f := range exported(k) {
		out = append(out, fieldLabel(lang, k, f))
	}
	for _, c := range extra {
		out = append(out, c.header)
	}
	return out
}

func rowOf(k Kind, values []string, es []model.Extra, extra []extraColumn) []string {
	var out []string
	for i, f := range sectionOf[k].fields() {
		if f != "mask" {
			out = append(out, values[i])
		}
	}
	own := extraColumns(es)
	for _, c := range extra {
		v := ""
		if i := slices.Index(own, c); i >= 0 {
			v = es[i].Value
		}
		out = append(out, v)
	}
	return out
}

func (b *workbook) exportSheet(l *model.Ledger, k Kind) error {
	extra := allExtras(l, k)
	sw, err := b.sheet(k, headerOf(b.lang, k, extra), 0, len(sectionOf[k].records(l)))
	if err != nil {
		return err
	}
	n, fields := 1, exported(k)
	var failed error
	sectionOf[k].write(l, func(values []string, es []model.Extra) {
		n++
		if failed == nil {
			row := rowOf(k, values, es, extra)
			failed = sw.SetRow(fmt.Sprintf("A%d", n), cells(row, b.body), b.height(fields, row))
		}
	})
	if failed != nil {
		return failed
	}
	return sw.Flush()
}

func cells(ss []string, style int) []any {
	out := make([]any, len(ss))
	for i, s := range ss {
		out[i] = excelize.Cell{StyleID: style, Value: shield(s)}
	}
	return out
}
