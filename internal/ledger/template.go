package ledger

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/locale"
)

// Template writes an empty ledger to be filled in: a sheet that explains, then one sheet for every kind with drop-downs,
// notes on the headers and grey example rows. Rows with something in the first column (例) are examples and not imported.
func Template(w io.Writer, lang locale.Lang) error {
	b, err := newWorkbook(lang)
	if err != nil {
		return fmt.Errorf("write ledger template: %w", err)
	}
	defer b.f.Close()
	if err := b.introduction(); err != nil {
		return fmt.Errorf("write introduction of ledger template: %w", err)
	}
	for _, k := range sheetOrder {
		if err := b.templateSheet(k); err != nil {
			return fmt.Errorf("write sheet %s of ledger template: %w", k, err)
		}
	}
	return b.finish(w)
}

func (b *workbook) introduction() error {
	name := locale.T(b.lang, "ledger.template.sheet")
	if err := b.begin(name); err != nil {
		return err
	}
	if err := b.print(name, paperA4, "portrait"); err != nil {
		return err
	}
	if err := b.f.SetColWidth(name, "A", "A", introWidth); err != nil {
		return err
	}
	for i, line := range strings.Split(locale.T(b.lang, "ledger.template.text"), "\n") {
		at, style := fmt.Sprintf("A%d", i+1), b.prose
		if i == 0 {
			style = b.title
		}
		if err := b.f.SetCellStr(name, at, line); err != nil {
			return err
		}
		if err := b.f.SetCellStyle(name, at, at, style); err != nil {
			return err
		}
		if err := b.f.SetRowHeight(name, i+1, max(float64(wrapped(line, introWidth+8))*18, 18)); err != nil {
			return err
		}
	}
	return nil
}

// introWidth is the width of the sheet that explains, in characters: a line is as long as one can read with ease.
const introWidth = 86

func (b *workbook) templateSheet(k Kind) error {
	header := append([]string{locale.T(b.lang, "ledger.field.example")}, headerOf(b.lang, k, nil)...)
	sw, err := b.sheet(k, header, 1, 0)
	fields := append([]string{"example"}, exported(k)...)
	if err != nil {
		return err
	}
	n := 1
	for _, line := range strings.Split(locale.T(b.lang, "ledger.example."+string(k)), "\n") {
		n++
		values := append([]string{header[0]}, strings.Split(line, "|")...)
		if err := sw.SetRow(fmt.Sprintf("A%d", n), cells(values, b.example), b.height(fields, values)); err != nil {
			return err
		}
	}
	empty := make([]any, len(header))
	for i := range empty {
		empty[i] = excelize.Cell{StyleID: b.body}
	}
	for range 100 { // ruled lines to write on
		n++
		if err := sw.SetRow(fmt.Sprintf("A%d", n), empty); err != nil {
			return err
		}
	}
	return sw.Flush()
}
