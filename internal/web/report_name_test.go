package web_test

import (
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
