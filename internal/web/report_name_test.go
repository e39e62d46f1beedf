package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// The report of the last patrol says whose network it is.
func TestReportNamesTheInstitution(t *testing.T) {
	x := newWalk(t)
	if err := x.app.Store.SaveInstitution(t.Context(), model.Institution{Name: "見本クリニック"}); err != nil {
		t.Fatal(err)
	}
	c := webtest.Client(t, x.door.Keeper, x.srv.URL, auth.Administrator)
	res, body := read(t, c, compose(t, "GET", x.srv.URL+"/report.html", "", nil))
	if res.StatusCode != 200 || !strings.Contains(body, "見本クリニック") {
		t.Errorf("%d, without the name", res.StatusCode)
	}
}

// The head of every page says whose network it is, to those who have signed in and to nobody else.
func TestHeadNamesTheInstitution(t *testing.T) {
	x := newWalk(t)
	if err := x.app.Store.SaveInstitution(t.Context(), model.Institution{Name: "見本クリニック"}); err != nil {
		t.Fatal(err)
	}
	const head = `<span class="institution">見本クリニック</span>`
	c := webtest.Client(t, x.door.Keeper, x.srv.URL, auth.Administrator)
	if _, body := read(t, c, compose(t, "GET", x.srv.URL+"/hosts", "", nil)); !strings.Contains(body, head) {
		t.Error("the head does not name it")
	}
	if res, body := read(t, &http.Client{}, compose(t, "GET", x.srv.URL+"/signin", "", nil)); res.StatusCode != 200 || strings.Contains(body, "見本クリニック") {
		t.Errorf("%d: told to somebody who has not signed in", res.StatusCode)
	}
}
