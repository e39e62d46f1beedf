package web_test

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/api"
)

// pagesOnly are what pages do and the API does not, each with its reason. A prefix ends with *.
var pagesOnly = map[string]string{
	"POST /lang":                     "a cookie of the browser",
	"POST /enter*":                   "signing in makes a session of the browser",
	"POST /setup":                    "the first administrator is a person at a browser",
	"POST /setup/restore":            "an empty server has nobody with a token",
	"POST /signin*":                  "signing in makes a session of the browser",
	"POST /signout":                  "signing in makes a session of the browser",
	"POST /account/*":                "one's own name, password, factors and sessions: a person's, not a program's",
	"POST /settings/archive/*":       "the whole data with all secrets: by a person, or mimawari archive on the machine itself",
	"POST /settings/certificate/*":   "who serves the pages: by a person, or mimawari cert on the machine itself",
	"POST /settings/directory/*":     "who lets people in: by a person, or mimawari directory on the machine itself",
	"POST /intake/files":             "a plain form; programs send files to POST /api/v1/uploads, with resume",
	"POST /intake/files/{id}/remove": "DELETE /api/v1/uploads/{id}, of the tus protocol",
	"POST /intake/uploads":           "the same tus protocol is spoken at /api/v1/uploads",
}

func reasonFor(pattern string) string {
	for p, why := range pagesOnly {
		if prefix, ok := strings.CutSuffix(p, "*"); p == pattern || ok && strings.HasPrefix(pattern, prefix) {
			return why
		}
	}
	return ""
}

// What a page can change, a program can change too, or it is said why not; and no operation stands for a page that there is not.
func TestTheAPIDoesWhatThePagesDo(t *testing.T) {
	done := map[string]bool{}
	for _, o := range api.New(api.Parts{}).Operations() {
		for _, p := range o.Pages {
			done[p] = true
		}
	}
	there := map[string]bool{}
	for _, rt := range allRoutes(t) {
		there[rt.Pattern] = true
		method, path, _ := strings.Cut(rt.Pattern, " ")
		if method != "POST" || strings.HasPrefix(path, "/api/") {
			continue
		}
		switch why := reasonFor(rt.Pattern); {
		case done[rt.Pattern] && why != "":
			t.Errorf("%s has an operation, and a reason why it has none", rt.Pattern)
		case !done[rt.Pattern] && why == "":
			t.Errorf("%s has no operation of the API: name it in Pages of one, or say in pagesOnly why not", rt.Pattern)
		}
	}
	for p := range done {
		if !there[p] {
			t.Errorf("an operation of the API stands for %s, which there is not", p)
		}
	}
}
