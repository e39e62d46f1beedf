package report

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

func TestVendorMessage(t *testing.T) {
	a := netip.MustParseAddr("10.1.0.20")
	led := &model.Ledger{
		Hosts:   []model.LedgerHost{{Name: "他", Vendor: "別の会社"}, {Name: "CT1", Addrs: []model.AddrRange{{From: a, To: a}}, Vendor: "画像システム社"}},
		Vendors: []model.Vendor{{Name: "画像システム社", Contact: "山田", Mail: "yamada@example.jp"}},
	}
	f := model.Finding{
		ID: "f-1", Rule: "service.telnet", Params: map[string]string{"host": "CT1\r\nBcc: evil@example.com", "clients": "10.1.0.5"},
		Assets: []model.Asset{{Label: "x", IP: "10.1.0.20"}}, First: time.Unix(0, 0), Last: time.Unix(60, 0),
	}
	for _, l := range locale.Langs {
		m := VendorMessage(l, time.UTC, f, led, model.Institution{Name: "見本病院"}, "佐藤")
		if m.To != "yamada@example.jp" || m.Vendor != "画像システム社" {
			t.Errorf("to %q of %q", m.To, m.Vendor)
		}
		if strings.ContainsAny(m.Subject, "\r\n") {
			t.Errorf("a subject of several lines: %q", m.Subject)
		}
		for _, want := range []string{"見本病院", "佐藤", "山田", "10.1.0.20", "f-1", "1970-01-01 00:01"} {
			if !strings.Contains(m.Body, want) {
				t.Errorf("%s: lacks %s:\n%s", l, want, m.Body)
			}
		}
	}
	if m := VendorMessage(locale.Japanese, nil, f, nil, model.Institution{}, ""); m.To != "" || !strings.Contains(m.Body, locale.T(locale.Japanese, "message.blank")) {
		t.Errorf("%+v", m)
	}
}

func TestMailAddress(t *testing.T) {
	for in, want := range map[string]string{
		" a@example.jp ": "a@example.jp", "a@example.jp?bcc=b@example.jp": "", "a@example.jp,b@example.jp": "", "山田 <a@example.jp>": "", "a": "", "": "",
		"a@example.jp\nBcc: b@example.jp": "",
	} {
		if got := mailAddress(in); got != want {
			t.Errorf("%q gives %q", in, got)
		}
	}
}
