package ledger

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/locale"
)

// workbook is one being written: sheets of the same look, ready to be filled in and printed.
type workbook struct {
	f                                 *excelize.File
	lang                              locale.Lang
	head, body, example, title, prose int
	sheets                            int // begun so far
	left                              int // columns before the fields: 1 in the template (例), 0 in an export
}

// fonts are named so that Excel on a Japanese Windows shows text evenly.
var fonts = map[locale.Lang]string{locale.Japanese: "游ゴシック", locale.English: "Calibri"}

func newWorkbook(lang locale.Lang) (*workbook, error) {
	b := &workbook{f: excelize.NewFile(), lang: lang}
	if err := b.f.SetDefaultFont(fonts[lang]); err != nil {
		return nil, err
	}
	border := []excelize.Border{{Type: "left", Color: "BFBFBF", Style: 1}, {Type: "right", Color: "BFBFBF", Style: 1}, {Type: "top", Color: "BFBFBF", Style: 1}, {Type: "bottom", Color: "BFBFBF", Style: 1}}
	family := fonts[lang]
	for _, s := range []struct {
		id    *int
		style excelize.Style
	}{
		{&b.head, excelize.Style{Border: border, Font: &excelize.Font{Bold: true, Family: family, Size: 10, Color: "FFFFFF"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"1F4E79"}}, Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}}},
		{&b.body, excelize.Style{Border: border, NumFmt: 49, Font: &excelize.Font{Family: family, Size: 10}, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}},
		{&b.example, excelize.Style{Border: border, NumFmt: 49, Font: &excelize.Font{Family: family, Size: 10, Italic: true, Color: "7F7F7F"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F2F2F2"}}, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}},
		{&b.title, excelize.Style{Font: &excelize.Font{Bold: true, Family: family, Size: 16}, Alignment: &excelize.Alignment{Vertical: "center"}}},
		{&b.prose, excelize.Style{Font: &excelize.Font{Family: family, Size: 11}, Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}}},
	} {
		id, err := b.f.NewStyle(&s.style)
		if err != nil {
			return nil, err
		}
		*s.id = id
	}
	return b, nil
}

// widths of columns in characters, for fields that need more or less than others.
var widths = map[string]float64{
	"example": 9, "asset_no": 11, "name": 22, "kind": 13, "status": 10, "ip": 18, "mac": 19, "zone": 13, "site": 11, "location": 16, "department": 13,
	"system": 14, "purpose": 20, "owner": 12, "vendor": 17, "maker": 15, "model": 14, "os": 15, "serial": 13, "installed": 13, "maintain_end": 13, "note": 26,
	"scope": 32, "address": 36, "prefix": 19, "vlan": 8, "gateway": 16, "dhcp": 8, "peers": 20, "mail": 26, "demarcation": 24, "device": 16, "gateways": 16, "macs": 19, "carrier": 15,
}

const otherWidth = 15

func widthOf(field string) float64 {
	if w := widths[field]; w > 0 {
		return w
	}
	return otherWidth
}

// height fits a row to its longest cell: Excel does not, for rows that a program wrote.
func (b *workbook) height(fields, values []string) excelize.RowOpts {
	lines := 1
	for i, v := range values {
		lines = max(lines, wrapped(v, widthOf(at(fields, i))))
	}
	return excelize.RowOpts{Height: min(float64(lines)*15+3, 300)}
}

// wrapped counts the lines of s in a column of that many digits: a Japanese character is as wide as two.
func wrapped(s string, width float64) int {
	n := 0
	for line := range strings.SplitSeq(s, "\n") {
		n += max(1, int(math.Ceil(float64(runewidth.StringWidth(line))/(width-1))))
	}
	return n
}

// sheetOrder is the order of sheets in a workbook: first what is worth most, then what explains it.
var sheetOrder = []Kind{KindHosts, KindLines, KindNetworks, KindZones, KindSystems, KindVendors, KindContracts, KindPeople, KindDepartments, KindSites}

// tabs colours the sheets to begin with.
var tabs = map[Kind]string{KindHosts: "0017C1", KindLines: "0017C1"}

// Paper sizes as ECMA-376 part 1, 18.3.1.63 numbers them. Tables with many columns are for A3, which Japanese offices
// have; on A4 nobody could read them.
const (
	paperA3 = 8
	paperA4 = 9
)

func paperOf(k Kind) int {
	if k == KindHosts || k == KindLines {
		return paperA3
	}
	return paperA4
}

// sheet begins a sheet: print set-up, drop-downs for rows more than there are, frozen header. left is the number of
// columns before the fields.
func (b *workbook) sheet(k Kind, header []string, left, rows int) (*excelize.StreamWriter, error) {
	name := kindLabel(b.lang, k)
	b.left = left
	if err := b.begin(name); err != nil {
		return nil, err
	}
	if err := b.print(name, paperOf(k), "landscape"); err != nil {
		return nil, err
	}
	if c, ok := tabs[k]; ok && left > 0 {
		if err := b.f.SetSheetProps(name, &excelize.SheetPropsOptions{TabColorRGB: &c}); err != nil {
			return nil, err
		}
	}
	if err := b.dropDowns(k, name, rows+1000); err != nil {
		return nil, err
	}
	if left > 0 {
		if err := b.notes(k, name); err != nil {
			return nil, err
		}
	}
	sw, err := b.f.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	return sw, b.header(sw, k, header)
}

func (b *workbook) header(sw *excelize.StreamWriter, k Kind, header []string) error {
	fields := exported(k)
	if b.left > 0 {
		fields = append([]string{"example"}, fields...)
	}
	for i := len(header) - 1; i >= 0; i-- { // the writer puts each before the last, and Excel wants them ascending
		if err := sw.SetColWidth(i+1, i+1, widthOf(at(fields, i))); err != nil {
			return err
		}
	}
	if err := sw.SetPanes(&excelize.Panes{Freeze: true, XSplit: b.left + 2, YSplit: 1, TopLeftCell: letter(b.left+2) + "2", ActivePane: "bottomRight"}); err != nil {
		return err
	}
	return sw.SetRow("A1", cells(header, b.head), excelize.RowOpts{Height: 24})
}

// print sets paper and margins, one page wide, header repeated, sheet name and page number outside the table.
func (b *workbook) print(name string, paper int, orientation string) error {
	wide, tall, fit := 1, 0, true
	side, edge, header := 0.4, 0.75, 0.35 // inches
	if err := b.f.SetSheetProps(name, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	if err := b.f.SetPageLayout(name, &excelize.PageLayoutOptions{Size: &paper, Orientation: &orientation, FitToWidth: &wide, FitToHeight: &tall}); err != nil {
		return err
	}
	if err := b.f.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &side, Right: &side, Top: &edge, Bottom: &edge, Header: &header, Footer: &header}); err != nil {
		return err
	}
	if err := b.f.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddHeader: "&L&A&R&D", OddFooter: "&C&P / &N"}); err != nil {
		return err
	}
	if orientation == "portrait" {
		return nil
	}
	return b.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("'%s'!$1:$1", name), Scope: name})
}

// linked are fields that name a row of another sheet.
var linked = map[Kind]map[string]Kind{
	KindHosts:       {"zone": KindZones, "vendor": KindVendors, "system": KindSystems, "department": KindDepartments, "site": KindSites},
	KindNetworks:    {"zone": KindZones},
	KindLines:       {"vendor": KindVendors},
	KindSystems:     {"vendor": KindVendors},
	KindContracts:   {"vendor": KindVendors, "system": KindSystems},
	KindPeople:      {"department": KindDepartments},
	KindDepartments: {"site": KindSites},
}

// dropDowns offers values; others may still be typed, as the list of a hospital is never complete.
func (b *workbook) dropDowns(k Kind, name string, last int) error {
	for i, f := range exported(k) {
		dv := excelize.NewDataValidation(true)
		at := letter(i + b.left)
		dv.Sqref = fmt.Sprintf("%s2:%s%d", at, at, last)
		if to, ok := linked[k][f]; ok {
			col := letter(b.left)
			dv.SetSqrefDropList(fmt.Sprintf("'%s'!$%s$2:$%s$500", kindLabel(b.lang, to), col, col))
		} else if key := "ledger.choices." + string(k) + "." + f; locale.Has(key) {
			if err := dv.SetDropList(strings.Split(locale.T(b.lang, key), ",")); err != nil {
				return err
			}
		} else {
			continue
		}
		dv.ShowErrorMessage = false
		if err := b.f.AddDataValidation(name, dv); err != nil {
			return err
		}
	}
	return nil
}

// notes puts an explanation on the headers that have one.
func (b *workbook) notes(k Kind, name string) error {
	for i, f := range exported(k) {
		key := "ledger.note." + string(k) + "." + f
		if !locale.Has(key) {
			continue
		}
		c := excelize.Comment{
			Cell: letter(i+b.left) + "1", Author: "Mimawari", Width: 260, Height: 120,
			Paragraph: []excelize.RichTextRun{{Text: locale.T(b.lang, key), Font: &excelize.Font{Family: fonts[b.lang], Size: 9}}},
		}
		if err := b.f.AddComment(name, c); err != nil {
			return err
		}
	}
	return nil
}

// begin adds a sheet. The first one is the sheet that a new workbook has: deleting that would read all others again.
func (b *workbook) begin(name string) error {
	b.sheets++
	if b.sheets == 1 {
		return b.f.SetSheetName("Sheet1", name)
	}
	_, err := b.f.NewSheet(name)
	return err
}

func (b *workbook) finish(w io.Writer) error {
	if err := b.f.Write(w); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}
