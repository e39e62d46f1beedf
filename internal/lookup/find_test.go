package lookup_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/bench/house"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/lookup"
	"github.com/mimawari/mimawari/internal/model"
)

var morning = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

// clinic is a small institution: what its people would type is below.
func clinic() (model.Result, *model.Ledger) {
	host := func(name string, mac byte, key string, ips ...string) model.Host {
		h := model.Host{ID: model.HostID(name), Names: []string{name}, MACs: []model.MAC{{0, 0x11, 0x22, 0x33, 0xaa, mac}}, Maker: "ＦＵＪＩＴＳＵ", Class: model.ClassPC, First: morning, Last: morning}
		for _, ip := range ips {
			h.IPs = append(h.IPs, addr(ip))
		}
		if key != "" {
			h.Ledger = &model.LedgerRef{Key: key, Name: "台帳の" + name, By: "ip"}
		}
		return h
	}
	hosts := []model.Host{
		host("CT-1", 1, "A-001", "10.1.0.2"), host("ct-1-console", 2, "", "10.1.0.20"), host("受付PC", 3, "A-003", "10.1.0.200", "2001:db8::1"),
		host(`<script>alert(1)</script>`, 4, "", "10.2.0.2"),
	}
	f := func(rule, what string, sev model.Severity, h model.Host) model.Finding {
		return model.Finding{
			ID: model.FindingID(rule, what), Rule: rule, Severity: sev, State: model.Open, First: morning, Last: morning, Count: 1,
			Params: map[string]string{"host": h.Names[0]}, Assets: []model.Asset{{Host: h.ID, Label: h.Names[0], IP: h.IPs[0].String()}},
		}
	}
	l := &model.Ledger{
		Hosts: []model.LedgerHost{
			{Key: "A-001", AssetNo: "A-001", Name: "CT装置", Department: "放射線科", Location: "地下1階 CT室", Vendor: "キヤノンメディカル", System: "PACS", Owner: "山本", Addrs: []model.AddrRange{{From: addr("10.1.0.2"), To: addr("10.1.0.2")}}},
			{Key: "A-003", AssetNo: "A-003", Name: "受付PC", Department: "医事課", Location: "1階 受付"},
			{Key: "A-009", AssetNo: "A-009", Name: "予備ノート", MACs: []model.MAC{{0, 0x11, 0x22, 0x33, 0xbb, 9}}},
		},
		Lines:   []model.Line{{Name: "保守回線 キヤノン", Vendor: "キヤノンメディカル"}},
		Vendors: []model.Vendor{{Name: "キヤノンメディカル", Phone: "03-0000-0000"}},
	}
	return model.Result{
		Hosts: hosts, Findings: []model.Finding{f("service.smb1", "a", model.Medium, hosts[2]), f("service.rdp_from_outside", "b", model.Critical, hosts[0])},
		Patrol: model.Patrol{ID: "p-1", Started: morning, Ended: morning},
	}, l
}

func finder(t testing.TB, r model.Result, l *model.Ledger) (*lookup.Finder, *app.App) {
	t.Helper()
	a, err := app.Open(context.Background(), t.TempDir(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	if err := a.Store.SaveResult(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Store.SaveLedger(context.Background(), l); err != nil {
		t.Fatal(err)
	}
	return &lookup.Finder{Source: a.Store}, a
}

// said writes down a result: hosts, findings and rows, "!" for what fits exactly.
func said(r lookup.Result) string {
	var s []string
	mark := map[bool]string{true: "!", false: ""}
	for _, h := range r.Hosts.Hits {
		s = append(s, h.Thing.Names[0]+mark[h.Exact])
	}
	for _, h := range r.Findings.Hits {
		s = append(s, h.Thing.Rule+mark[h.Exact])
	}
	for _, h := range r.Rows.Hits {
		s = append(s, string(h.Thing.Kind)+"/"+h.Thing.Label+mark[h.Exact])
	}
	return strings.Join(s, " ")
}

func TestOneBoxFindsEverything(t *testing.T) {
	r, l := clinic()
	f, _ := finder(t, r, l)
	for _, c := range []struct{ what, typed, want string }{
		{"an address, the one before those that begin like it", "10.1.0.2", "CT-1! ct-1-console 受付PC service.rdp_from_outside! service.smb1 hosts/CT装置!"},
		{"the beginning of an address", "10.2.", "<script>alert(1)</script>"},
		{"full-width digits", "１０．１．０．２０", "ct-1-console! 受付PC service.smb1"},
		{"IPv6 in another spelling", "2001:DB8:0:0::1", "受付PC!"},
		{"a MAC with dashes", "00-11-22-33-AA-02", "ct-1-console!"},
		{"a MAC as a switch writes it", "0011.2233.aa03", "受付PC!"},
		{"part of a MAC as a switch writes it", "2233.aa0", "CT-1 ct-1-console 受付PC <script>alert(1)</script>"},
		{"a MAC that only the ledger knows", "001122:33bb09", "hosts/予備ノート!"},
		{"a name, whole ones first", "ct-1", "CT-1! ct-1-console service.rdp_from_outside!"},
		{"half-width kana", "ｷﾔﾉﾝﾒﾃﾞｨｶﾙ", "CT-1 hosts/CT装置! lines/保守回線 キヤノン! vendors/キヤノンメディカル!"},
		{"a department finds its machines", "放射線科", "CT-1 hosts/CT装置!"},
		{"a place", "1階 受付", "受付PC hosts/受付PC!"},
		{"an owner", "山本", "CT-1 hosts/CT装置!"},
		{"a system", "pacs", "CT-1 hosts/CT装置!"},
		{"a maker, in any width", "fujitsu ct", "CT-1 ct-1-console"},
		{"a line", "保守回線", "lines/保守回線 キヤノン"},
		{"the id of a finding", r.Findings[0].ID, "service.smb1!"},
		{"a rule", "service.smb1", "service.smb1!"},
		{"words of a finding's title", "smb", "service.smb1"},
		{"several words, each somewhere", "10.1 con", "ct-1-console"},
		{"markup is text", "<script>", "<script>alert(1)</script>"},
		{"nothing", " \u3000 ", ""},
		{"SQL is text", "' OR 1=1 --", ""},
		{"wildcards are text", "%", ""},
		{"controls and broken bytes", "\x00\xff\u202e", ""},
	} {
		got, err := f.Find(t.Context(), c.typed, 0)
		if err != nil {
			t.Fatal(err)
		}
		if s := said(got); s != c.want {
			t.Errorf("%s: %q finds\n %s\nwant\n %s", c.what, c.typed, s, c.want)
		}
	}
}

func TestOnlyGoesToTheOneThatIsMeant(t *testing.T) {
	r, l := clinic()
	f, _ := finder(t, r, l)
	for typed, want := range map[string]string{
		"10.1.0.2": "host CT-1", "10.1": "", "受付pc": "host 受付PC", r.Findings[1].ID: "finding service.rdp_from_outside", "A-009": "row 予備ノート", "キヤノンメディカル": "", "none": "",
	} {
		res, err := f.Find(t.Context(), typed, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		switch h, x, row := res.Only(); {
		case h != nil:
			got = "host " + h.Names[0]
		case x != nil:
			got = "finding " + x.Rule
		case row != nil:
			got = "row " + row.Label
		}
		if got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

// What is kept in memory follows what is stored.
func TestWhatIsFoundIsNeverOld(t *testing.T) {
	r, l := clinic()
	f, a := finder(t, r, l)
	find := func(typed string) string {
		res, err := f.Find(t.Context(), typed, 0)
		if err != nil {
			t.Fatal(err)
		}
		return said(res)
	}
	if got := find("mri"); got != "" {
		t.Fatalf("%q", got)
	}
	r.Hosts = append(r.Hosts[1:], model.Host{ID: model.HostID("mri"), Names: []string{"MRI"}, IPs: []netip.Addr{addr("10.1.0.9")}, First: morning, Last: morning})
	r.Patrol.ID, r.Patrol.Ended, r.Patrol.Ledger = "p-2", morning.Add(time.Hour), 1
	if err := a.Store.SaveResult(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got := find("mri"); got != "MRI!" {
		t.Errorf("after a patrol: %q", got)
	}
	if got := find("ct-1"); strings.Contains(got, "CT-1") {
		t.Errorf("a host that is gone is found: %q", got)
	}
	l.Hosts[0].Department = "検査科"
	if _, err := a.Store.SaveLedger(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if got := find("検査科"); got != "hosts/CT装置!" {
		t.Errorf("after a new ledger: %q", got)
	}
	if err := a.Store.SetFindingState(t.Context(), r.Findings[0].ID, model.Acknowledged, "佐藤", "", "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	res, err := f.Find(t.Context(), r.Findings[0].ID, 0)
	if err != nil || res.Findings.Hits[0].Thing.State != model.Acknowledged {
		t.Errorf("after a decision: %+v %v", res.Findings, err)
	}
}

// No kind takes all places of the answer, and all are counted.
func TestPlacesAreShared(t *testing.T) {
	h := house.Make(house.Options{Hosts: 300, Findings: 100, Seed: 1, Now: morning})
	f, _ := finder(t, h.Result, h.Ledger)
	for _, limit := range []int{1, 7, 50, 1000} {
		res, err := f.Find(t.Context(), "10.", limit)
		if err != nil {
			t.Fatal(err)
		}
		n := len(res.Hosts.Hits) + len(res.Findings.Hits) + len(res.Rows.Hits)
		if n != min(limit, lookup.Most) || res.Hosts.Total < 250 || limit >= 7 && (len(res.Findings.Hits) == 0 || len(res.Rows.Hits) == 0) {
			t.Errorf("limit %d: %d hits, %d of %d hosts", limit, n, len(res.Hosts.Hits), res.Hosts.Total)
		}
	}
}

func TestManySearchAtOnce(t *testing.T) {
	r, l := clinic()
	f, a := finder(t, r, l)
	done := make(chan error)
	for i := range 8 {
		go func() {
			var err error
			for j := range 20 {
				if i == 0 && j%5 == 0 {
					_, err = a.Store.SaveLedger(t.Context(), l)
				} else {
					_, err = f.Find(t.Context(), fmt.Sprint("10.1.0.", j), 0)
				}
				if err != nil {
					break
				}
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"10.1.0.2", "ct 受付", "0011.2233", "::", "%_'\"\\", "\xff\x00", strings.Repeat("a ", 300), "ﾊﾟ"} {
		f.Add(s)
	}
	r, l := clinic()
	x, _ := finder(f, r, l)
	f.Fuzz(func(t *testing.T, s string) {
		res, err := x.Find(t.Context(), s, 0)
		if err != nil {
			t.Fatal(err)
		}
		if n := res.Total(); n > len(r.Hosts)+len(r.Findings)+5 {
			t.Errorf("%q: %d hits", s, n)
		}
	})
}
