package declared

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	h, err := s.Shelf.Hold(r.Context(), name, data, auth.ViewerOf(r.Context()).ID, person(r).Name)
	if err != nil {
		return err
	}
	page.Note(r, "ledger.upload", "/ledger/import", "file", h.Name, "bytes", itoa(len(data)))
	http.Redirect(w, r, "/ledger/import/"+h.ID, http.StatusSeeOther)
	return nil
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

func (s Site) heldOf(r *http.Request) (ledger.Held, error) {
	h, ok := s.Shelf.Get(r.PathValue("id"), auth.ViewerOf(r.Context()).ID)
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
	rep := h.Report
	m, err := s.Desk.Look(r.Context())
	if err != nil {
		return err
	}
	v := compareView{
		Frame: s.Kit.Frame(r, "declared.compare", "ledger"), ID: r.PathValue("id"), File: h.Name, Report: rep, Rest: rest(r.URL.Query()), Shown: maxLines,
		Base: m.Stamp.Ledger, Kinds: ledger.Kinds, HostFields: ledger.Fields(ledger.KindHosts),
	}
	t := ledger.Try(m.Ledger, rep.Ledger, v.Rest)
	v.OnlyStored, v.Changes, v.Unchanged, v.Same = t.OnlyStored, t.Changes, t.Unchanged, t.Changes.Empty()
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
	switch r.PostFormValue("do") {
	case "forget":
		s.Shelf.Drop(h)
		http.Redirect(w, r, "/ledger/import", http.StatusSeeOther)
		return nil
	case "map":
		return s.teach(w, r, h)
	}
	base, err := strconv.Atoi(r.PostFormValue("base"))
	if err != nil {
		return badForm(err)
	}
	b, err := s.Desk.TakeIn(r.Context(), h.Report.Ledger, rest(r.PostForm), base, person(r))
	if err != nil {
		return err
	}
	if err := s.Shelf.Taken(r.Context(), h); err != nil {
		return err
	}
	return done(w, r, "/ledger", b)
}

// teach takes corrections: "c.HEADER" is a field, "s.SHEET" a kind.
func (s Site) teach(w http.ResponseWriter, r *http.Request, h ledger.Held) error {
	var columns, sheets []string
	for n, vs := range r.PostForm {
		if head, ok := strings.CutPrefix(n, "c."); ok && vs[0] != "" {
			columns = append(columns, head+"="+vs[0])
		} else if sheet, ok := strings.CutPrefix(n, "s."); ok && vs[0] != "" {
			sheets = append(sheets, sheet+"="+vs[0])
		}
	}
	_, err := s.Shelf.Teach(r.Context(), h, columns, sheets, person(r).Name)
	var me *ledger.MappingError
	if errors.As(err, &me) {
		return &api.Refused{Key: "declared.refused", Pairs: []string{"text", me.In(api.Lang(r))}}
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/ledger/import/"+h.ID, http.StatusSeeOther)
	return nil
}
