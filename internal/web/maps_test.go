package web_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// Every picture that the pages of the map show is a picture, in the reader's language, and holds no more than text of what hosts say.
func TestMapPictures(t *testing.T) {
	srv, _ := site(t, false)
	id := result().Hosts[0].ID
	for _, lang := range []string{"ja", "en"} {
		for _, p := range []string{"/map?lang=", "/map/diagrams?lang=", "/map/diagrams?which=system&lang=", "/map/explore?host=" + id + "&lang=", "/?lang="} {
			code, body := get(t, srv.URL+p+lang)
			src := between(body, `<img src="`, `"`)
			if src == "" {
				src = between(body, `class="small-board" src="`, `"`)
			}
			if code != 200 || !strings.Contains(src, "lang="+lang) {
				t.Errorf("%s%s: %d, picture %q", p, lang, code, src)
				continue
			}
			code, picture := get(t, srv.URL+strings.ReplaceAll(src, "&amp;", "&"))
			if code != 200 || !strings.Contains(picture, "<svg") || strings.Contains(picture, "<script") || strings.Contains(picture, "onerror=") && strings.Contains(picture, "<img") {
				t.Errorf("%s: %d %.200s", src, code, picture)
			}
			wellFormed(t, src, picture)
		}
	}
	_, body := get(t, srv.URL+"/map/board.json")
	if !json.Valid([]byte(body)) || !strings.Contains(body, id) {
		t.Errorf("%.200s", body)
	}
	if code, body := get(t, srv.URL+"/map/board.pdf"); code != 200 || !strings.HasPrefix(body, "%PDF") {
		t.Errorf("%d %.50s", code, body)
	}
	for _, p := range []string{"/map/diagrams/other.svg", "/map/diagrams/network.exe", "/map/explore?host=h-none", "/map/explore.svg"} {
		if code, _ := get(t, srv.URL+p); code != 404 {
			t.Errorf("%s: %d", p, code)
		}
	}
}

func between(s, a, b string) string {
	_, rest, ok := strings.Cut(s, a)
	if !ok {
		return ""
	}
	x, _, _ := strings.Cut(rest, b)
	return x
}

func wellFormed(t *testing.T, name, picture string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}
