package ledger

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Options steer an import.
type Options struct {
	Mapping Mapping   // what earlier corrections taught
	Now     time.Time // for "maintenance has ended"; zero: that is not checked
	By      string    // who imports
}

// Report is what came of reading a ledger: the ledger itself, what is wrong with it, and how the file was understood.
type Report struct {
	File     string        `json:"file"`
	Format   string        `json:"format"`   // xlsx, csv
	Encoding string        `json:"encoding"` // of csv
	Ledger   *model.Ledger `json:"ledger"`
	Slips    []model.Slip  `json:"slips"`
	LeftOut  int           `json:"slips_left_out"` // slips beyond MaxSlips
	Sheets   []SheetReport `json:"sheets"`
	Rows     int           `json:"rows"` // rows with content below the headers
	Mapping  Mapping       `json:"mapping"`
	now      time.Time
}

// SheetReport tells what became of one sheet. No sheet is passed over in silence.
type SheetReport struct {
	Name      string      `json:"name"` // "" for CSV
	Kind      Kind        `json:"kind"`
	Used      bool        `json:"used"`
	Reason    string      `json:"reason"`     // why not used: hidden, by_name, empty, header_missing, not_recognised, told
	HeaderRow int         `json:"header_row"` // last row of the header
	Taken     int         `json:"taken"`      // rows that are in the ledger
	Examples  int         `json:"examples"`   // rows marked as examples
	Empty     int         `json:"empty"`      // rows with nothing we know
	Free      int         `json:"free"`       // rows of addresses that no machine has
	Columns   []ColumnUse `json:"columns"`
}

// MaxSlips bounds the slips of one report.
const MaxSlips = 20_000

// Import reads the ledger in the file name. An error means that nothing could be read and is a *FileError that says what
// to do; everything less is a slip in the report.
func Import(ctx context.Context, name string, opts Options) (*Report, error) {
	data, err := readFile(name)
	if err != nil {
		return nil, err
	}
	return ImportData(ctx, name, data, opts)
}

// ImportData is Import for a file that is in memory, such as an upload.
func ImportData(ctx context.Context, name string, data []byte, opts Options) (rep *Report, err error) {
	b, err := openBook(name, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	im := &importer{name: name, book: b, opts: opts, columns: map[string]map[string]string{}}
	im.rep = &Report{
		File: filepath.Base(name), Format: b.format, Encoding: b.encoding, Mapping: opts.Mapping.Merge(Mapping{}), now: opts.Now,
		Ledger: &model.Ledger{File: filepath.Base(name), By: opts.By, Imported: opts.Now.UTC()},
	}
	for _, s := range b.sheets {
		if err := im.sheet(ctx, s); err != nil {
			return nil, im.fileError(err)
		}
	}
	if n := len(b.leftOut); n > 0 {
		im.found("sheets_left_out", "", []model.Place{im.place(b.leftOut[0], 1, "")}, "count", strconv.Itoa(n), "max", strconv.Itoa(maxSheet))
	}
	if !slices.ContainsFunc(im.rep.Sheets, func(s SheetReport) bool { return s.Used }) {
		return im.rep, im.noTable()
	}
	assignKeys(im.rep.Ledger.Hosts)
	im.check()
	return im.rep, nil
}

func (im *importer) fileError(err error) error {
	var fe *FileError
	if errors.As(err, &fe) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &FileError{Code: "damaged", Name: im.name, Err: err}
}

func (im *importer) noTable() error {
	for _, s := range im.rep.Sheets {
		if s.Reason != "empty" {
			return &FileError{Code: "no_table", Name: im.name}
		}
	}
	return &FileError{Code: "empty", Name: im.name}
}

// importer carries one import.
type importer struct {
	name    string
	book    *book
	opts    Options
	rep     *Report
	columns map[string]map[string]string // sheet, field -> letter of the first column
	rows    int
	bytes   int
	slipped map[model.Place]bool // hosts with a slip about their addresses; nil until asked
}

func (im *importer) slip(s model.Slip) {
	if len(im.rep.Slips) >= MaxSlips {
		im.rep.LeftOut++
		return
	}
	im.rep.Slips = append(im.rep.Slips, s)
}

func (im *importer) place(sheet string, n int, column string) model.Place {
	return model.Place{File: im.rep.File, Sheet: sheet, Row: n, Column: column}
}

// sheet reads one sheet: the head to understand it, then every row once.
func (im *importer) sheet(ctx context.Context, s sheetSource) error {
	sr := SheetReport{Name: s.name}
	sr.Reason = im.passOver(s)
	if sr.Reason != "" {
		im.rep.Sheets = append(im.rep.Sheets, sr)
		return nil
	}
	rd := &sheetImport{im: im, src: s, rep: &sr}
	for r, err := range s.rows(ctx) {
		if err != nil {
			return err
		}
		if err := im.count(r); err != nil {
			return err
		}
		rd.odd(r)
		rd.take(r)
		if rd.stopped {
			break
		}
	}
	rd.end()
	im.rep.Sheets = append(im.rep.Sheets, sr)
	return nil
}

// count holds the limits that keep memory bounded.
func (im *importer) count(r row) error {
	if !r.empty() {
		im.rows++
	}
	for _, c := range r.cells {
		if c.carried == carriedNot {
			im.bytes += len(c.text)
		}
	}
	switch {
	case im.rows > MaxRows:
		return &FileError{Code: "too_many_rows", Name: im.name, More: strconv.Itoa(MaxRows)}
	case im.bytes > maxText:
		return &FileError{Code: "too_big", Name: im.name, More: "256 MB"}
	}
	return nil
}

func (im *importer) passOver(s sheetSource) string {
	name := foldHeader(s.name)
	switch told := im.opts.Mapping.Sheets[name]; {
	case told == ignored:
		return "told"
	case told != "":
		return ""
	case s.hidden:
		return "hidden"
	}
	for _, w := range words().passed {
		if name == w || len([]rune(w)) >= 3 && hasWord(name, w) {
			return "by_name"
		}
	}
	return ""
}

// sheetImport is the reading of one sheet.
type sheetImport struct {
	im      *importer
	src     sheetSource
	rep     *SheetReport
	head    []row
	tables  []*tableRead
	ready   bool
	stopped bool
	left    []string // limits that were told of
}

// odd takes down what could not be read at all: limits, and characters lost in the file.
func (s *sheetImport) odd(r row) {
	for _, code := range r.left {
		if slices.Contains(s.left, code) {
			continue
		}
		s.left = append(s.left, code)
		p, limit := s.im.place(s.src.name, r.n, ""), maxMerges
		switch code {
		case "columns_left_out":
			p, limit = s.im.place(s.src.name, r.n, letter(MaxCols-1)), MaxCols
		case "formulas_left_out":
			limit = maxFormulas
		}
		s.im.found(code, "", []model.Place{p}, "max", strconv.Itoa(limit))
	}
	for i, c := range r.cells {
		if c.carried == carriedNot && strings.Contains(c.text, "\uFFFD") {
			s.im.found("undecodable", c.text, []model.Place{s.im.place(s.src.name, r.n, letter(i))}, "text", c.text, "name", r.at(0).text)
		}
	}
}

// take gets the rows in order. The first ones are kept until the sheet is understood.
func (s *sheetImport) take(r row) {
	if s.ready {
		s.data(r)
		return
	}
	if r.empty() && len(s.head) == 0 {
		return
	}
	if s.head = append(s.head, r); len(s.head) >= sampleRows {
		s.understand()
	}
}

func (s *sheetImport) end() {
	if !s.ready && !s.stopped {
		s.understand()
	}
	for _, t := range s.tables {
		s.rest(t)
	}
}

func (s *sheetImport) understand() {
	lay, ok := findLayout(s.src.name, s.head, s.im.opts.Mapping)
	if !ok {
		s.stopped = true
		s.rep.Reason = s.whyNot()
		return
	}
	s.tables, s.ready = tablesOf(lay, s.head, s.im.opts.Mapping), true
	s.rep.Used, s.rep.Kind = true, lay.kind
	s.rep.HeaderRow = s.head[lay.from+lay.span-1].n
	for _, t := range s.tables {
		s.reportHeader(t)
	}
	rows := s.head[lay.from+lay.span:]
	s.head = nil
	for _, r := range rows {
		s.data(r)
	}
}

func (s *sheetImport) whyNot() string {
	if !slices.ContainsFunc(s.head, func(r row) bool { return !r.empty() }) {
		return "empty"
	}
	for _, r := range s.head {
		if anyData([]row{r}) {
			s.im.slip(model.Slip{Code: "header_missing", Places: []model.Place{s.im.place(s.src.name, s.head[0].n, "")}, Args: map[string]string{"sheet": s.src.name}, Fatal: true})
			return "header_missing"
		}
	}
	return "not_recognised"
}

// reportHeader says which headers were guessed, and remembers where the fields are.
func (s *sheetImport) reportHeader(t *tableRead) {
	cols := map[string]string{}
	for f, is := range t.lay.columns {
		cols[f] = letter(is[0])
	}
	s.im.columns[tableKey(s.src.name, t.block)] = cols
	for i, u := range t.lay.uses {
		if i < t.start || i >= t.end {
			continue
		}
		s.rep.Columns = append(s.rep.Columns, u)
		code := ""
		switch {
		case u.Field != "" && u.Score < Sure:
			code = "header_uncertain"
		case u.Lost && u.Score >= Sure:
			code = "header_ambiguous"
		case u.Field == "" && u.Header != "" && t.lay.kind != KindHosts && !u.Taught && !neverHeader(t.lay.kind, u.Header):
			code = "column_not_kept"
		default:
			continue
		}
		s.im.slip(model.Slip{
			Code: code, Cell: u.Header, Places: []model.Place{s.im.place(s.src.name, s.rep.HeaderRow, u.Column)},
			Args: map[string]string{"header": oneLine(u.Header), "field": u.Field, "kind": string(t.lay.kind)},
		})
	}
}

// tableKey names a table of a sheet: block is the letter of its first column, "" for the only one.
func tableKey(sheet, block string) string { return sheet + "\x00" + block }

// data reads one row below the header.
func (s *sheetImport) data(r row) {
	if !r.empty() && s.headerAgain(r) {
		return
	}
	for _, t := range s.tables {
		s.tableRow(t, t.joinOctets(t.window(r)))
	}
}

func (s *sheetImport) tableRow(t *tableRead, r row) {
	if r.empty() || r.n > t.lastRow+1 {
		s.settle(t)
		t.follows = false
	}
	t.lastRow = r.n
	if r.empty() {
		return
	}
	e := &entry{im: s.im, sheet: s.src.name, block: t.block, row: r, columns: t.lay.columns, lay: &t.lay}
	if c := e.first("example"); c.text != "" && c.carried == carriedNot && !blankWord(c.text) {
		s.rep.Examples++
		return
	}
	if t.lay.kind != KindHosts || t.literal {
		s.host(t, e)
		return
	}
	kind, numbered, _ := e.kind()
	switch {
	case kind == rowFree:
		s.settle(t)
		t.free, t.follows = append(t.free, e), false
	case kind == rowLone && numbered:
		s.settle(t)
		t.lone, t.follows = append(t.lone, e), false
	case kind == rowLone:
		t.pending = append(t.pending, e)
	default:
		s.settle(t)
		if s.sectionRow(t, e) {
			s.im.rep.Rows++
			t.follows = false
			return
		}
		s.host(t, e)
	}
}

// host reads a row into the ledger, whatever its kind.
func (s *sheetImport) host(t *tableRead, e *entry) {
	s.im.rep.Rows++
	e.follows, e.prev = t.follows, t.lastHost
	was := len(s.im.rep.Ledger.Hosts)
	t.follows = sectionOf[t.lay.kind].read(s.im.rep.Ledger, e)
	switch {
	case t.follows:
		s.rep.Taken++
	case !e.any:
		s.rep.Empty++
	}
	if hs := s.im.rep.Ledger.Hosts; len(hs) > was {
		t.lastHost = was
		if hs[was].Name != "" {
			t.named++
		}
		t.under(&hs[was])
	}
}

// headerAgain recognises a header repeated for every printed page.
func (s *sheetImport) headerAgain(r row) bool {
	same, n := 0, 0
	lay := &s.tables[0].lay
	for _, is := range lay.columns {
		for _, i := range is {
			if t := r.at(i).text; t != "" {
				n++
				if t == lay.headers[i] || t == lay.last[i] {
					same++
				}
			}
		}
	}
	return same >= 2 && same*5 >= n*4
}
