package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"github.com/mimawari/mimawari/internal/web/pagetest"
	"github.com/mimawari/mimawari/scenario/traffic"
)

// clinic is a real server process with a fresh data directory.
type clinic struct {
	t    *testing.T
	data string
	url  string

	mu  sync.Mutex
	log bytes.Buffer
}

func (c *clinic) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.Write(b)
}

func (c *clinic) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.log.String()
}

func (c *clinic) later(args ...string) *exec.Cmd {
	x := exec.Command(os.Args[0], args...)
	x.Args[0] = "mimawari" // TestMain then is the command
	x.Env = append(os.Environ(), "MIMAWARI_LANG=en", "MIMAWARI_DATA="+c.data, "TZ=Asia/Tokyo")
	return x
}

func openClinic(t *testing.T) *clinic {
	t.Helper()
	c := &clinic{t: t, data: t.TempDir()}
	x := c.later("serve", "--listen", "127.0.0.1:0")
	x.Stdout, x.Stderr = c, c
	if err := x.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = x.Process.Signal(syscall.SIGTERM)
		if err := x.Wait(); err != nil {
			t.Errorf("the server: %v: %s", err, c.text())
		}
	})
	place := regexp.MustCompile(`http://[0-9.:]+`)
	c.until("the server to be there", func() bool {
		c.url = place.FindString(c.text())
		return c.url != ""
	})
	return c
}

func (c *clinic) until(what string, true func() bool) {
	c.t.Helper()
	for end := time.Now().Add(90 * time.Second); !true(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("waited in vain for %s: %s", what, c.text())
		}
	}
}

// browser is a window with the rules that every page must keep.
type browser struct {
	*clinic
	*pagetest.Window
	axe string
}

// do carries out steps and then looks at the page that came.
func (b *browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Context, steps...); err != nil {
		at, _ := chromedp.Run(b.Context, chromedp.Evaluate[string](`location.pathname + ': ' + document.body.innerText.slice(0, 500)`))
		b.t.Fatalf("%s: %v; at %s", what, err, at)
	}
	vs, err := pagetest.Violations(b.Context, b.axe)
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	for _, v := range vs {
		b.t.Errorf("%s: %s", what, v)
	}
	if wide, err := pagetest.TooWide(b.Context); err != nil || wide {
		b.t.Errorf("%s: wider than the screen (%v)", what, err)
	}
}

// press presses a button and waits for the page that has what.
func (b *browser) press(button, then string, before ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.do(then, append(before, chromedp.Click(button), chromedp.WaitVisible(then))...)
}

func (b *browser) there(selector string) bool {
	b.t.Helper()
	yes, err := chromedp.Run(b.Context, chromedp.Evaluate[bool](fmt.Sprintf(`document.querySelector(%q) !== null`, selector)))
	if err != nil {
		b.t.Fatal(err)
	}
	return yes
}

func (b *browser) words(selector string) string {
	b.t.Helper()
	s, err := chromedp.Run(b.Context, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ''`, selector)))
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func enterText(selector, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SetValue(selector, text)
}

const next = `button[name="go"][value="next"]`

// The first morning: somebody opens the address, becomes the administrator with a second factor, says what institution it is and whom to call,
// shows it the router's list, and reads the first report. Every page on the way is looked at, on the width of the device.
func TestFirstMorning(t *testing.T) {
	for _, m := range []struct {
		lang string
		size pagetest.Size
		name string
	}{{"ja", pagetest.Desktop, "佐藤 花子"}, {"en", pagetest.Phone, "Hanako Sato"}} {
		t.Run(m.lang, func(t *testing.T) {
			axe, w := pagetest.Axe(t), pagetest.NewWindow(t, 5*time.Minute)
			b := &browser{openClinic(t), w, axe}
			pagetest.Open(t, b.Context, b.url+"/healthz", m.size)
			pagetest.Open(t, b.Context, b.url+"/?lang="+m.lang, m.size)
			b.do("set-up", chromedp.WaitVisible(`form[action="/setup"]`))
			if ours := `html[lang="` + m.lang + `"] form[action="/setup"]`; !b.there(ours) { // the browser said another language
				b.press(`form[action="/lang"] button`, ours)
			}
			b.administrator(m.name)
			b.press(`main a.button`, `form[action="/start/begin"]`)
			b.press(`form[action="/start/begin"] button`, `form[action="/start/institution"]`)
			b.press(next, `form[action="/start/administrator"]`, enterText(`input[name="name"]`, m.name+" <b>Clinic</b>"), enterText(`input[name="beds"]`, "19"))
			b.press(next, `form[action="/start/contacts"]`)
			b.press(next, `form[action="/start/look"]`, enterText(`input[name="role"]`, "院長"), enterText(`input[type="tel"]`, "03-0000-0001"))
			b.press(`form[action^="/intake/paste"] button`, `button[name="use"]`, enterText(`textarea[name="text"]`, "  10.1.0.1  02-00-00-00-00-01  dynamic\n  10.1.0.2  02-00-00-00-00-02  dynamic\n"))
			b.press(`button[name="use"]`, `form[action="/start/look"]`)
			b.until("two machines", func() bool {
				return strings.Contains(b.words(`#seen`), "2") && !strings.Contains(b.words(`#seen`), "0")
			})
			b.press(`form[action="/start/look"] `+next, `form[action="/start/ledger"] `+next)
			b.press(next, `form[action="/start/report"]`)
			b.until("the first report", func() bool {
				pagetest.Open(t, b.Context, b.url+"/start/report", m.size)
				return strings.Contains(b.words(`main`), "2")
			})
			b.press(next, `.kpi`)
			if got := b.words(`.kpi`); !strings.Contains(got, "2") {
				t.Errorf("the first page says %q", got)
			}
			for _, s := range b.Said() {
				t.Errorf("the browser says: %s", s)
			}
		})
	}
}

// administrator makes the first account with an authenticator app.
func (b *browser) administrator(name string) {
	b.t.Helper()
	b.press(`form[action="/setup"] button`, `form[action="/signin/enrol"]`, enterText(`input[name="login"]`, "hanako"), enterText(`input[name="name"]`, name),
		enterText(`input[name="password"]`, "a long sentence of mine 7"), enterText(`input[name="again"]`, "a long sentence of mine 7"))
	secret := strings.ReplaceAll(b.words(`main code`), " ", "")
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		b.t.Fatal(secret, err)
	}
	b.press(`form[action="/signin/enrol"] button`, `main a.button`, enterText(`input[name="code"]`, code))
}

// reader is somebody whose browser has no scripts: it follows links and sends forms.
type reader struct {
	*clinic
	http *http.Client
}

// signIn makes an account by the command line and uses its sign-in link.
func (c *clinic) signIn(role string) *reader {
	c.t.Helper()
	add := c.later("users", "add", role, "--role", role, "--password-stdin")
	add.Stdin = strings.NewReader("a long sentence of mine 7\n")
	if out, err := add.CombinedOutput(); err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
	out, err := c.later("users", "link", role).CombinedOutput()
	key := regexp.MustCompile(`key=(\S+)`).FindSubmatch(out)
	if err != nil || key == nil {
		c.t.Fatalf("%v: %s", err, out)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r := &reader{c, &http.Client{Jar: jar, Timeout: time.Minute}}
	if code, body := r.send("/enter", url.Values{"key": {string(key[1])}}); code != 200 {
		c.t.Fatalf("%s can't enter: %d %.500s", role, code, body)
	}
	return r
}

func (r *reader) see(res *http.Response, err error) (int, string) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func (r *reader) get(path string) (int, string) {
	r.t.Helper()
	return r.see(r.http.Get(r.url + path))
}

func (r *reader) send(path string, form url.Values) (int, string) {
	r.t.Helper()
	return r.see(r.http.PostForm(r.url+path, form))
}

func (r *reader) upload(name string, content []byte) {
	r.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	w, err := m.CreateFormFile("file", name)
	if err != nil {
		r.t.Fatal(err)
	}
	_, _ = w.Write(content) // a buffer takes everything
	_ = m.Close()
	if code, body := r.see(r.http.Post(r.url+"/intake/files", m.FormDataContentType(), &b)); code != 200 {
		r.t.Fatalf("%s: %d %.500s", name, code, body)
	}
}

// evil is what the machines of this network call themselves. No blanks: a line of traffic is words.
const evil = `<script>alert(1)</script><img/src=x/onerror=alert(2)>`

const evilLedger = "機器名,IPアドレス,設置場所,備考\n\"" + `<script>alert(1)</script><img/src=x/onerror=alert(2)>` + "\",10.1.0.20,=1+1,\"=HYPERLINK(\"\"http://evil.example\"\")\"\n"

const evilTraffic = `09:00:00 dhcp ack 10.1.0.5 -> 00:1b:21:01:00:14 10.1.0.20 router=10.1.0.1 name=` + evil + `
09:00:10 10.1.0.20 > 10.1.0.11:23 telnet session x20/1m
09:01:00 10.1.0.20 > 10.1.0.12:104 dicom associate calling=<script>1 called=<img/src=x>
09:02:00 dhcp ack 10.1.0.5 -> 00:1b:21:01:00:15 10.1.0.21 router=10.1.0.1 name==cmd|calc
09:02:10 10.1.0.21 > 10.1.0.11:443 tcp bytes=500
`

// Without scripts one can import, read and decide; and a network that calls itself by the worst of names, read by a real patrol, is shown as
// text on every page of every role, in a browser whose every complaint counts.
func TestHostileNetwork(t *testing.T) {
	c := openClinic(t)
	boss := c.signIn("administrator")
	var pcap bytes.Buffer
	if err := traffic.Write(&pcap, evilTraffic); err != nil {
		t.Fatal(err)
	}
	boss.upload(`../..<img src=x onerror=alert(3)>.pcap`, pcap.Bytes())
	boss.upload("台帳.csv", []byte(evilLedger))
	_, page := boss.get("/intake")
	ids := regexp.MustCompile(`name="file" value="(u-[0-9a-f]+)"`).FindAllStringSubmatch(page, -1)
	if len(ids) != 2 {
		t.Fatalf("%d files to choose from: %.2000s", len(ids), page)
	}
	ledger := regexp.MustCompile(`<option value="(u-[0-9a-f]+)"`).FindStringSubmatch(page)
	form := url.Values{"file": {ids[0][1], ids[1][1]}}
	if ledger != nil {
		form.Set("ledger", ledger[1])
	}
	boss.send("/intake/rounds", form)
	var finding, host string
	c.until("findings", func() bool {
		_, page = boss.get("/findings?state=")
		finding = regexp.MustCompile(`/findings/f-[a-z0-9]+`).FindString(page)
		return finding != ""
	})
	_, page = boss.get("/hosts?q=10.1.0.20")
	if host = regexp.MustCompile(`/hosts/h-[a-z0-9]+`).FindString(page); host == "" || !strings.Contains(page, "&lt;script&gt;") {
		t.Fatalf("the machine that calls itself a script is not there: %.3000s", page)
	}
	if code, page := boss.send(finding, url.Values{"state": {"acknowledged"}, "owner": {evil}, "reason": {evil}}); code != 200 || !strings.Contains(page, "&lt;script&gt;") {
		t.Errorf("decide: %d", code)
	}
	boss.send(host+"/note", url.Values{"place": {evil}, "text": {evil}})

	axe, w := pagetest.Axe(t), pagetest.NewWindow(t, 6*time.Minute)
	visit(t, w.Context, boss)
	for _, path := range []string{"/", "/findings?state=", finding, finding + "/message", "/hosts", host, "/intake", "/silences", "/emergency", "/settings"} {
		pagetest.Check(t, w.Context, c.url+path, pagetest.Phone, axe)
		if n, err := chromedp.Run(w.Context, chromedp.Evaluate[int](`document.querySelectorAll('script:not([src^="/static/"]), img[src="x"], b b').length`)); err != nil || n != 0 {
			t.Errorf("%s: %d elements that a name made (%v)", path, n, err)
		}
	}
	for _, s := range w.Said() {
		t.Errorf("the browser says: %s", s)
	}
	c.roles(finding, host)
}

// visit gives the browser the session of r.
func visit(t *testing.T, ctx context.Context, r *reader) {
	t.Helper()
	out, err := r.later("users", "link", "administrator").CombinedOutput()
	key := regexp.MustCompile(`key=(\S+)`).FindSubmatch(out)
	if err != nil || key == nil {
		t.Fatalf("%v: %s", err, out)
	}
	err = chromedp.Do(ctx, chromedp.Navigate(r.url+"/enter?key="+string(key[1])), chromedp.Click(`form[action="/enter"] button`), chromedp.WaitVisible(`form[action="/signout"]`))
	if err != nil {
		t.Fatal(err)
	}
}

// roles lets everybody else come in and try: each sees what is theirs and nothing else.
func (c *clinic) roles(finding, host string) {
	c.t.Helper()
	may := map[string]string{ // page: who may not
		"/findings": "vendor", host: "vendor", "/report.html": "vendor", "/intake": "approver executive auditor vendor", "/settings/notifications": "operator approver executive auditor vendor", "/account": "",
	}
	for _, role := range []string{"operator", "approver", "executive", "auditor", "vendor"} {
		r := c.signIn(role)
		for path, not := range may {
			want := 200
			if strings.Contains(not, role) {
				want = 403
			}
			for _, lang := range []string{"ja", "en"} {
				if code, page := r.get(path + "?lang=" + lang); code != want || strings.Contains(page, "<script>") {
					c.t.Errorf("%s at %s: %d, want %d", role, path, code, want)
				}
			}
		}
		want := 403
		if role == "operator" || role == "approver" {
			want = 200
		}
		if code, _ := r.send(finding, url.Values{"state": {"acknowledged"}}); code != want {
			c.t.Errorf("%s decides: %d, want %d", role, code, want)
		}
	}
}
