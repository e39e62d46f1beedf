package ledger

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

// sectionMark in the first cell of a row begins a new table in a CSV file; the second cell names it. Export writes it,
// so that one file can hold all tables.
const sectionMark = "#sheet"

// openCSV reads text tables. The encoding is decided by byte order mark, then by being valid UTF-8, then by which
// Japanese encoding gives fewer errors, CP932 first.
func openCSV(name string, data []byte) (*book, error) {
	text, enc := decodeText(data)
	if binary(text) {
		return nil, &FileError{Code: "unknown", Name: name}
	}
	comma, text := separator(text, strings.EqualFold(filepath.Ext(name), ".tsv"))
	b := &book{format: "csv", encoding: enc, close: func() error { return nil }}
	all := func(ctx context.Context) iter.Seq2[row, error] { return csvRows(ctx, text, comma) }
	b.sheets, b.leftOut = sections(all)
	return b, nil
}

// binary reports that text holds NUL characters: no table that a person made.
func binary(text string) bool { return strings.IndexByte(text, 0) >= 0 }

func decodeText(data []byte) (text, name string) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return strings.ToValidUTF8(string(data[3:]), "\uFFFD"), "UTF-8 (BOM)"
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return decodeWith(unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM), data), "UTF-16LE"
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return decodeWith(unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM), data), "UTF-16BE"
	case utf8.Valid(data):
		return string(data), "UTF-8"
	}
	sjis := decodeWith(japanese.ShiftJIS, data)
	if bad := strings.Count(sjis, "\uFFFD"); bad > 0 {
		if euc := decodeWith(japanese.EUCJP, data); strings.Count(euc, "\uFFFD") < bad {
			return euc, "EUC-JP"
		}
	}
	return sjis, "CP932"
}

func decodeWith(e encoding.Encoding, data []byte) string {
	b, err := e.NewDecoder().Bytes(data)
	if err != nil {
		return strings.ToValidUTF8(string(data), "\uFFFD")
	}
	return string(b)
}

// separator chooses among comma, tab and semicolon the one that gives the most even columns in the first lines. It also
// takes away a line "sep=;", which Excel understands.
func separator(text string, tsv bool) (rune, string) {
	if first, rest, ok := strings.Cut(text, "\n"); ok {
		if f := strings.TrimSpace(first); len(f) == 5 && strings.EqualFold(f[:4], "sep=") {
			return rune(f[4]), rest
		}
	}
	best, score := ',', -1
	for _, c := range []rune{',', '\t', ';'} {
		s := evenness(text, c)
		if tsv && c == '\t' {
			s += 1000
		}
		if s > score {
			best, score = c, s
		}
	}
	return best, text
}

// evenness counts, in the first lines, separators outside quotes; lines that agree with their neighbour count double.
func evenness(text string, c rune) int {
	score, last := 0, 0
	for i := 0; i < 50 && text != ""; i++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		n, quoted := 0, false
		for _, r := range line[:min(len(line), 4096)] {
			if r == '"' {
				quoted = !quoted
			} else if r == c && !quoted {
				n++
			}
		}
		score += min(n, 50)
		if n > 0 && n == last {
			score += min(n, 50)
		}
		last = n
	}
	return score
}

// csvRows reads the records and numbers them as Excel does: an empty line is a row, a line break in quotes is none.
func csvRows(ctx context.Context, text string, comma rune) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		r := csv.NewReader(strings.NewReader(text))
		r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord = comma, -1, true, true
		n, nextLine := 0, 1
		for ctx.Err() == nil {
			rec, err := r.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(row{}, err)
				return
			}
			line, _ := r.FieldPos(0)
			n += 1 + max(line-nextLine, 0)
			nextLine = line + 1
			for _, f := range rec {
				nextLine += strings.Count(f, "\n")
			}
			if !yield(recordRow(n, rec, comma), nil) {
				return
			}
		}
		yield(row{}, ctx.Err())
	}
}

// swallowed reports that a cell holds what is a row by its looks: as many fields as the table has, one of them an address.
// That is what a quotation mark that is left open does; an address list in a cell has no such lines.
func swallowed(text string, fields int, comma rune) bool {
	_, rest, more := strings.Cut(text, "\n")
	for line := ""; more; {
		line, rest, more = strings.Cut(rest, "\n")
		parts := strings.Split(line, string(comma))
		if len(parts) >= max(2, fields) && slices.ContainsFunc(parts, isAddress) && slices.ContainsFunc(parts, func(p string) bool { return p != "" && !isAddress(p) }) {
			return true
		}
	}
	return false
}

func recordRow(n int, rec []string, comma rune) row {
	out := row{n: n, cells: make([]cell, min(len(rec), MaxCols))}
	for i := range out.cells {
		if strings.Count(rec[i], "\n") > 200 || swallowed(rec[i], len(rec), comma) {
			out.cells[i] = cell{fault: "open_quote"}
			continue
		}
		c, long := newCell(rec[i], "")
		if long {
			c.fault = "cell_too_long"
		}
		out.cells[i] = c
	}
	if beyond(rec) {
		out.left = []string{"columns_left_out"}
	}
	return out
}

// sections splits a CSV table at its section marks. A file without marks is one sheet without a name.
func sections(all func(context.Context) iter.Seq2[row, error]) (out []sheetSource, leftOut []string) {
	type part struct {
		name     string
		from, to int
	}
	parts := []part{{"", 0, 1 << 30}}
	for r, err := range all(context.Background()) {
		if err != nil {
			break
		}
		if c := r.at(0); c.text == sectionMark && c.raw == "" {
			if parts[len(parts)-1].to == 1<<30 {
				parts[len(parts)-1].to = r.n
			}
			if len(parts) >= maxSheet {
				leftOut = append(leftOut, r.at(1).text)
				continue
			}
			parts = append(parts, part{r.at(1).text, r.n, 1 << 30})
		}
	}
	if len(parts) > 1 && parts[0].to <= 1 {
		parts = parts[1:]
	}
	out = make([]sheetSource, len(parts))
	for i, p := range parts {
		out[i] = sheetSource{name: p.name, rows: func(ctx context.Context) iter.Seq2[row, error] {
			return func(yield func(row, error) bool) {
				for r, err := range all(ctx) {
					if err != nil || r.n > p.from && r.n < p.to {
						if !yield(r, err) || err != nil {
							return
						}
					}
					if r.n >= p.to {
						return
					}
				}
			}
		}}
	}
	return out, leftOut
}
