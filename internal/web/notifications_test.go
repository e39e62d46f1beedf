package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
)

// visitor is somebody with a browser without JavaScript.
type visitor struct {
	t    *testing.T
	base string
	c    *http.Client
}

func visit(t *testing.T, srv *httptest.Server) *visitor {
	t.Helper()
	return &visitor{t, srv.URL, &http.Client{Jar: http.DefaultClient.Jar}} // site has signed in
}

func (v *visitor) answer(res *http.Response, err error) (int, string, string) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	if strings.Contains(string(b), "geheim") {
		v.t.Fatalf("%s shows a secret", res.Request.URL)
	}
	for _, bad := range []string{"notify.", "ZgotmplZ", "<no value>"} {
		if i := strings.Index(string(b), bad); i >= 0 && !strings.Contains(res.Request.URL.String(), bad) {
			v.t.Fatalf("%s: %q: %s", res.Request.URL, bad, b[max(0, i-80):i+80])
		}
	}
	return res.StatusCode, string(b), res.Request.URL.Path
}

func (v *visitor) get(path string) (int, string, string) {
	v.t.Helper()
	return v.answer(v.c.Get(v.base + path))
}

func (v *visitor) post(path string, pairs ...string) (int, string, string) {
	v.t.Helper()
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return v.answer(v.c.PostForm(v.base+path, f))
}

const channels = "/settings/notifications"

// usual are the fields that every channel has.
var usual = []string{"name", "事務室", "lang", "ja", "on", "1", "now", "1", "least", "high", "per_hour", "6", "at", "08:00", "weekday", "1"}

func form(more ...string) []string { return append(append([]string{}, usual...), more...) }

// An administrator sets up a channel, makes mistakes, tries it, changes it and removes it: all by plain forms.
func TestChannelFromTheFirstMistakeToItsEnd(t *testing.T) {
	var taken []string
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		taken = append(taken, r.URL.Path+" "+string(b))
	}))
	defer receiver.Close()
	srv, _ := site(t, false)
	v := visit(t, srv)
	_, body, _ := v.get(channels)
	if !strings.Contains(body, "誰にも届きません") || !strings.Contains(body, "LINE WORKS") {
		t.Fatal(body)
	}
	if code, body, _ := v.get(channels + "/new/slack"); code != 200 || !strings.Contains(body, "送り先のURL") {
		t.Fatal(code, body)
	}

	// Mistakes are said beside their fields, and what was typed is still there; a secret is not given back.
	code, body, _ := v.post(channels, form("kind", "slack", "v_url", "http://hooks.example/geheim", "at", "25時", "name", hostile)...)
	if code != 422 || !strings.Contains(body, `id="url-error"`) || !strings.Contains(body, `id="at-error"`) || !strings.Contains(body, "25時") ||
		!strings.Contains(body, `href="#at"`) || !strings.Contains(body, "&lt;script&gt;") {
		t.Fatal(code, body)
	}

	code, body, where := v.post(channels, form("kind", "slack", "v_url", receiver.URL+"/geheim")...)
	if code != 200 || !strings.HasPrefix(where, channels+"/c-") || !strings.Contains(body, "保存しました") || !strings.Contains(body, "設定済みです") {
		t.Fatal(code, where, body)
	}
	if code, body, _ = v.post(where + "/test"); code != 200 || !strings.Contains(body, "届いたか、相手の画面で") || len(taken) != 1 || !strings.Contains(taken[0], "/geheim") {
		t.Fatal(code, taken, body)
	}

	// Changed without the secret: it stays.
	if code, body, _ = v.post(where, form("name", "新しい名前", "quiet_from", "22:00", "quiet_to", "07:00")...); code != 200 || !strings.Contains(body, "新しい名前") {
		t.Fatal(code, body)
	}
	if v.post(where + "/test"); len(taken) != 2 {
		t.Fatal("the secret was lost")
	}
	receiver.Close()
	if _, body, _ = v.post(where + "/test"); !strings.Contains(body, "送れませんでした") || !strings.Contains(body, "つながりません") {
		t.Fatal(body)
	}
	_, body, _ = v.get(channels + "?lang=en")
	if !strings.Contains(body, "There is no connection to 127.0.0.1") || !strings.Contains(body, "critical only from 22:00 until 07:00") {
		t.Fatal(body)
	}
	if _, body, where = v.post(where + "/remove"); where != channels || !strings.Contains(body, "なくした送り先") {
		t.Fatal(where, body)
	}
}

// Whatever a form holds, there is an answer in words and nothing is stored.
func TestBadChannelForms(t *testing.T) {
	srv, a := site(t, false)
	v := visit(t, srv)
	huge := strings.Repeat("あ", 70<<10/3)
	for name, f := range map[string]struct {
		code  int
		pairs []string
	}{
		"empty":        {404, nil},
		"no such kind": {404, form("kind", "pigeon")},
		"nothing said": {422, []string{"kind", "mail"}},
		"no channel":   {422, form("kind", "syslog", "v_host", "x y", "v_port", "99999", "v_transport", "carrier", "v_ca", "-----BEGIN")},
		"header":       {422, form("kind", "mail", "v_host", "m.example", "v_port", "25", "v_tls", "starttls", "v_from", "a@b.c\r\nBcc: x@y.z", "v_to", "a@b.c")},
		"huge":         {422, form("kind", "chatwork", "v_token", huge, "v_room", "1", "v_api", "https://api.chatwork.com")},
		"too huge":     {413, form("kind", "chatwork", "v_token", strings.Repeat("x", 300<<10))},
		"key":          {422, form("kind", "lineworks", "v_client_id", "a", "v_client_secret", "b", "v_service_account", "c", "v_private_key", "geheim", "v_bot", "1", "v_room", "2", "v_api", "https://a", "v_auth_api", "https://a")},
		"severity":     {422, form("kind", "webhook", "v_url", "https://x.example/", "v_key", "k", "least", "worst", "weekday", "x")},
		"user in url":  {422, form("kind", "webhook", "v_url", "https://u:geheim@x.example/", "v_key", "k")},
	} {
		if code, body, _ := v.post(channels, f.pairs...); code != f.code || !strings.Contains(body, "</html>") {
			t.Errorf("%s: status %d, want %d", name, code, f.code)
		}
	}
	cs, err := a.Store.Channels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(cs) != 0 {
		t.Fatalf("stored: %+v", cs)
	}
	for _, p := range []string{channels + "/c-none", channels + "/new/pigeon"} {
		if code, _, _ := v.get(p); code != 404 {
			t.Errorf("%s: %d", p, code)
		}
	}
	for _, p := range []string{"/c-none", "/c-none/test", "/c-none/remove"} {
		if code, _, _ := v.post(channels+p, usual...); code != 404 {
			t.Errorf("%s: %d", p, code)
		}
	}
	if code, _, _ := v.post(channels+"/link", "link", "javascript:alert(1)"); code != 400 {
		t.Errorf("link: %d", code)
	}
}

var label = regexp.MustCompile(`<label for="([a-z_]+)"`)

// Every kind can be set up in both languages; every field has a label that belongs to it.
func TestFormsOfAllKinds(t *testing.T) {
	srv, _ := site(t, false)
	v := visit(t, srv)
	for _, kind := range []string{"mail", "slack", "teams", "lineworks", "chatwork", "webhook", "syslog"} {
		for _, lang := range []string{"ja", "en"} {
			code, body, _ := v.get(channels + "/new/" + kind + "?lang=" + lang)
			if code != 200 {
				t.Fatalf("%s: %d", kind, code)
			}
			ids := label.FindAllStringSubmatch(body, -1)
			if len(ids) < 8 {
				t.Fatalf("%s: %d labels", kind, len(ids))
			}
			for _, id := range ids {
				if strings.Count(body, ` id="`+id[1]+`"`) != 1 {
					t.Errorf("%s: %s is there %d times", kind, id[1], strings.Count(body, ` id="`+id[1]+`"`))
				}
			}
		}
	}
}

// What happened is in the list, with names from the network as text.
func TestDeliveriesAreShown(t *testing.T) {
	srv, a := site(t, false)
	d := model.Delivery{ID: "n-1", Channel: "c-gone", Kind: "alert", State: model.Waiting, Tries: 3, Made: morning, Next: morning, Notice: model.Notice{Subject: hostile}}
	d.Trouble = &model.Trouble{Code: "notify_status", Args: []string{"503"}}
	if err := a.Store.AddDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	_, body, _ := visit(t, srv).get(channels)
	if !strings.Contains(body, "状態 503") || !strings.Contains(body, "3回") || strings.Contains(body, "<img") {
		t.Fatal(body)
	}
}
