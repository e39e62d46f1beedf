package web_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/memory"
	"github.com/mimawari/mimawari/internal/web"
	"github.com/mimawari/mimawari/internal/web/page"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// past answers with one row and keeps what it was asked.
type past struct{ asked []memory.Query }

func (p *past) Hunt(_ context.Context, q memory.Query) (*memory.Found, error) {
	p.asked = append(p.asked, q)
	return &memory.Found{Total: 1234, Days: 400, Rows: []memory.Row{{Client: "10.0.0.5", Server: "203.0.113.7", ServerPort: 443, Name: "<b>evil.example", First: 1_790_000_000_000}}}, nil
}

func TestHuntPage(t *testing.T) {
	p := &past{}
	k := &page.Kit{Now: time.Now, Zone: time.UTC}
	mux := http.NewServeMux()
	for _, r := range web.Routes(k, web.Site{Now: time.Now, Flows: p}) {
		if strings.Contains(r.Pattern, "hunt") {
			if r.Need != auth.Look {
				t.Errorf("%s needs %s", r.Pattern, r.Need)
			}
			mux.HandleFunc(r.Pattern, func(w http.ResponseWriter, q *http.Request) {
				if err := r.Do(w, q); err != nil {
					status, key, _ := api.Status(err)
					w.WriteHeader(status)
					_, _ = w.Write([]byte(key)) // a recorder takes all
				}
			})
		}
	}
	get := func(path string, status int) string {
		t.Helper()
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != status {
			t.Errorf("%s: %d", path, w.Code)
		}
		return w.Body.String()
	}
	if body := get("/hunt", 200); len(p.asked) != 0 || !strings.Contains(body, "探す") {
		t.Errorf("%d asked: %s", len(p.asked), body)
	}
	body := get("/hunt?host=203.0.113.7&port=443&since=2026-10-01&until=2026-10-02", 200)
	if len(p.asked) != 1 || !strings.Contains(body, "1,234") || !strings.Contains(body, "&lt;b&gt;evil.example") || !strings.Contains(body, `href="/hunt?host=10.0.0.5"`) {
		t.Fatalf("%d asked: %s", len(p.asked), body)
	}
	if q := p.asked[0]; q.Host[0].String() != "203.0.113.7/32" || q.Port != 443 || q.Until.Sub(q.Since) != 48*time.Hour || q.Limit != 200 {
		t.Errorf("%+v", q)
	}
	if body := get("/hunt.csv?name=evil.example", 200); !strings.HasPrefix(body, "first,duration_ms,client") || !strings.Contains(body, "203.0.113.7,443") {
		t.Error(body)
	}
	for _, wrong := range []string{"host=x", "port=0", "since=yesterday", "peer=300.1.1.1"} {
		get("/hunt?"+wrong, 400)
	}
	get("/hunt.csv", 404)
	if len(p.asked) != 2 {
		t.Errorf("%d asked", len(p.asked))
	}
	var answer api.HuntAnswer
	if err := json.Unmarshal([]byte(get("/api/v1/hunt?peer=10.0.0.0/8&ja4=t13&since=2026-10-01&until=2026-10-02&limit=99999", 200)), &answer); err != nil {
		t.Fatal(err)
	}
	if len(p.asked) != 3 || answer.Total != 1234 || answer.Days != 400 || len(answer.Flows) != 1 || answer.Flows[0].Server != "203.0.113.7" || answer.Flows[0].First.UnixMilli() != 1_790_000_000_000 {
		t.Fatalf("%d asked: %+v", len(p.asked), answer)
	}
	if q := p.asked[2]; q.Peer[0].String() != "10.0.0.0/8" || q.JA4 != "t13" || q.Until.Sub(q.Since) != 48*time.Hour || q.Limit != 10_000 {
		t.Errorf("%+v", q)
	}
	for query, key := range map[string]string{"": "hunt.nothing", "since=2026-10-01": "hunt.nothing", "host=x": "hunt.wrong_address", "host=10.0.0.1&since=x": "hunt.wrong_day", "port=70000": "api.bad_query", "hots=x": "api.bad_query"} {
		if body := get("/api/v1/hunt?"+query, 400); body != key {
			t.Errorf("%s: %s", query, body)
		}
	}
	if len(p.asked) != 3 {
		t.Errorf("%d asked", len(p.asked))
	}
}

// The page of a machine leads to its traffic in the memory, and says what is not known of it.
func TestHostLeadsToItsTraffic(t *testing.T) {
	x := newWalk(t)
	c := webtest.Client(t, x.door.Keeper, x.srv.URL, auth.Administrator)
	_, body := read(t, c, compose(t, "GET", x.srv.URL+"/hosts/"+result().Hosts[1].ID, "", nil))
	for _, want := range []string{`href="/hunt?host=10.1.0.21"`, `<dt>OS</dt><dd>わかりません</dd>`} {
		if !strings.Contains(body, want) {
			t.Errorf("without %s", want)
		}
	}
}
