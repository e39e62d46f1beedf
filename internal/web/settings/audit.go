package settings

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/web/page"
)

const auditPath = "/settings/audit"

var auditPage = page.MustParse(pages, "audit")

// audit shows who did what, and proves that nobody changed it.
func (s Site) audit() []page.Route {
	return []page.Route{
		{Pattern: "GET " + auditPath, Need: auth.Audit, Do: s.auditPage},
		{Pattern: "POST " + auditPath + "/verify", Need: auth.Audit, Do: s.verify, Quiet: true},
		{Pattern: "GET " + auditPath + ".csv", Need: auth.Audit, Do: s.auditCSV},
		{Pattern: "GET " + auditPath + "/checkpoint.txt", Need: auth.Audit, Do: s.checkpoint},
	}
}

// families are the kinds of actions that can be chosen.
var families = []string{"sign_in*", "account.*", "factor.*", "session.*", "token.*", "finding.*", "ledger.*", "GET *", "POST *", "PUT *", "DELETE *"}

type auditView struct {
	page.Frame
	Entries     []model.AuditEntry
	Query       url.Values
	Next        string
	Export      string
	Families    []string
	Good, Wrong string // outcome of the verification, "" if none was made
}

// Action is an action in words where there are words for it.
func (v auditView) Action(a string) string {
	if key := "audit.action." + a; locale.Has(key) {
		return v.T(key)
	}
	return a
}

// Details are the details in one line.
func (v auditView) Details(e model.AuditEntry) string { return details(e) }

func details(e model.AuditEntry) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(e.Details)) {
		out = append(out, k+"="+e.Details[k])
	}
	return strings.Join(out, " ")
}

const entriesPerPage = 100

func (s Site) query(q url.Values) (model.AuditQuery, error) {
	a := model.AuditQuery{Text: q.Get("q"), Action: q.Get("action"), Limit: entriesPerPage}
	if n, err := strconv.ParseInt(q.Get("after"), 10, 64); err == nil && n > 0 {
		a.Before = n
	}
	var err error
	if a.To, err = s.Kit.Day(q.Get("to")); err != nil {
		return a, err
	}
	if a.From, err = s.Kit.Day(q.Get("from")); err != nil {
		return a, err
	}
	if !a.From.IsZero() {
		a.From = a.From.Add(-24*time.Hour + time.Second) // Day gives the end of the day
	}
	if !a.To.IsZero() {
		a.To = a.To.Add(time.Second)
	}
	return a, nil
}

func (s Site) auditView(r *http.Request) (auditView, error) {
	q := r.URL.Query()
	v := auditView{Frame: s.Kit.Frame(r, "settings.audit", "settings"), Query: q, Families: families, Export: page.With(auditPath+".csv", q)}
	a, err := s.query(q)
	if err != nil {
		return v, err
	}
	if v.Entries, err = s.Trail.Audit(r.Context(), a); err != nil {
		return v, err
	}
	if n := len(v.Entries); n == entriesPerPage && v.Entries[n-1].N > 0 {
		v.Next = page.Next(auditPath, q, strconv.FormatInt(v.Entries[n-1].N, 10))
	}
	return v, nil
}

func (s Site) auditPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.auditView(r)
	if err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, auditPage, v)
}

func (s Site) verify(w http.ResponseWriter, r *http.Request) error {
	verdict, err := s.Trail.Verify(r.Context(), nil)
	if err != nil {
		return err
	}
	v, err := s.auditView(r)
	if err != nil {
		return err
	}
	if verdict.Wrong != nil {
		v.Wrong = v.T("audit.bad."+verdict.Wrong.Kind, "n", verdict.Wrong.N)
	} else {
		v.Good = v.T("audit.good", "n", verdict.Entries)
	}
	return s.Kit.Render(w, r, http.StatusOK, auditPage, v)
}

// auditCSV gives all entries that the filter shows, not only those of the page.
func (s Site) auditCSV(w http.ResponseWriter, r *http.Request) error {
	q, err := s.query(r.URL.Query())
	if err != nil {
		return err
	}
	var rows [][]any
	for {
		es, err := s.Trail.Audit(r.Context(), q)
		if err != nil {
			return err
		}
		for _, e := range es {
			rows = append(rows, []any{e.N, e.At.Format(time.RFC3339Nano), e.Login, e.Via, e.Source, e.Action, e.Object, details(e)})
		}
		if len(es) < q.Limit || es[len(es)-1].N == 0 {
			break
		}
		q.Before = es[len(es)-1].N
	}
	page.Note(r, "audit.export", strconv.Itoa(len(rows)))
	page.Download(w, "text/csv; charset=utf-8", "mimawari-audit.csv")
	return report.Table(w, []string{"n", "at", "login", "via", "source", "action", "object", "details"}, rows)
}

// checkpoint is what a person keeps elsewhere, to compare the trail with later.
func (s Site) checkpoint(w http.ResponseWriter, r *http.Request) error {
	c, err := s.Trail.Checkpoint(r.Context())
	if err != nil {
		return err
	}
	if c == nil {
		return refused("audit.empty")
	}
	page.Note(r, "audit.checkpoint", "")
	page.Download(w, "text/plain; charset=utf-8", "mimawari-audit-checkpoint.txt")
	_, _ = w.Write(c) // the reader went away: nobody to tell
	return nil
}
