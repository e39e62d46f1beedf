package intake_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/page"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

const arpTable = "  10.1.0.1  02-00-00-00-00-01  dynamic\n  10.1.0.2  02-00-00-00-00-02  dynamic\n"

const hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`

// house is a server with everything behind it.
type house struct {
	*httptest.Server
	t     *testing.T
	app   *app.App
	desk  *app.Intake
	deeds []page.Deed

	client *http.Client // signed in, as an operator if nobody says otherwise
	keeper *auth.Keeper
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	var err error
	if h.app, err = app.OpenServing(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if h.desk, err = app.NewIntake(t.Context(), h.app, app.IntakeOptions{Now: time.Now, Zone: time.UTC}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.desk.Run(ctx) }()
	door, err := h.app.Door(t.Context(), time.Now, func(err error) { t.Errorf("reported: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	h.Server = httptest.NewUnstartedServer(nil)
	h.Config = web.Server(web.Site{
		Memory: h.app.Store, Desk: &app.Desk{App: h.app, Now: time.Now}, Intake: h.desk, Now: time.Now, Zone: time.UTC, Keeper: door.Keeper,
		Report: func(err error) { t.Errorf("reported: %v", err) },
		Record: func(_ context.Context, d page.Deed) error { h.deeds = append(h.deeds, d); return nil },
	})
	h.Start()
	webtest.Account(t, door.Keeper, auth.Administrator)
	h.keeper = door.Keeper
	h.as(auth.Operator)
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		h.Close()
		_ = h.app.Close()
	})
	return h
}

// as signs in with another role.
func (h *house) as(role auth.Role) {
	h.t.Helper()
	h.client = webtest.Client(h.t, h.keeper, h.URL, role)
	h.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
}

// ask sends a request and gives status, header and body. It does not follow redirects.
func (h *house) ask(method, path string, body io.Reader, header ...string) (int, http.Header, string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.URL+path, body)
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := h.client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(b)
}

func (h *house) form(path string, values url.Values) (int, string) {
	h.t.Helper()
	code, _, body := h.ask("POST", path, strings.NewReader(values.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	return code, body
}

func (h *house) page(want ...string) string {
	h.t.Helper()
	code, _, body := h.ask("GET", "/intake", nil)
	if code != http.StatusOK {
		h.t.Fatalf("%d: %s", code, body)
	}
	for _, w := range want {
		if !strings.Contains(body, w) {
			h.t.Errorf("the page lacks %q", w)
		}
	}
	return body
}

func (h *house) create(name string, size int) string {
	h.t.Helper()
	code, header, body := h.ask("POST", "/intake/uploads", nil, "Tus-Resumable", "1.0.0", "Upload-Length", strconv.Itoa(size),
		"Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte(name)))
	if code != http.StatusCreated {
		h.t.Fatalf("%d: %s", code, body)
	}
	return header.Get("Location")
}

func (h *house) patch(at string, offset int, body io.Reader) (int, http.Header, string) {
	h.t.Helper()
	return h.ask("PATCH", at, body, "Tus-Resumable", "1.0.0", "Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
}

func (h *house) patrolled(n int) {
	h.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		rs, _, err := h.desk.Rounds(h.t.Context(), 0)
		if err != nil {
			h.t.Fatal(err)
		}
		done := 0
		for _, r := range rs {
			if r.State == model.RoundDone {
				done++
			}
		}
		if done >= n {
			return
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("not %d rounds done: %+v", n, rs)
		}
	}
}

// Any client of the tus protocol can send a file in pieces and go on where it broke off.
func TestResumableUpload(t *testing.T) {
	h := newHouse(t)
	code, header, _ := h.ask("OPTIONS", "/intake/uploads", nil)
	if code != 204 || header.Get("Tus-Version") != "1.0.0" || !strings.Contains(header.Get("Tus-Extension"), "creation") {
		t.Fatalf("%d %v", code, header)
	}
	at := h.create("受付の arp.txt", len(arpTable))
	if code, header, _ = h.patch(at, 0, strings.NewReader(arpTable[:20])); code != 204 || header.Get("Upload-Offset") != "20" {
		t.Fatalf("%d %v", code, header)
	}
	h.page("受付の arp.txt", "続きから送ります")
	if code, _, _ = h.patch(at, 10, strings.NewReader(arpTable[10:])); code != http.StatusConflict {
		t.Fatalf("from a wrong place: %d", code)
	}
	if code, header, _ = h.ask("HEAD", at, nil); code != 200 || header.Get("Upload-Offset") != "20" || header.Get("Upload-Length") != strconv.Itoa(len(arpTable)) {
		t.Fatalf("%d %v", code, header)
	}
	if code, _, _ = h.patch(at, 20, strings.NewReader(arpTable[20:])); code != 204 {
		t.Fatal(code)
	}
	if _, _, body := h.ask("GET", at, nil); !strings.Contains(body, `"state":"ready"`) || !strings.Contains(body, `"kind":"table"`) {
		t.Fatal(body)
	}
	id := at[strings.LastIndex(at, "/")+1:]
	if code, body := h.form("/intake/rounds", url.Values{"file": {id}}); code != http.StatusSeeOther {
		t.Fatalf("%d: %s", code, body)
	}
	h.patrolled(1)
	h.page("2 台が見えました", "見回り済み")
	if code, _, _ = h.ask("DELETE", at, nil); code != 204 {
		t.Fatal(code)
	}
	if code, _, _ = h.ask("HEAD", at, nil); code != 404 {
		t.Fatal(code)
	}
	var actions []string
	for _, d := range h.deeds {
		actions = append(actions, d.Action)
	}
	if got := strings.Join(actions, " "); got != "intake.upload POST /intake/rounds DELETE /intake/uploads/{id}" {
		t.Errorf("the audit trail has %s", got)
	}
}

// Another program sends with a token of the API.
func TestUploadWithAToken(t *testing.T) {
	h := newHouse(t)
	h.client = &http.Client{}
	token := "Bearer " + webtest.Token(t, h.keeper, auth.Operator, auth.Intake)
	code, header, body := h.ask("POST", "/api/v1/uploads", nil, "Authorization", token, "Upload-Length", strconv.Itoa(len(arpTable)))
	at := header.Get("Location")
	if code != http.StatusCreated || !strings.HasPrefix(at, "/api/v1/uploads/u-") {
		t.Fatalf("%d %s %s", code, at, body)
	}
	code, _, body = h.ask("PATCH", at, strings.NewReader(arpTable), "Authorization", token, "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
	if code != http.StatusNoContent {
		t.Fatalf("%d %s", code, body)
	}
	if code, _, _ = h.ask("HEAD", at, nil); code != http.StatusUnauthorized {
		t.Errorf("without the token: %d", code)
	}
	look := "Bearer " + webtest.Token(t, h.keeper, auth.Operator, auth.Look)
	if code, _, _ = h.ask("HEAD", at, nil, "Authorization", look); code != http.StatusForbidden {
		t.Errorf("with a token for looking: %d", code)
	}
}

func TestUploadRefusals(t *testing.T) {
	h := newHouse(t)
	at := h.create("a", 10)
	for _, x := range []struct {
		what, method, path string
		body               string
		header             []string
		want               int
	}{
		{"no size", "POST", "/intake/uploads", "", nil, 400},
		{"minus", "POST", "/intake/uploads", "", []string{"Upload-Length", "-1"}, 400},
		{"empty", "POST", "/intake/uploads", "", []string{"Upload-Length", "0"}, 400},
		{"huge", "POST", "/intake/uploads", "", []string{"Upload-Length", "9223372036854775807"}, 413},
		{"beyond", "POST", "/intake/uploads", "", []string{"Upload-Length", "99999999999999999999"}, 400},
		{"version", "POST", "/intake/uploads", "", []string{"Tus-Resumable", "0.2.2", "Upload-Length", "1"}, 412},
		{"sum", "POST", "/intake/uploads", "", []string{"Upload-Length", "1", "Upload-Metadata", "sha256 eHl6"}, 400},
		{"type", "PATCH", at, "x", []string{"Upload-Offset", "0"}, 415},
		{"no offset", "PATCH", at, "x", []string{"Content-Type", "application/offset+octet-stream"}, 409},
		{"too long", "PATCH", at, "12345678901", []string{"Content-Type", "application/offset+octet-stream", "Upload-Offset", "0"}, 413},
		{"nowhere", "PATCH", "/intake/uploads/u-0", "x", []string{"Content-Type", "application/offset+octet-stream", "Upload-Offset", "0"}, 404},
		{"above", "GET", "/intake/uploads/..%2f..%2fmimawari.db", "", nil, 404},
		{"another site", "PATCH", at, "x", []string{"Content-Type", "application/offset+octet-stream", "Upload-Offset", "0", "Sec-Fetch-Site", "cross-site"}, 403},
	} {
		code, _, body := h.ask(x.method, x.path, strings.NewReader(x.body), x.header...)
		if code != x.want || x.want != 403 && x.want != 404 && !strings.Contains(body, `"text":"`) {
			t.Errorf("%s: %d %s", x.what, code, body)
		}
	}
}

// A plain form works without scripts, with several files, and says what can't be used. Names from outside are only shown.
func TestFormUpload(t *testing.T) {
	h := newHouse(t)
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, content := range map[string]string{"../../" + hostile: arpTable, "x.pcap": "MZ" + strings.Repeat("\x00", 600)} {
		w, err := m.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, content)
	}
	_ = m.Close()
	whole := b.String()
	if code, _, body := h.ask("POST", "/intake/files", strings.NewReader(whole), "Content-Type", m.FormDataContentType()); code != http.StatusSeeOther {
		t.Fatalf("%d: %s", code, body)
	}
	body := h.page("プログラム", "&lt;img src=x")
	if strings.Contains(body, "<script>alert") || strings.Contains(body, "<img src=x") {
		t.Error("a name became part of the page")
	}
	cut := whole[:len(whole)-400]
	for what, x := range map[string][2]string{
		"cut":     {cut, m.FormDataContentType()},
		"no form": {"x", "text/plain"},
		"nothing": {"--x--\r\n", "multipart/form-data; boundary=x"},
	} {
		if code, _, body := h.ask("POST", "/intake/files", strings.NewReader(x[0]), "Content-Type", x[1]); code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", what, code, body)
		}
	}
}

func TestPasteOnThePage(t *testing.T) {
	h := newHouse(t)
	code, body := h.form("/intake/paste", url.Values{"text": {arpTable + "これは " + hostile + "\n"}})
	if code != 200 || !strings.Contains(body, "2 台の機器がわかりました") || !strings.Contains(body, "02:00:00:00:00:02") || strings.Contains(body, "<script>alert") {
		t.Fatalf("%d: %s", code, body)
	}
	if code, body = h.form("/intake/paste", url.Values{"text": {"こんにちは"}}); code != 400 || !strings.Contains(body, "一覧として読めませんでした") {
		t.Errorf("%d: %s", code, body)
	}
	if code, _ = h.form("/intake/paste", url.Values{"text": {strings.Repeat("あ", 3<<20)}}); code != 400 {
		t.Errorf("too long: %d", code)
	}
	if code, body = h.form("/intake/paste", url.Values{"text": {arpTable}, "use": {"1"}}); code != http.StatusSeeOther {
		t.Fatalf("%d: %s", code, body)
	}
	h.patrolled(1)
	h.page("貼り付けた一覧", "2 台が見えました")
}

func TestSourcesAndSchedules(t *testing.T) {
	h := newHouse(t)
	if code, _ := h.form("/intake/limits", url.Values{"quota": {"5"}, "days": {"7"}}); code != http.StatusForbidden {
		t.Errorf("an operator changes the limits: %d", code)
	}
	h.as(auth.Executive)
	for _, path := range []string{"/intake/files", "/intake/rounds", "/intake/paste", "/intake/uploads"} {
		if code, _ := h.form(path, nil); code != http.StatusForbidden {
			t.Errorf("an executive at %s: %d", path, code)
		}
	}
	h.as(auth.Administrator)
	for _, x := range []struct {
		path string
		form url.Values
		want int
	}{
		{"/intake/sources", url.Values{"interface": {"no-such-one"}}, 303},
		{"/intake/sources", url.Values{"interface": {"no-such-one"}}, 400},
		{"/intake/sources", url.Values{"interface": {"a\x00b"}}, 400},
		{"/intake/sources/w-none/off", nil, 404},
		{"/intake/rounds", nil, 400},
		{"/intake/rounds", url.Values{"interface": {"eth0"}, "minutes": {"x"}}, 400},
		{"/intake/rounds", url.Values{"file": {"../../etc/passwd"}}, 404},
		{"/intake/rounds/r-none/cancel", nil, 404},
		{"/intake/schedules", url.Values{"at": {"25:00"}, "uploads": {"1"}}, 400},
		{"/intake/schedules", url.Values{"at": {"7:00"}}, 400},
		{"/intake/schedules", url.Values{"at": {"07:00"}, "uploads": {"1"}}, 303},
		{"/intake/schedules/d-none/remove", nil, 404},
		{"/intake/limits", url.Values{"quota": {"0"}, "days": {"30"}}, 400},
		{"/intake/limits", url.Values{"quota": {"x"}, "days": {"30"}}, 400},
		{"/intake/limits", url.Values{"quota": {"5"}, "days": {"99999"}}, 400},
		{"/intake/limits", url.Values{"quota": {"5"}, "days": {"7"}}, 303},
	} {
		if code, body := h.form(x.path, x.form); code != x.want {
			t.Errorf("%s %v: %d %s", x.path, x.form, code, body)
		}
	}
	h.page("no-such-one", "毎日 07:00", "5.0 GB のうち", "7 日たつと")
	all, err := h.desk.Schedules(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	if code, _ := h.form("/intake/schedules/"+all[0].ID+"/off", nil); code != http.StatusSeeOther {
		t.Error(code)
	}
	h.page("止めています")
}

// What goes on arrives at once; a reader that does not read is let go, and disturbs nobody.
func TestEvents(t *testing.T) {
	h := newHouse(t)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", h.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	at, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /events HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\n\r\n", h.Listener.Addr(), h.client.Jar.Cookies(at)[0]) // and never reads
	res, err := h.client.Get(h.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for h.desk.Hub.Listeners() < 2 {
		time.Sleep(time.Millisecond)
	}
	heard := make(chan string, 10)
	go func() {
		for lines.Scan() {
			if name, ok := strings.CutPrefix(lines.Text(), "event: test"); ok {
				heard <- name
			}
		}
		close(heard)
	}()
	big := strings.Repeat("x", 32<<10)
	for i := range 2000 { // more than the connection's buffers take
		h.desk.Hub.Publish("test"+strconv.Itoa(i%7), big)
		select {
		case <-heard:
		case <-time.After(10 * time.Second):
			t.Fatal("the reader who listens hears nothing")
		}
		if h.desk.Hub.Listeners() == 1 {
			return
		}
	}
	t.Fatalf("%d listeners: the one who does not read is still there", h.desk.Hub.Listeners())
}
