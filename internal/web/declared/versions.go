package declared

import (
	"bytes"
	"io"
	"net/http"
	"strconv"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/ledger/decide"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

var (
	versionsPage  = page.MustParse(pages, "versions", "parts")
	diffPage      = page.MustParse(pages, "diff", "parts")
	inquiriesPage = page.MustParse(pages, "inquiries", "parts")
)

type versionsView struct {
	page.Frame
	Versions []model.LedgerInfo
	Batches  []model.Batch
	Made     map[int]model.Batch // by the version that they made
	More     int
}

// shownVersions bounds the list; older ones are reached by number.
const shownVersions = 200

func (s Site) versions(w http.ResponseWriter, r *http.Request) error {
	vs, err := s.Archive.LedgerVersions(r.Context())
	if err != nil {
		return err
	}
	bs, err := s.Archive.Batches(r.Context(), shownVersions)
	if err != nil {
		return err
	}
	v := versionsView{Frame: s.Kit.Frame(r, "declared.versions", "ledger"), Versions: vs, Batches: bs, Made: map[int]model.Batch{}}
	for _, b := range bs {
		if b.After > 0 {
			v.Made[b.After] = b
		}
	}
	if v.More = len(vs) - shownVersions; v.More > 0 {
		v.Versions = vs[:shownVersions]
	}
	return s.Kit.Render(w, r, http.StatusOK, versionsPage, v)
}

type diffView struct {
	page.Frame
	From, To int
	Changes  ledger.Changes
	Shown    int
	Newest   bool
}

// KindLabel is what a kind of row is called.
func (v diffView) KindLabel(k ledger.Kind) string { return ledger.KindLabel(v.Lang, k) }

// ChangeLabel is the header of a changed field.
func (v diffView) ChangeLabel(k ledger.Kind, f ledger.FieldChange) string {
	if f.Extra {
		return f.Field
	}
	return ledger.FieldLabel(v.Lang, k, f.Field)
}

func (s Site) diff(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	from, err1 := strconv.Atoi(q.Get("from"))
	to, err2 := strconv.Atoi(q.Get("to"))
	if err1 != nil || err2 != nil || from < 0 {
		return &api.Refused{Key: "ledger.decide.no_version", Pairs: []string{"text", q.Get("from") + " / " + q.Get("to")}}
	}
	v := diffView{Frame: s.Kit.Frame(r, "declared.diff", "ledger"), From: from, To: to, Shown: maxLines}
	var before *model.Ledger
	var err error
	if from > 0 {
		if before, err = s.Archive.LedgerVersion(r.Context(), from); err != nil {
			return err
		}
	}
	after, err := s.Archive.LedgerVersion(r.Context(), to)
	if err != nil {
		return err
	}
	m, err := s.Desk.Look(r.Context())
	if err != nil {
		return err
	}
	v.Changes, v.Newest = ledger.Diff(before, after), m.Stamp.Ledger == from
	return s.Kit.Render(w, r, http.StatusOK, diffPage, v)
}

func (s Site) restore(w http.ResponseWriter, r *http.Request) error {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil {
		return model.ErrNotFound
	}
	b, err := s.Desk.Restore(r.Context(), n, person(r))
	if err != nil {
		return err
	}
	return done(w, r, "/ledger/versions", b)
}

type inquiriesView struct {
	page.Frame
	Inquiries []model.Inquiry
	Hosts     map[string]model.Host
}

// Mail opens the question in a mail program; "" without an address.
func (v inquiriesView) Mail(q model.Inquiry) string {
	if q.Mail == "" {
		return ""
	}
	return decide.MailLink(q)
}

func (s Site) inquiries(w http.ResponseWriter, r *http.Request) error {
	all, err := s.Archive.Inquiries(r.Context())
	if err != nil {
		return err
	}
	m, err := s.Desk.Look(r.Context())
	if err != nil {
		return err
	}
	v := inquiriesView{Frame: s.Kit.Frame(r, "declared.inquiries", "ledger"), Inquiries: all[:min(len(all), maxLines)], Hosts: m.Hosts}
	return s.Kit.Render(w, r, http.StatusOK, inquiriesPage, v)
}

func (s Site) answer(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	var b model.Batch
	var err error
	if r.PostFormValue("do") == "sent" {
		b, err = s.Desk.Sent(r.Context(), id, person(r))
	} else {
		b, err = s.Desk.Answer(r.Context(), id, r.PostFormValue("answer"), person(r))
	}
	if err != nil {
		return err
	}
	return done(w, r, "/ledger/inquiries", b)
}

func (s Site) xlsx(w http.ResponseWriter, r *http.Request) error {
	return s.export(w, r, page.XLSX, "ledger.xlsx", ledger.Export)
}

func (s Site) csv(w http.ResponseWriter, r *http.Request) error {
	return s.export(w, r, "text/csv; charset=utf-8", "ledger.csv", ledger.ExportCSV)
}

// export writes the newest version, or the one asked for. It is made as a whole first: nobody gets half a ledger.
func (s Site) export(w http.ResponseWriter, r *http.Request, mime, name string, write func(io.Writer, *model.Ledger, locale.Lang) error) error {
	m, err := s.Desk.Look(r.Context())
	if err != nil {
		return err
	}
	l := m.Ledger
	if text := r.URL.Query().Get("version"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return model.ErrNotFound
		}
		if l, err = s.Archive.LedgerVersion(r.Context(), n); err != nil {
			return err
		}
	}
	if l == nil {
		l = &model.Ledger{}
	}
	var b bytes.Buffer
	if err := write(&b, l, api.Lang(r)); err != nil {
		return err
	}
	page.Note(r, "ledger.export", name, "version", itoa(l.Version))
	page.Download(w, mime, name)
	_, err = b.WriteTo(w)
	return err
}

func (s Site) template(w http.ResponseWriter, r *http.Request) error {
	var b bytes.Buffer
	if err := ledger.Template(&b, api.Lang(r)); err != nil {
		return err
	}
	page.Download(w, page.XLSX, "ledger-template.xlsx")
	_, err := b.WriteTo(w)
	return err
}
