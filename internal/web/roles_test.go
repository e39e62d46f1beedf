package web_test

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/lookup"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/gate"
	"github.com/mimawari/mimawari/internal/web/page"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

var updateRoutes = flag.Bool("update-routes", false, "write testdata/routes.txt anew: look at the difference before you commit it")

const routesFile = "testdata/routes.txt"

// mayDo is written down here once more, so that a change of a role is made in two places.
var mayDo = map[auth.Role]string{
	auth.Administrator: "signed_in look decide declare intake report audit manage",
	auth.Operator:      "signed_in look decide declare intake report",
	auth.Approver:      "signed_in look decide report",
	auth.Executive:     "signed_in look report",
	auth.Auditor:       "signed_in look report audit",
	auth.Vendor:        "signed_in",
}

// allRoutes are those of a server that does everything.
func allRoutes(t *testing.T) []page.Route {
	t.Helper()
	a, err := app.OpenServing(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	door, err := a.Door(t.Context(), time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	in, err := app.NewIntake(t.Context(), a, app.IntakeOptions{Now: time.Now, Zone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	k := &page.Kit{Now: time.Now}
	s := web.Site{
		Memory: a.Store, Desk: &app.Desk{App: a, Now: time.Now}, Now: time.Now, Intake: in, Finder: &lookup.Finder{Source: a.Store}, Keeper: door.Keeper, Trail: door.Trail,
		Ledger: &app.Declarer{App: a, Now: time.Now, Zone: time.UTC}, Stored: a.Store, Reports: a, Notes: &app.Notes{App: a, Now: time.Now}, Trails: a.Store,
		Teller: &app.Telling{Store: a.Store, App: a}, Settings: a.Store, House: a,
		Indicators: a, Maps: &app.MapDesk{App: a}, Certificates: app.Certificates(a.Dir, time.Now), Archives: &app.Archives{App: a, Now: time.Now}, Retention: &app.Retention{App: a, Now: time.Now},
	}
	return append(web.Routes(k, s), gate.New(k, door.Keeper, "").Routes()...)
}

func needName(p auth.Permission) string {
	if p == auth.Everyone {
		return "everyone"
	}
	return string(p)
}

// Who may use which address is a file: whoever adds or changes one sees it in the difference.
func TestRoutesAreAsWritten(t *testing.T) {
	var got []string
	for _, rt := range allRoutes(t) {
		got = append(got, fmt.Sprintf("%-10s %s", needName(rt.Need), rt.Pattern))
	}
	slices.Sort(got)
	text := strings.Join(got, "\n") + "\n"
	if *updateRoutes {
		if err := os.WriteFile(routesFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(routesFile)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		have := map[string]bool{}
		for _, l := range strings.Split(string(want), "\n") {
			have[l] = true
		}
		for _, l := range got {
			if !have[l] {
				t.Errorf("not in %s: %s", routesFile, l)
			}
		}
		t.Errorf("the routes differ from %s: if that is meant, go test ./internal/web -run RoutesAreAsWritten -update-routes", routesFile)
	}
}

var wildcard = regexp.MustCompile(`\{[^}$]+\}`)

// request is one for a pattern.
func request(pattern string) (method, path string) {
	method, path, ok := strings.Cut(pattern, " ")
	if !ok {
		method, path = "POST", pattern
	}
	return method, strings.ReplaceAll(wildcard.ReplaceAllString(path, "x"), "{$}", "")
}

// Every address times every role, nobody, and a token without that scope: the action runs when the file says so, and else not.
func TestEveryRouteForEveryRole(t *testing.T) {
	need := readRoutes(t)
	routes := allRoutes(t)
	ran := ""
	for i := range routes {
		pattern := routes[i].Pattern
		routes[i].Do = func(http.ResponseWriter, *http.Request) error { ran = pattern; return nil }
	}
	mux := http.NewServeMux()
	(&page.Kit{Now: time.Now}).Mount(mux, routes)
	check := func(who string, v auth.Viewer, rt page.Route, may bool) {
		t.Helper()
		method, path := request(rt.Pattern)
		r := httptest.NewRequestWithContext(auth.WithViewer(t.Context(), v), method, path, nil)
		w := httptest.NewRecorder()
		ran = ""
		mux.ServeHTTP(w, r)
		if may && ran != rt.Pattern {
			t.Errorf("%s %s: refused with %d", who, rt.Pattern, w.Code)
		}
		if !may && (ran != "" || w.Code != http.StatusForbidden && w.Code != http.StatusUnauthorized && w.Code != http.StatusSeeOther) {
			t.Errorf("%s %s: ran %q, %d", who, rt.Pattern, ran, w.Code)
		}
	}
	n := 0
	for _, rt := range routes {
		p := need[rt.Pattern]
		for role, may := range mayDo {
			v := auth.Viewer{ID: "acc-1", Role: role, Session: "ses-1"}
			allowed := p == "everyone" || slices.Contains(strings.Fields(may), p)
			check(string(role), v, rt, allowed)
			v.Session, v.Token = "", "tok-1" // a token without any scope
			check(string(role)+"'s token", v, rt, p == "everyone" || p == "signed_in")
			n++
		}
		check("nobody", auth.Viewer{}, rt, p == "everyone")
		check("no role", auth.Viewer{ID: "acc-1", Role: "root"}, rt, p == "everyone")
	}
	t.Logf("%d routes times roles", n)
	if n < 300 {
		t.Errorf("only %d", n)
	}
}

func readRoutes(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open(routesFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	need := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		p, pattern, _ := strings.Cut(s.Text(), " ")
		need[strings.TrimSpace(pattern)] = p
	}
	return need
}

// The same through the real server, with real sessions: what is not allowed is refused, whatever the form says.
func TestRefusedThroughTheServer(t *testing.T) {
	srv, a := site(t, false)
	need := readRoutes(t)
	for role, may := range mayDo {
		client := webtest.Client(t, keeper(t, a), srv.URL, role)
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for pattern, p := range need {
			if p == "everyone" || slices.Contains(strings.Fields(may), p) {
				continue
			}
			method, path := request(pattern)
			r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader("role=administrator"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			res, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s: %s", role, pattern, res.Status)
			}
		}
	}
}
