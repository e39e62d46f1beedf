package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web/pagetest"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// Every page that the routes have, as an administrator on a desktop and on a phone, in Japanese and in English in turns; and the first
// pages as everybody else: nothing that axe finds wrong, nothing wider than the screen, and no name that became a script.
func TestEveryPageIsAccessible(t *testing.T) {
	x := newWalk(t)
	script := pagetest.Axe(t)
	places := x.places(t)
	for _, role := range auth.Roles {
		b := pagetest.NewWindow(t, 9*time.Minute)
		enter(t, b.Context, webtest.Link(t, x.door.Keeper, x.srv.URL, role))
		for i, rt := range x.routes {
			method, path, known := x.address(places, rt.Pattern)
			v := auth.Viewer{ID: "x", Role: role}
			if method != "GET" || !known || !v.May(rt.Need) || rt.JSON || strings.ContainsAny(path[1:], ".") || strings.HasSuffix(path, "/photo") || path == "/events" || path == "/healthz" || path == "/readyz" || path == "/metrics" {
				continue
			}
			lang := []string{"ja", "en"}[i%2]
			if role == auth.Administrator {
				pagetest.Check(t, b.Context, x.srv.URL+path+"?lang="+lang, pagetest.Desktop, script)
				pagetest.Check(t, b.Context, x.srv.URL+path+"?lang="+lang, pagetest.Phone, script)
			} else if path == "/" || path == "/settings" || path == "/account" || path == "/findings" {
				pagetest.Check(t, b.Context, x.srv.URL+path+"?lang="+lang, pagetest.Phone, script)
			}
		}
		for _, said := range b.Said() {
			t.Errorf("%s: the browser says: %s", role, said)
		}
	}
}
