package declared

import (
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

var (
	uploadPage  = page.MustParse(pages, "upload", "parts")
	comparePage = page.MustParse(pages, "compare", "parts")
)

// shelf holds uploaded workbooks between the steps of an import, a few and not for long; nothing is written to disk.
type shelf struct {
	mu    sync.Mutex
	now   func() time.Time
	files map[string]held
	// reading lets one workbook be read at a time: a large one takes half a gigabyte.
	reading sync.Mutex
}

type held struct {
	name    string
	data    []byte
	viewer  string
	mapping ledger.Mapping
	report  *ledger.Report // of data with mapping; reading a large workbook takes long
	at      time.Time
}

const (
	maxHeld = 4
	keepFor = 30 * time.Minute
)

func newShelf(now func() time.Time) *shelf { return &shelf{now: now, files: map[string]held{}} }

// put holds a file; the oldest makes room, the one that the same person uploaded before first.
func (s *shelf) put(h held) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	h.at = s.now()
	for id, x := range s.files {
		if x.viewer == h.viewer || h.at.Sub(x.at) > keepFor {
			delete(s.files, id)
		}
	}
	for len(s.files) >= maxHeld {
		oldest := ""
		for id, x := range s.files {
			if oldest == "" || x.at.Before(s.files[oldest].at) {
				oldest = id
			}
		}
		delete(s.files, oldest)
	}
	id := rand.Text()
	s.files[id] = h
	return id
}

// get gives a file to the person who uploaded it, to nobody else.
func (s *shelf) get(id, viewer string) (held, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, ok := s.files[id]
	return h, ok && h.viewer == viewer && s.now().Sub(h.at) <= keepFor
}

// again keeps the file as it was read with other corrections.
func (s *shelf) again(id string, h held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.files[id]; ok {
		s.files[id] = h
	}
}

func (s *shelf) drop(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, id)
}

type uploadView struct {
	page.Frame
	Max uint64
}

func (s Site) upload(w http.ResponseWriter, r *http.Request) error {
	return s.Kit.Render(w, r, http.StatusOK, uploadPage, uploadView{s.Kit.Frame(r, "declared.import", "ledger"), ledger.MaxFile})
}

// slow is how long a large workbook may take over a slow line, and then to be read.
const slow = 10 * time.Minute

// receive takes the workbook of the form. The body is bounded before anything of it is read.
func (s Site) receive(w http.ResponseWriter, r *http.Request) error {
	c, end := http.NewResponseController(w), time.Now().Add(slow)
	_ = c.SetReadDeadline(end) // a server that has no deadlines needs none moved
	_ = c.SetWriteDeadline(end)
	r.Body = http.MaxBytesReader(w, r.Body, ledger.MaxFile+1<<20)
	parts, err := r.MultipartReader()
	if err != nil {
		return &api.Refused{Key: "declared.no_file"}
	}
	for {
		p, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return &api.Refused{Key: "declared.no_file"}
		}
		if err != nil {
			return page.BadBody(err)
		}
		if p.FormName() != "file" || p.FileName() == "" {
			continue
		}
		data, err := io.ReadAll(p)
		if err != nil {
			return page.BadBody(err)
		}
		return s.hold(w, r, p.FileName(), data)
	}
}

func (s Site) hold(w http.ResponseWriter, r *http.Request, name string, data []byte) error {
	m, err := ledger.LoadMapping(r.Context(), s.Archive)
	if err != nil {
		return err
	}
	h := held{name: fileName(name), data: data, viewer: auth.ViewerOf(r.Context()).ID, mapping: m}
	if h.report, err = s.read(r, h); err != nil {
		return err
	}
	page.Note(r, "ledger.upload", "/ledger/import", "file", h.name, "bytes", itoa(len(data)))
	http.Redirect(w, r, "/ledger/import/"+s.held.put(h), http.StatusSeeOther)
	return nil
}

// fileName keeps the last part of what the browser says, whatever system it runs on.
func fileName(s string) string {
	s = model.Clean(path.Base(strings.ReplaceAll(s, `\`, "/")))
	if r := []rune(s); len(r) > 120 {
		s = string(r[len(r)-120:])
	}
	return s
}

func (s Site) read(r *http.Request, h held) (*ledger.Report, error) {
	s.held.reading.Lock()
	defer s.held.reading.Unlock()
	return ledger.ImportData(r.Context(), h.name, h.data, ledger.Options{Mapping: h.mapping, Now: s.Kit.Now(), By: person(r).Name})
}

// slipLine is one slip in words.
type slipLine struct {
	Severity           model.Severity
	Where, Title, Todo string
}

type compareView struct {
	page.Frame
	ID, File   string
	Report     *ledger.Report
	Slips      []slipLine
	SlipsMore  int
	Rest       string
	Changes    ledger.Changes
	Unchanged  int
	OnlyStored []ledger.Change
	Shown      int
	Base       int
	Same       bool
	Kinds      []ledger.Kind
	HostFields []string
}

// FieldLabel and KindLabel are the words for fields and kinds of row.
func (v compareView) FieldLabel(k ledger.Kind, f string) string {
	return ledger.FieldLabel(v.Lang, k, f)
}

// KindLabel is what a kind of row is called.
func (v compareView) KindLabel(k ledger.Kind) string { return ledger.KindLabel(v.Lang, k) }

// ChangeLabel is the header of a changed field.
func (v compareView) ChangeLabel(k ledger.Kind, f ledger.FieldChange) string {
	if f.Extra {
		return f.Field
	}
	return v.FieldLabel(k, f.Field)
}

// Fields are the fields that a column of that kind of sheet can be.
func (v compareView) Fields(k ledger.Kind) []string { return ledger.Fields(k) }

// maxLines bounds each list of the dry run; the counts are whole.
const maxLines = 200

func (s Site) heldOf(r *http.Request) (held, error) {
	h, ok := s.held.get(r.PathValue("id"), auth.ViewerOf(r.Context()).ID)
	if !ok {
		return h, &api.Refused{Key: "declared.upload_gone"}
	}
	return h, nil
}

func rest(q url.Values) string {
	if x := q.Get("rest"); slices.Contains(ledger.Rests, x) {
		return x
	}
	return ledger.KeepRest
}

// compare is the dry run: how the file was understood, what is wrong in it and what would change. Nothing is stored.
func (s Site) compare(w http.ResponseWriter, r *http.Request) error {
	h, err := s.heldOf(r)
	if err != nil {
		return err
	}
	rep := h.report
	m, err := s.Desk.Look(r.Context())
	if err != nil {
		return err
	}
	v := compareView{
		Frame: s.Kit.Frame(r, "declared.compare", "ledger"), ID: r.PathValue("id"), File: h.name, Report: rep, Rest: rest(r.URL.Query()), Shown: maxLines,
		Base: m.Stamp.Ledger, Kinds: ledger.Kinds, HostFields: ledger.Fields(ledger.KindHosts),
	}
	whole := ledger.Diff(m.Ledger, rep.Ledger)
	v.OnlyStored = whole.Removed
	v.Changes = ledger.Diff(m.Ledger, ledger.TakeIn(m.Ledger, rep.Ledger, v.Rest))
	v.Same = v.Changes.Empty()
	for _, k := range ledger.Kinds {
		v.Unchanged += ledger.Size(rep.Ledger, k)
	}
	v.Unchanged -= len(whole.Added) + len(whole.Changed)
	v.slips(rep)
	return s.Kit.Render(w, r, http.StatusOK, comparePage, v)
}

func (v *compareView) slips(rep *ledger.Report) {
	fs := ledger.Findings(rep)
	slices.SortStableFunc(fs, func(a, b model.Finding) int { return int(b.Severity) - int(a.Severity) })
	for _, f := range fs[:min(len(fs), maxLines)] {
		w := v.Words(f)
		v.Slips = append(v.Slips, slipLine{f.Severity, f.Params["place"], w.Title, w.Todo})
	}
	v.SlipsMore = len(fs) - len(v.Slips) + rep.LeftOut
}

// takeIn carries the import out, or reads the file again with the corrections of its headers.
func (s Site) takeIn(w http.ResponseWriter, r *http.Request) error {
	h, err := s.heldOf(r)
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return badForm(err)
	}
	id := r.PathValue("id")
	switch r.PostFormValue("do") {
	case "forget":
		s.held.drop(id)
		http.Redirect(w, r, "/ledger/import", http.StatusSeeOther)
		return nil
	case "map":
		return s.teach(w, r, id, h)
	}
	base, err := strconv.Atoi(r.PostFormValue("base"))
	if err != nil {
		return badForm(err)
	}
	b, err := s.Desk.TakeIn(r.Context(), h.report.Ledger, rest(r.PostForm), base, person(r))
	if err != nil {
		return err
	}
	if err := ledger.SaveMapping(r.Context(), s.Archive, h.mapping); err != nil {
		return err
	}
	s.held.drop(id)
	return done(w, r, "/ledger", b)
}

// teach takes corrections: "c.HEADER" is a field, "s.SHEET" a kind.
func (s Site) teach(w http.ResponseWriter, r *http.Request, id string, h held) error {
	m := h.mapping.Merge(ledger.Mapping{})
	for n, vs := range r.PostForm {
		var err error
		if head, ok := strings.CutPrefix(n, "c."); ok && vs[0] != "" {
			err = m.LearnColumn(head + "=" + vs[0])
		} else if sheet, ok := strings.CutPrefix(n, "s."); ok && vs[0] != "" {
			err = m.LearnSheet(sheet + "=" + vs[0])
		}
		var me *ledger.MappingError
		if errors.As(err, &me) {
			return &api.Refused{Key: "declared.refused", Pairs: []string{"text", me.In(api.Lang(r))}}
		}
	}
	h.mapping = m
	var err error
	if h.report, err = s.read(r, h); err != nil {
		return err
	}
	s.held.again(id, h)
	http.Redirect(w, r, "/ledger/import/"+id, http.StatusSeeOther)
	return nil
}
