package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

var heldID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// secondAdministrator is somebody else who may do the same.
func secondAdministrator(t *testing.T, x *walk) *http.Client {
	t.Helper()
	if _, err := x.door.Keeper.Add(t.Context(), auth.NewAccount{Login: "second", Role: auth.Administrator}); err != nil {
		t.Fatal(err)
	}
	key, _, err := x.door.Keeper.Link(t.Context(), "second")
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	if res, _ := read(t, c, compose(t, "POST", x.srv.URL+"/enter", "application/x-www-form-urlencoded", strings.NewReader(url.Values{"key": {key}}.Encode()))); res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	return c
}

// A list is looked at before it is taken in, by the one who brought it and once; it is replaced, removed, and all that is in the trail.
func TestIndicatorsPage(t *testing.T) {
	x := newWalk(t)
	c := webtest.Client(t, x.door.Keeper, x.srv.URL, auth.Administrator)
	other := secondAdministrator(t, x)
	const at = "/settings/indicators"
	try := func(name, file, text string) (int, string) {
		t.Helper()
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		_ = m.WriteField("name", name) // a buffer takes all
		w, err := m.CreateFormFile("file", "feed.txt")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(file))
		_ = m.WriteField("text", text)
		_ = m.Close()
		res, body := read(t, c, compose(t, "POST", x.srv.URL+at, m.FormDataContentType(), &b))
		return res.StatusCode, body
	}
	form := func(c *http.Client, path string, v url.Values) (int, string) {
		t.Helper()
		res, body := read(t, c, compose(t, "POST", x.srv.URL+at+path, "application/x-www-form-urlencoded", strings.NewReader(v.Encode())))
		return res.StatusCode, body
	}
	lists := func() int {
		t.Helper()
		fs, err := x.app.Indicators(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(fs)
	}
	if err := x.app.RemoveIndicators(t.Context(), hostile); err != nil {
		t.Fatal(err)
	}
	status, body := try("警察", "198.51.100[.]7\n10.0.0.9\nbad.example # <b>x\n", "")
	m := heldID.FindStringSubmatch(body)
	if status != 200 || m == nil || !strings.Contains(body, "198.51.100.7") || !strings.Contains(body, "10.0.0.9") || !strings.Contains(body, "院内用") || !strings.Contains(body, "&lt;b&gt;x") {
		t.Fatalf("%d: %s", status, body)
	}
	if n := lists(); n != 0 {
		t.Errorf("%d lists are there before anybody said so", n)
	}
	id := url.Values{"id": {m[1]}}
	if status, _ := form(other, "/take-in", id); status != 404 || lists() != 0 {
		t.Errorf("somebody else took it in: %d", status)
	}
	if status, body = form(c, "/take-in", id); status != 200 || lists() != 1 || !strings.Contains(body, "警察") || !strings.Contains(body, "アドレス 1、名前 1") {
		t.Errorf("%d: %s", status, body)
	}
	if status, _ = form(c, "/take-in", id); status != 404 {
		t.Errorf("once more: %d", status)
	}
	if status, body = try("警察", "", "worse.example\n"); status != 200 || !strings.Contains(body, "丸ごと入れ替わります") {
		t.Errorf("%d: %s", status, body)
	}
	for _, bad := range []string{"", "hello\n", "{}"} {
		if status, body = try("x", bad, ""); status != 400 {
			t.Errorf("%q: %d %s", bad, status, body)
		}
	}
	if status, _ = form(c, "/remove", url.Values{"name": {"none"}}); status != 404 {
		t.Errorf("remove what is not there: %d", status)
	}
	if status, _ = form(c, "/remove", url.Values{"name": {"警察"}}); status != 200 || lists() != 0 {
		t.Errorf("remove: %d", status)
	}
	es, err := x.app.Store.Audit(t.Context(), model.AuditQuery{Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, e := range es {
		seen[e.Entry.Action] += e.Entry.Object
	}
	if seen["indicators.import"] != "警察" || seen["indicators.remove"] != "警察" || seen["POST "+at] != "" {
		t.Errorf("trail: %v", seen)
	}
	for _, r := range x.reports {
		t.Error("reported: " + r)
	}
}
