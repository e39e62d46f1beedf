package ledger

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/xuri/excelize/v2"
)

// openWorkbook opens .xlsx and .xlsm. Sheets above 16 MiB are unpacked to a temporary file, not to memory.
func openWorkbook(name string, data []byte, zr *zip.Reader) (b *book, err error) {
	defer recovered(name, &err)
	if tooBig(zr) {
		return nil, &FileError{Code: "too_big", Name: name, More: "512 MB"}
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: MaxUnzip, UnzipXMLSizeLimit: 16 << 20})
	if err != nil {
		return nil, &FileError{Code: "damaged", Name: name, Err: err}
	}
	b = &book{format: "xlsx", close: f.Close}
	if p, err := f.GetWorkbookProps(); err == nil && p.Date1904 != nil {
		b.date1904 = *p.Date1904
	}
	parts := sheetParts(zr)
	for _, s := range f.GetSheetList() {
		if len(b.sheets) == maxSheet {
			b.leftOut = append(b.leftOut, s)
			continue
		}
		visible, err := f.GetSheetVisible(s)
		b.sheets = append(b.sheets, sheetSource{name: s, hidden: err == nil && !visible, rows: workbookRows(f, name, s, parts[s])})
	}
	return b, nil
}

// recovered turns a panic of the reading library on a broken file into an error about the file.
func recovered(name string, err *error) {
	if p := recover(); p != nil {
		*err = &FileError{Code: "damaged", Name: name, Err: fmt.Errorf("read workbook: %v", p)}
	}
}

// tooBig is the guard against small files that unpack to giants.
func tooBig(zr *zip.Reader) bool {
	total := uint64(0)
	for _, f := range zr.File {
		if total += f.UncompressedSize64; total > MaxUnzip || f.UncompressedSize64 > MaxUnzip {
			return true
		}
	}
	return false
}

// workbookRows streams a sheet. The library gives values either as stored or as shown. Where they differ both matter
// (dates, leading zeros), so two readers run side by side; where no number has a style, one does.
func workbookRows(f *excelize.File, name, sheet string, part *zip.File) func(context.Context) iter.Seq2[row, error] {
	return func(ctx context.Context) iter.Seq2[row, error] {
		return func(yield func(row, error) bool) {
			w := &sheetReader{f: f, sheet: sheet}
			if err := w.open(name, part); err != nil {
				yield(row{}, err)
				return
			}
			defer w.close()
			for ctx.Err() == nil {
				r, ok, err := w.next(name)
				if err != nil {
					yield(row{}, err)
					return
				}
				if !ok || !yield(r, nil) {
					return
				}
			}
			yield(row{}, ctx.Err())
		}
	}
}

type sheetReader struct {
	f          *excelize.File
	sheet      string
	shown, raw *excelize.Rows
	marks      sheetMarks
	n          int
}

func (w *sheetReader) open(name string, part *zip.File) (err error) {
	defer recovered(name, &err)
	if w.marks, err = scanSheet(part); err != nil {
		return &FileError{Code: "damaged", Name: name, Err: err}
	}
	if w.raw, err = w.f.Rows(w.sheet); err == nil && w.marks.styled {
		w.shown, err = w.f.Rows(w.sheet)
	}
	if err != nil {
		return &FileError{Code: "damaged", Name: name, Err: err}
	}
	return nil
}

func (w *sheetReader) close() {
	for _, r := range []*excelize.Rows{w.shown, w.raw} {
		if r != nil {
			_ = r.Close() // the rows were read; what closing says is about a temporary file
		}
	}
}

// next gives the next row; a row without cells comes as an empty one.
func (w *sheetReader) next(name string) (r row, ok bool, err error) {
	defer recovered(name, &err)
	if !w.raw.Next() || w.shown != nil && !w.shown.Next() {
		if err := w.raw.Error(); err != nil {
			return row{}, false, &FileError{Code: "damaged", Name: name, Err: err}
		}
		return row{}, false, nil
	}
	w.n++
	raw, err := w.raw.Columns(excelize.Options{RawCellValue: true})
	shown := raw
	if err == nil && w.shown != nil {
		shown, err = w.shown.Columns()
	}
	if err != nil {
		return row{}, false, &FileError{Code: "damaged", Name: name, Err: err}
	}
	r = row{n: w.n, cells: make([]cell, min(max(len(shown), len(raw)), MaxCols))}
	for i := range r.cells {
		c, long := newCell(at(shown, i), at(raw, i))
		if long {
			c.fault = "cell_too_long"
		}
		r.cells[i] = c
	}
	w.marks.apply(&r)
	r.left, w.marks.left = w.marks.left, nil
	if beyond(shown) || beyond(raw) {
		r.left = append(r.left, "columns_left_out")
	}
	return r, true, nil
}

// beyond reports that there is something right of the last column that is read.
func beyond(ss []string) bool {
	for i := MaxCols; i < len(ss); i++ {
		if strings.TrimSpace(ss[i]) != "" {
			return true
		}
	}
	return false
}

func at(ss []string, i int) string {
	if i < len(ss) {
		return ss[i]
	}
	return ""
}
