package declared_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/declared"
	"github.com/mimawari/mimawari/internal/web/page"
)

const (
	hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>`
	formula = `=HYPERLINK("http://evil.example","x")`
)

var morning = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// clinic is the pages over a real store: n machines seen, every second in the ledger, of these every second with another name.
type clinic struct {
	*httptest.Server
	t     *testing.T
	app   *app.App
	desk  *app.Declarer
	role  auth.Role
	name  string
	deeds []page.Deed
}

func machine(i int) model.Host {
	return model.Host{
		ID: model.HostID(fmt.Sprint("host ", i)), IPs: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})}, MACs: []model.MAC{{0, 0x1b, 0x8b, 0, byte(i >> 8), byte(i)}},
		Names: []string{fmt.Sprintf("PC-%05d", i)}, Class: model.ClassPC, OS: "Windows 10", Maker: "Example", Confidence: 0.9, First: morning.Add(-time.Hour), Last: morning,
	}
}

func empty(t *testing.T) *clinic {
	t.Helper()
	a, err := app.Open(t.Context(), filepath.Join(t.TempDir(), "data"), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	now := func() time.Time { return morning }
	c := &clinic{t: t, app: a, desk: &app.Declarer{App: a, Now: now, Zone: time.UTC}, role: auth.Operator, name: "佐藤"}
	k := &page.Kit{Now: now, Zone: time.UTC, Report: func(err error) { t.Error(err) }, Record: func(_ context.Context, d page.Deed) error { c.deeds = append(c.deeds, d); return nil }}
	mux := http.NewServeMux()
	k.Mount(mux, declared.New(k, c.desk, a.Store).Routes())
	mux.HandleFunc("GET /static/{name}", func(w http.ResponseWriter, r *http.Request) { _ = page.Static(w, r) })
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := auth.Viewer{ID: "u-" + c.name, Login: c.name, Name: c.name, Role: c.role}
		mux.ServeHTTP(w, r.WithContext(auth.WithViewer(r.Context(), v)))
	}))
	t.Cleanup(c.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Client().Jar = jar
	return c
}

func open(t *testing.T, n int) *clinic {
	t.Helper()
	c := empty(t)
	l := &model.Ledger{File: "台帳.xlsx", By: "前任", Imported: morning, Vendors: []model.Vendor{{Name: hostile, Note: formula}}, People: []model.Person{{Name: "鈴木", Department: "検査科", Mail: "suzuki@example.jp"}}}
	r := model.Result{Patrol: model.Patrol{ID: "p-1", Started: morning, Ended: morning, First: morning, Last: morning, Ledger: 1}}
	for i := range n {
		h := machine(i)
		if i == 1 {
			h.Names = []string{hostile}
		}
		rule := "inventory.unknown_host"
		if i%2 == 0 {
			x := model.LedgerHost{Key: fmt.Sprintf("pc-%05d", i), Name: h.Names[0], Addrs: []model.AddrRange{{From: h.IPs[0], To: h.IPs[0]}}, Department: "検査科", Note: formula}
			if i%4 == 0 {
				x.Key, x.Name = fmt.Sprintf("old-%05d", i), fmt.Sprintf("OLD-%05d", i)
			}
			l.Hosts = append(l.Hosts, x)
			rule = "inventory.name_mismatch"
		}
		r.Hosts = append(r.Hosts, h)
		r.Findings = append(r.Findings, model.Finding{ID: model.FindingID(rule, h.ID), Rule: rule, Severity: model.Medium, Assets: []model.Asset{{Host: h.ID, Label: h.Names[0]}}, First: morning, Last: morning, Count: 1, State: model.Open})
	}
	if _, err := c.app.Store.SaveLedger(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if err := c.app.Store.SaveResult(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *clinic) get(path string) (int, string) {
	c.t.Helper()
	res, err := c.Client().Get(c.URL + path)
	return c.read(res, err)
}

func (c *clinic) post(path string, form url.Values) (int, string) {
	c.t.Helper()
	res, err := c.Client().PostForm(c.URL+path, form)
	return c.read(res, err)
}

func (c *clinic) read(res *http.Response, err error) (int, string) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// upload sends a workbook as a browser does, and gives the page after it with its address.
func (c *clinic) upload(name string, data []byte) (int, string, string) {
	c.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	p, err := m.CreateFormFile("file", name)
	if err != nil {
		c.t.Fatal(err)
	}
	_, _ = p.Write(data) // a buffer takes all
	_ = m.Close()
	res, err := c.Client().Post(c.URL+"/ledger/import", m.FormDataContentType(), &b)
	if err != nil {
		c.t.Fatal(err)
	}
	at := res.Request.URL.Path
	code, body := c.read(res, nil)
	return code, body, at
}

// expect fetches the page and wants texts in it.
func (c *clinic) expect(path string, wants ...string) string {
	c.t.Helper()
	code, body := c.get(path)
	if code != 200 {
		c.t.Fatalf("%s: %d", path, code)
	}
	for _, w := range wants {
		if !strings.Contains(body, w) {
			c.t.Errorf("%s lacks %q", path, w)
		}
	}
	return body
}

var script = regexp.MustCompile(`<script type="module" src="/static/[a-z.]+\?v=[0-9a-f]+"></script>`)

// sound wants a whole page in words, in which nothing of others is markup.
func (c *clinic) sound(path, body string) {
	c.t.Helper()
	body = script.ReplaceAllString(body, "")
	if !strings.Contains(body, "</html>") {
		c.t.Errorf("%s: not a whole page", path)
	}
	for _, bad := range []string{"<script", "<img", "ZgotmplZ", "<no value>", ">declared.", "ledger.done", "ledger.batch.", " style=", "onclick"} {
		if i := strings.Index(body, bad); i >= 0 {
			c.t.Errorf("%s: contains %q: …%s…", path, bad, body[max(0, i-80):min(len(body), i+80)])
		}
	}
}
