package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/web/pagetest"
)

func serve(t *testing.T) *httptest.Server {
	t.Helper()
	b, err := open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	return srv
}

// Every story is told in both languages, without a word or a value that is missing and without a name that breaks out.
func TestStories(t *testing.T) {
	srv := serve(t)
	own := regexp.MustCompile(`<script type="module" src="/static/[a-z.]+\?v=[0-9a-f]+"></script>`)
	for _, lang := range []string{"ja", "en"} {
		for _, s := range stories {
			jar, err := cookiejar.New(nil)
			if err != nil {
				t.Fatal(err)
			}
			client := &http.Client{Jar: jar}
			res, err := client.Get(srv.URL + "/stories/" + s.Name + "?lang=" + lang)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]int{"not-found": 404, "bad-filter": 400}[s.Name]
			if want == 0 {
				want = 200
			}
			if got := res.Request.URL.RequestURI(); res.StatusCode != want || got != s.Path {
				t.Errorf("%s: %d at %s, want %d at %s", s.Name, res.StatusCode, got, want, s.Path)
			}
			body := own.ReplaceAllString(string(b), "")
			for _, bad := range []string{"<script", "<img src=x", "ZgotmplZ", "<no value>"} {
				if i := strings.Index(body, bad); i >= 0 {
					t.Errorf("%s %s: %q: %s", lang, s.Name, bad, body[max(0, i-60):min(len(body), i+60)])
				}
			}
			if !strings.Contains(body, `lang="`+lang+`"`) || s.Done.Key != "" && !strings.Contains(body, `class="flash"`) {
				t.Errorf("%s: not in %s, or without its message", s.Name, lang)
			}
		}
	}
}

// A component that the book does not show would be seen by nobody.
func TestEveryComponentIsShown(t *testing.T) {
	srv := serve(t)
	res, err := http.Get(srv.URL + "/components")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res.Status, err)
	}
	src, err := pages.ReadFile("pages/components.html")
	if err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadFile("../../internal/web/page/layout/components.html")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`{{define "([^"]+)"}}`).FindAllSubmatch(all, -1)
	if len(names) < 8 {
		t.Fatalf("only %q", names)
	}
	for _, n := range names {
		if !strings.Contains(string(src), `{{template "`+string(n[1])+`"`) {
			t.Errorf("component %s is not in pages/components.html", n[1])
		}
	}
	if !strings.Contains(string(b), "</html>") {
		t.Error("cut off")
	}
}

// The program that institutions run has nothing of the book in it.
func TestNotInTheProgram(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../mimawari").Output()
	if err != nil {
		t.Fatal(err)
	}
	if s := string(out); !strings.Contains(s, "mimawari/internal/web\n") || strings.Contains(s, "storybook") || strings.Contains(s, "pagetest") {
		t.Error("cmd/mimawari is built with the storybook, or with none of the pages")
	}
}

func TestOnLoopbackOnly(t *testing.T) {
	if err := run(t.Context(), "0.0.0.0:0"); err == nil {
		t.Error("listens on every address")
	}
}

// shots are the pictures that are kept: what all pages are made of, and the states that break most easily.
var shots = []struct {
	name, lang string
	size       pagetest.Size
}{
	{"components", "ja", pagetest.Desktop},
	{"components", "ja", pagetest.Phone},
	{"components", "en", pagetest.Desktop},
	{"today", "ja", pagetest.Desktop},
	{"today", "ja", pagetest.Phone},
	{"today-empty", "en", pagetest.Phone},
	{"today-hostile", "ja", pagetest.Phone},
	{"today-long", "en", pagetest.Desktop},
	{"finding-overdue", "ja", pagetest.Phone},
	{"hosts-hostile", "ja", pagetest.Desktop},
	{"bad-filter", "ja", pagetest.Phone},
}

func TestScreenshots(t *testing.T) {
	pagetest.Font(t)
	ctx := pagetest.Browser(t, 5*time.Minute)
	srv := serve(t)
	for _, s := range shots {
		path := "/stories/" + s.name
		if s.name == "components" {
			path = "/components"
		}
		pagetest.Open(t, ctx, srv.URL+path+"?lang="+s.lang, s.size)
		pagetest.Golden(t, s.name+"-"+s.lang+map[bool]string{true: "-phone"}[s.size == pagetest.Phone], pagetest.Shot(t, ctx))
	}
}

// Every story on a desktop and on a phone: nothing that axe finds wrong, nothing wider than the screen.
func TestStoriesAreAccessible(t *testing.T) {
	ctx, script := pagetest.Browser(t, 9*time.Minute), pagetest.Axe(t)
	srv := serve(t)
	for i, s := range stories {
		size := pagetest.Desktop
		if i%2 == 0 || s.State == "long" || s.State == "hostile" {
			size = pagetest.Phone
		}
		pagetest.Check(t, ctx, srv.URL+"/stories/"+s.Name+"?lang=ja", size, script)
	}
	pagetest.Check(t, ctx, srv.URL+"/components?lang=ja", pagetest.Desktop, script)
	pagetest.Check(t, ctx, srv.URL+"/components?lang=en", pagetest.Phone, script)
}
