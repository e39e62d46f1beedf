package indicator

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

const stix = `{"type":"bundle","id":"bundle--1","objects":[
{"type":"identity","name":"x"},
{"type":"indicator","name":"Beacon","pattern":"[ipv4-addr:value = '198.51.100.7']","pattern_type":"stix"},
{"type":"indicator","pattern":"[domain-name:value = 'bad.example' OR url:value = 'http://x.example/a']","pattern_type":"stix"},
{"type":"indicator","pattern":"[file:hashes.'SHA-256' = '` + sha + `']","pattern_type":"stix"},
{"type":"indicator","pattern":"[ipv4-addr:value = '198.51.100.8' AND domain-name:value = 'good.example']","pattern_type":"stix"},
{"type":"indicator","pattern":"[ipv4-addr:value = '198.51.100.9']","pattern_type":"stix","revoked":true}]}`

const misp = `{"Event":{"info":"Campaign","Attribute":[
{"type":"ip-dst|port","value":"198.51.100.7|443","to_ids":true},
{"type":"domain","value":"only-context.example","to_ids":false},
{"type":"comment","value":"text","to_ids":true}],
"Object":[{"Attribute":[{"type":"filename|sha256","value":"a.exe|` + sha + `","to_ids":true},{"type":"hostname","value":"c2.bad.example"}]}]}}`

const sha = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestFormats(t *testing.T) {
	for _, tc := range []struct {
		format, text string
		want         []string
		left         int
	}{
		{"stix", stix, []string{"address 198.51.100.7", "domain bad.example", "url http://x.example/a", "hash " + sha}, 1},
		{"misp", misp, []string{"address 198.51.100.7", "hash " + sha, "domain c2.bad.example"}, 1},
		{"misp", `[` + misp + `]`, []string{"address 198.51.100.7", "hash " + sha, "domain c2.bad.example"}, 1},
		{"csv", "first_seen,ioc_value,malware\n2026,hxxp://evil[.]example/x,Q\n2026,203.0.113.0/24,\n2026,10.0.0.1,\n", []string{"url http://evil.example/x", "network 203.0.113.0/24"}, 1},
		{"csv", "2026;198.51.100.7;x\n2026;bad.example;y\n", []string{"address 198.51.100.7", "domain bad.example"}, 0},
		{
			"list", "\xef\xbb\xbf# a list\n198.51.100.7\nBAD[.]example. # why\n*.worse.example\n0.0.0.0 ads.example\nt13d1516h2_8daaf6152771_b186095e22b6\n198.51.100.7\n192.168.0.0/16\n8.0.0.0/4\nnot a thing\n例え.テスト\n",
			[]string{"address 198.51.100.7", "domain bad.example", "domain worse.example", "domain ads.example", "ja4 t13d1516h2_8daaf6152771_b186095e22b6", "domain xn--r8jz45g.xn--zckzah"},
			3,
		},
	} {
		f, err := Parse("f", strings.NewReader(tc.text), MaxEntries)
		if err != nil {
			t.Errorf("%s: %v", tc.format, err)
			continue
		}
		var got []string
		for _, e := range f.Entries {
			got = append(got, string(e.Kind)+" "+e.Value)
		}
		if f.Format != tc.format || !slices.Equal(got, tc.want) || f.LeftOut != tc.left {
			t.Errorf("%s %q, %d left out %+v; want %s %q, %d", f.Format, got, f.LeftOut, f.Slips, tc.format, tc.want, tc.left)
		}
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	for text, want := range map[string]error{
		"":                                 ErrFormat,
		"\xff\xfe\x00":                     ErrFormat,
		`{"type":"bundle","objects":`:      ErrFormat,
		`{"a":1}`:                          ErrFormat,
		"# nothing\n":                      ErrNone,
		`{"type":"bundle","objects":[]}`:   ErrNone,
		strings.Repeat("a.example\n", 4e6): ErrLarge,
	} {
		if _, err := Parse("f", strings.NewReader(text), MaxEntries); !errors.Is(err, want) {
			t.Errorf("%.30q: %v, want %v", text, err, want)
		}
	}
}

func TestMoreThanMostIsCounted(t *testing.T) {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "h%d.example\n", i)
	}
	f, err := Parse("f", strings.NewReader(b.String()), 30)
	if err != nil || len(f.Entries) != 30 || f.LeftOut != 70 || len(f.Slips) != maxSlips || f.Slips[0].Why != "past" {
		t.Errorf("%v %d entries, %d left out", err, len(f.Entries), f.LeftOut)
	}
}

func TestSet(t *testing.T) {
	f, err := Parse("feed", strings.NewReader("198.51.100.7\n203.0.113.0/24\n2001:db9::/32\nbad.example\nt13d1516h2_8daaf6152771_b186095e22b6\n"), MaxEntries)
	if err != nil {
		t.Fatal(err)
	}
	s := NewSet([]Feed{*f})
	for a, want := range map[string]bool{"198.51.100.7": true, "198.51.100.8": false, "203.0.113.255": true, "203.0.114.0": false, "2001:db9:1::1": true, "2001:dba::1": false} {
		if h, ok := s.Addr(netip.MustParseAddr(a)); ok != want || ok && h.Feed != "feed" {
			t.Errorf("%s: %v", a, ok)
		}
	}
	for n, want := range map[string]bool{"bad.example": true, "A.b.BAD.example.": true, "notbad.example": false, "example": false, "": false} {
		if _, ok := s.Name(n); ok != want {
			t.Errorf("%q: %v", n, ok)
		}
	}
	if _, ok := s.Fingerprint("t13d1516h2_8daaf6152771_b186095e22b6"); !ok {
		t.Error("no JA4")
	}
	var none *Set
	if _, ok := none.Addr(netip.MustParseAddr("198.51.100.7")); ok || !none.Empty() {
		t.Error("nothing is found in nothing")
	}
}

// What is kept can be read again and means the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{stix, misp, "a,b\n1.2.3.4,c\n", "1.2.3.4\nx.example\n", "[", "\"", "{}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := Parse("f", strings.NewReader(string(b)), 50)
		if err != nil {
			return
		}
		if len(x.Entries) == 0 || len(x.Entries) > 50 || len(x.Slips) > maxSlips {
			t.Fatalf("%d entries, %d slips", len(x.Entries), len(x.Slips))
		}
		for _, e := range x.Entries {
			again, why := Read(e.Value)
			if why != "" || again.Kind != e.Kind || again.Value != e.Value {
				t.Fatalf("%+v is read as %+v %s", e, again, why)
			}
		}
		NewSet([]Feed{*x})
	})
}
