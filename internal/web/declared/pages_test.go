package declared_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/web/page"
)

// paths are all pages that can be fetched.
func (c *clinic) paths() []string {
	l, err := c.app.Store.LatestLedger(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	out := []string{
		"/ledger", "/ledger?status=undeclared", "/ledger?q=" + url.QueryEscape(hostile), "/ledger?class=pc&mark=asked&department=x&page=9999999", "/ledger?page=-3&status=nonsense&mark=nonsense",
		"/ledger/seen/" + machine(0).ID, "/ledger/seen/" + machine(1).ID, "/ledger/decide/" + machine(2).ID, "/ledger/versions", "/ledger/versions/diff?from=0&to=1", "/ledger/inquiries", "/ledger/import",
		"/ledger/rows/hosts/new",
	}
	for _, k := range ledger.Kinds {
		out = append(out, "/ledger/rows/"+string(k), "/ledger/rows/"+string(k)+"/new", "/ledger/rows/"+string(k)+"?q=x")
		for _, r := range ledger.Rows(l, k) {
			out = append(out, "/ledger/rows/"+string(k)+"/"+r.ID)
		}
	}
	return out
}

func TestPagesAreWholeInBothLanguages(t *testing.T) {
	c := open(t, 12)
	if code, _ := c.post("/ledger/decide", url.Values{"what": {"ask"}, "id": {machine(1).ID}, "to": {"検査科"}, "mail": {"a@example.jp"}, "go": {"1"}, "sent": {"1"}}); code != 200 {
		t.Fatal(code)
	}
	if code, _ := c.post("/ledger/decide", url.Values{"what": {"not_known"}, "id": {machine(3).ID}, "owner": {hostile}, "go": {"1"}}); code != 200 {
		t.Fatal(code)
	}
	for _, lang := range []string{"ja", "en"} {
		for _, p := range c.paths() {
			sep := "?"
			if strings.Contains(p, "?") {
				sep = "&"
			}
			code, body := c.get(p + sep + "lang=" + lang)
			if code != 200 {
				t.Errorf("%s: %d", p, code)
			}
			c.sound(lang+" "+p, body)
		}
	}
}

func TestNothingThere(t *testing.T) {
	c := open(t, 4)
	for _, p := range []string{"/ledger/seen/h-none", "/ledger/rows/nonsense", "/ledger/rows/hosts/d-none", "/ledger/versions/diff?from=0&to=99", "/ledger.xlsx?version=99", "/ledger.xlsx?version=x", "/ledger/rows/../../etc/passwd"} {
		if code, _ := c.get(p); code != 404 {
			t.Errorf("%s: %d", p, code)
		}
	}
	for p, f := range map[string]url.Values{
		"/ledger/decide": {"what": {"nonsense"}, "id": {"x"}}, "/ledger/undo/b-none": {}, "/ledger/versions/99/restore": {}, "/ledger/inquiries/q-none": {"answer": {"x"}},
		"/ledger/rows/nonsense/new": {}, "/ledger/rows/hosts/d-none": {"f.name": {"x"}}, "/ledger/rows/hosts/new": {"f.color": {"red"}}, "/ledger/import/nonsense": {"do": {"apply"}},
	} {
		if code, body := c.post(p, f); code != 404 && code != 400 && code != 409 {
			t.Errorf("%s: %d %.200s", p, code, body)
		}
	}
}

// An institution without a ledger is told what one is and has one button.
func TestEmptyLedgerExplainsItself(t *testing.T) {
	c := empty(t)
	body := c.expect("/ledger", "台帳はまだありません", `href="/ledger/import"`)
	c.sound("/ledger", body)
	for _, p := range []string{"/ledger/versions", "/ledger/inquiries", "/ledger/rows/lines", "/ledger/import"} {
		c.sound(p, c.expect(p))
	}
}

// Who may not change the ledger is shown no button that would be refused, and is refused.
func TestRoles(t *testing.T) {
	c := open(t, 8)
	forms := map[string]url.Values{
		"/ledger/decide": {"what": {"known"}, "id": {machine(1).ID}, "go": {"1"}}, "/ledger/rows/people/new": {"f.name": {"だれか"}}, "/ledger/versions/99/restore": {}, "/ledger/undo/b-1": {}, "/ledger/inquiries/q-1": {}, "/ledger/import/x": {},
	}
	for _, role := range auth.Roles {
		c.role = role
		may := role.May(auth.Declare)
		forms["/ledger/rows/people/new"] = url.Values{"f.name": {string(role)}}
		code, body := c.get("/ledger")
		if want := map[bool]int{true: 200, false: 403}[role.May(auth.Look)]; code != want {
			t.Errorf("%s looks: %d, want %d", role, code, want)
		}
		if shown := strings.Contains(body, `action="/ledger/decide"`) && strings.Contains(body, `name="what"`); shown != may && role.May(auth.Look) {
			t.Errorf("%s: buttons shown %v", role, shown)
		}
		for p, f := range forms {
			if code, body := c.post(p, f); (code == http.StatusForbidden) == may || may && p == "/ledger/rows/people/new" && code != 200 {
				t.Errorf("%s posts %s: %d %s", role, p, code, body)
			}
		}
		if code, _, _ := c.upload("a.csv", []byte("機器名,IP\nA,10.9.9.9\n")); (code == 403) == may {
			t.Errorf("%s uploads: %d", role, code)
		}
	}
	if l, err := c.app.Store.LatestLedger(t.Context()); err != nil || len(l.People) != 3 { // administrator and operator added one each
		t.Errorf("%v %+v", err, l.People)
	}
}

// From the list to the ledger and back without a script: pick, look at what it would do, decide, undo.
func TestBulkDecisionAndUndo(t *testing.T) {
	c := open(t, 12)
	ids := []string{machine(3).ID, machine(5).ID, machine(2).ID} // the last is in the ledger already
	code, body := c.post("/ledger/decide", url.Values{"what": {"known"}, "id": ids, "filter": {"status=undeclared"}})
	if code != 200 || !strings.Contains(body, "2 台が対象です") || !strings.Contains(body, "1 台は除きました") {
		t.Fatalf("%d %s", code, body)
	}
	c.sound("preview", body)
	code, body = c.post("/ledger/decide", url.Values{"what": {"known"}, "id": ids, "filter": {"status=undeclared"}, "go": {"1"}, "n": {"2"}, "f.department": {"放射線科"}, "why": {"棚卸し"}})
	if code != 200 || !strings.Contains(body, "2 台を台帳に登録しました") || !strings.Contains(body, "/ledger/undo/b-") {
		t.Fatalf("%d %s", code, body)
	}
	c.expect("/ledger?q="+url.QueryEscape("放射線科"), "PC-00003", "PC-00005", "一致")
	c.expect("/ledger/versions", "棚卸し", "台帳に登録", "佐藤")
	bs, err := c.app.Store.Batches(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if code, body = c.post("/ledger/undo/"+bs[0].ID, nil); code != 200 || !strings.Contains(body, "元に戻しました") {
		t.Fatalf("%d %s", code, body)
	}
	if body := c.expect("/ledger?q=" + url.QueryEscape("放射線科")); strings.Contains(body, "PC-00003") {
		t.Error("it was not undone")
	}
	c.deeds = slices.DeleteFunc(c.deeds, func(d page.Deed) bool { return !strings.HasPrefix(d.Action, "ledger.") }) // the look before
	if n := len(c.deeds); n != 2 || c.deeds[0].Action != "ledger.known" || c.deeds[1].Action != "ledger.undo" || c.deeds[0].Who.Name != "佐藤" {
		t.Errorf("audit trail: %+v", c.deeds)
	}
}

// All that a filter finds; if the list is another one by the time of the decision, nothing happens.
func TestDecisionOnAllFound(t *testing.T) {
	c := open(t, 40)
	f := url.Values{"what": {"not_known"}, "all": {"1"}, "filter": {"status=undeclared"}, "owner": {"鈴木"}, "go": {"1"}, "n": {"19"}}
	if code, body := c.post("/ledger/decide", f); code != 200 || !strings.Contains(body, "一覧が変わりました") || !strings.Contains(body, "20 台が対象です") {
		t.Fatalf("%d %s", code, body)
	}
	f.Set("n", "20")
	if code, body := c.post("/ledger/decide", f); code != 200 || !strings.Contains(body, "20 台を「知らない機器」") {
		t.Fatalf("%d %s", code, body)
	}
	c.expect("/ledger?mark=not_known", "鈴木")
}

// Each decision on one machine, from its page.
func TestDecisionsOnOneMachine(t *testing.T) {
	c := open(t, 12)
	c.expect("/ledger/seen/"+machine(1).ID, "知っている", "部署に聞く", "この機器をご存じですか")
	c.expect("/ledger/seen/"+machine(4).ID, "OLD-00004", "PC-00004", "違いあり", "見えたとおりに直す", "台帳のままでよい")
	for _, x := range []struct {
		form url.Values
		want string
	}{
		{url.Values{"what": {"known"}, "id": {machine(1).ID}, "f.name": {formula}, "f.location": {hostile}, "f.ip": {"10.0.0.1"}}, "台帳に登録しました"},
		{url.Values{"what": {"known"}, "id": {machine(5).ID}, "f.ip": {"10.0.0.999"}}, "10.0.0.999"},
		{url.Values{"what": {"accept"}, "id": {machine(4).ID}, "field": {"name"}}, "見えたとおりに直しました"},
		{url.Values{"what": {"keep"}, "id": {machine(8).ID}, "owner": {"鈴木"}, "until": {"2027-03-31"}}, "理由を入れてください"},
		{url.Values{"what": {"keep"}, "id": {machine(8).ID}, "owner": {"鈴木"}, "until": {"2020-03-31"}, "why": {"改名予定"}}, "明日から3年後まで"},
		{url.Values{"what": {"keep"}, "id": {machine(8).ID}, "owner": {"鈴木"}, "until": {"2027-03-31"}, "why": {"改名予定"}}, "承知済みにしました"},
		{url.Values{"what": {"ask"}, "id": {machine(3).ID}, "to": {"検査科"}, "mail": {"k@example.jp"}, "subject": {hostile}, "text": {"これは何ですか"}}, "問い合わせを書き留めました"},
	} {
		x.form.Set("go", "1")
		if _, body := c.post("/ledger/decide", x.form); !strings.Contains(body, x.want) {
			t.Errorf("%v: lacks %q: %s", x.form, x.want, body)
		}
	}
	body := c.expect("/ledger/inquiries", "下書き", "これは何ですか", `href="mailto:k@example.jp?subject=`)
	c.sound("/ledger/inquiries", body)
	qs, err := c.app.Store.Inquiries(t.Context())
	if err != nil || len(qs) != 1 {
		t.Fatal(qs, err)
	}
	c.post("/ledger/inquiries/"+qs[0].ID, url.Values{"do": {"sent"}})
	c.expect("/ledger/inquiries", "返事待ち")
	c.post("/ledger/inquiries/"+qs[0].ID, url.Values{"answer": {hostile}})
	c.sound("/ledger/inquiries", c.expect("/ledger/inquiries", "返事あり"))
	code, csv := c.get("/ledger.csv")
	if code != 200 || !strings.Contains(csv, `"'=HYPERLINK(`) || strings.Contains(csv, `,"=HYPERLINK(`) {
		t.Errorf("the export has a formula: %s", csv)
	}
}

// Two people edit one row.
func TestSecondEditorIsTold(t *testing.T) {
	c := open(t, 4)
	l, err := c.app.Store.LatestLedger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	row := ledger.Rows(l, ledger.KindHosts)[1]
	path := "/ledger/rows/hosts/" + row.ID
	c.expect(path, row.Label, "保存する", `name="digest" value="`+row.Digest()+`"`)
	first := url.Values{"version": {"1"}, "digest": {row.Digest()}, "f.location": {"2階"}}
	c.name = "鈴木"
	if code, body := c.post(path, first); code != 200 || !strings.Contains(body, "台帳を直しました") {
		t.Fatalf("%d %s", code, body)
	}
	c.name = "佐藤"
	code, body := c.post(path, url.Values{"version": {"1"}, "digest": {row.Digest()}, "f.location": {"3階"}})
	if code != http.StatusConflict || !strings.Contains(body, "鈴木さん") || !strings.Contains(body, "いまの台帳：2階") || !strings.Contains(body, `value="3階"`) {
		t.Fatalf("%d %s", code, body)
	}
	c.sound(path, body)
	for _, bad := range []struct{ field, value, want string }{{"ip", "10.0.0.999", "10.0.0.999"}, {"mac", "zz", "zz"}} {
		code, body := c.post(path, url.Values{"f." + bad.field: {bad.value}})
		if code != http.StatusConflict || !strings.Contains(body, `aria-invalid="true"`) || !strings.Contains(body, `value="`+bad.value+`"`) {
			t.Errorf("%s: %d", bad.field, code)
		}
	}
	other := ledger.Rows(l, ledger.KindHosts)[0].Value("ip")
	if code, body := c.post(path, url.Values{"f.ip": {other}}); code != http.StatusConflict || !strings.Contains(body, "このまま保存する") {
		t.Errorf("%d %s", code, body)
	}
	if code, body := c.post(path, url.Values{"f.ip": {other}, "anyway": {"1"}}); code != 200 || !strings.Contains(body, "台帳を直しました") {
		t.Errorf("%d %s", code, body)
	}
}

// A decision that somebody built upon can't be undone as a whole; what was changed is named, the rest can be.
func TestUndoConflict(t *testing.T) {
	c := open(t, 12)
	c.post("/ledger/decide", url.Values{"what": {"known"}, "id": {machine(3).ID, machine(5).ID}, "go": {"1"}})
	bs, err := c.app.Store.Batches(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.app.Store.LatestLedger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows := ledger.Rows(l, ledger.KindHosts)
	c.name = "鈴木"
	if code, body := c.post("/ledger/rows/hosts/"+rows[len(rows)-1].ID, url.Values{"f.location": {"別館"}}); code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	code, body := c.post("/ledger/undo/"+bs[0].ID, nil)
	if code != http.StatusConflict || !strings.Contains(body, "PC-00005") || !strings.Contains(body, "鈴木さん") {
		t.Fatalf("%d %s", code, body)
	}
	c.sound("undo", body)
	if code, body := c.post("/ledger/undo/"+bs[0].ID, url.Values{"rest": {"1"}}); code != 200 || !strings.Contains(body, "元に戻しました") {
		t.Fatalf("%d %s", code, body)
	}
	if body := c.expect("/ledger?status=undeclared"); !strings.Contains(body, machine(3).ID) || strings.Contains(body, machine(5).ID) {
		t.Error("not the rest was undone")
	}
}
