package diagram

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

var update = flag.Bool("update", false, "write the golden files again")

// clinic is a small house with everything that the pictures tell apart: a declared network that nobody uses, one that
// nobody declared, a router nobody knows, a router nobody sees, a system without machines.
func clinic() (House, []model.Host, []model.Trail) {
	l := &model.Ledger{
		Zones: []model.Zone{{Name: "電子カルテ系"}, {Name: "情報系"}},
		Networks: []model.Network{
			{Name: "カルテ", Prefix: netip.MustParsePrefix("10.1.0.0/24"), VLAN: 10, Zone: "電子カルテ系", Gateway: netip.MustParseAddr("10.1.0.1")},
			{Name: "事務", Prefix: netip.MustParsePrefix("10.2.0.0/24"), VLAN: 20, Zone: "情報系", Gateway: netip.MustParseAddr("10.2.0.1")},
			{Name: "使っていない", Prefix: netip.MustParsePrefix("10.3.0.0/24"), Zone: "情報系"},
		},
		Systems: []model.System{{Name: "電子カルテ", Vendor: "架空システム", Owner: "情報室"}, {Name: "医事会計"}, {Name: "まだない <b>&"}},
		Lines:   []model.Line{{Name: "光回線", Kind: model.LineInternet, Carrier: "架空通信", Gateways: []netip.Addr{netip.MustParseAddr("10.2.0.1")}}, {Name: "保守", Kind: model.LineVPN}},
	}
	var h House
	declare := func(key, name, system string, c model.Class, ip string) {
		a := netip.MustParseAddr(ip)
		l.Hosts = append(l.Hosts, model.LedgerHost{Key: key, Name: name, System: system, Class: c, Addrs: []model.AddrRange{{From: a, To: a}}})
	}
	see := func(id, key string, c model.Class, ip string) {
		h.Hosts = append(h.Hosts, model.Brief{ID: id, IP: netip.MustParseAddr(ip), Class: c, Declared: key})
	}
	declare("K1", "カルテサーバー", "電子カルテ", model.ClassHIS, "10.1.0.10")
	declare("K2", "診察室PC", "電子カルテ", model.ClassPC, "10.1.0.20")
	declare("J1", "医事サーバー", "医事会計", model.ClassServer, "10.2.0.10")
	declare("R1", "出口ルーター", "", model.ClassRouter, "10.2.0.1")
	declare("R2", "古いルーター", "", model.ClassRouter, "10.1.0.1")
	see("h-k1", "K1", model.ClassHIS, "10.1.0.10")
	see("h-k2", "K2", model.ClassPC, "10.1.0.20")
	see("h-j1", "J1", model.ClassServer, "10.2.0.10")
	see("h-r1", "R1", model.ClassRouter, "10.2.0.1")
	see("h-x", "", model.ClassMobileRtr, "192.168.8.1")
	see("h-y", "", model.ClassUnknown, "10.2.0.99")
	h.Ledger = l
	h.Findings = []model.Finding{
		{ID: "f-1", Rule: "line.tethering", Severity: model.High, Assets: []model.Asset{{Host: "h-x"}}},
		{ID: "f-2", Rule: "service.telnet", Severity: model.Medium, Assets: []model.Asset{{Host: "h-j1"}, {Host: "h-k2"}}},
	}
	devices := []model.Host{
		{ID: "h-r1", IPs: []netip.Addr{netip.MustParseAddr("10.2.0.1"), netip.MustParseAddr("10.1.0.2")}, Names: []string{"gw"}, Maker: "Yamaha", Model: "RTX1220", Class: model.ClassRouter, Ledger: &model.LedgerRef{Key: "R1", Name: "出口ルーター"}},
		{ID: "h-x", IPs: []netip.Addr{netip.MustParseAddr("192.168.8.1")}, Names: []string{`<script>alert("x")</script>`}, Maker: "Huawei", Class: model.ClassMobileRtr},
	}
	at := time.Date(2026, 10, 7, 3, 0, 0, 0, time.UTC)
	talk := func(a, b, app string, bytes uint64) model.Talk {
		return model.Talk{Client: party(a), Server: party(b), Proto: 6, Port: 443, App: app, Flows: 3, BytesIn: bytes, First: at, Last: at}
	}
	trails := []model.Trail{
		{Host: "h-k2", Talks: []model.Talk{talk("h-k2", "h-k1", "ssl", 9e8), talk("h-k2", "h-j1", "http", 3e5)}},
		{Host: "h-k1", Talks: []model.Talk{talk("h-k2", "h-k1", "ssl", 9e8), talk("h-k1", "h-j1", "hl7", 5e6)}},
		{Host: "h-j1", Talks: []model.Talk{talk("h-k1", "h-j1", "hl7", 5e6), talk("h-j1", "198.51.100.9", "ssl", 700)}},
		{Host: "h-y", Talks: []model.Talk{talk("h-y", "h-j1", "smb", 100)}},
	}
	return h, devices, trails
}

func party(s string) model.Party {
	if a, err := netip.ParseAddr(s); err == nil {
		return model.Party{Addr: a}
	}
	return model.Party{Host: s, Addr: netip.MustParseAddr("10.9.9.9")}
}

func pictures(l locale.Lang) map[string]*Picture {
	h, devices, trails := clinic()
	s := NewSystems(h)
	for _, t := range trails {
		s.Add(t)
	}
	return map[string]*Picture{
		"board":   BoardPicture(l, MakeBoard(h), "2026-10-07"),
		"network": NetworkPicture(NetworkInput{House: h, Devices: devices, Lang: l, Stamp: "2026-10-07", HostURL: func(id string) string { return "/hosts/" + id }}),
		"system":  s.Picture(l, "2026-10-07"),
	}
}

func TestGolden(t *testing.T) {
	for _, l := range locale.Langs {
		for name, p := range pictures(l) {
			var b bytes.Buffer
			if err := SVG(&b, p); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+"."+string(l)+".svg")
			if *update {
				if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b.Bytes(), want) {
				t.Errorf("%s differs: look at it, then run with -update", file)
			}
			checkPicture(t, file, p)
			if strings.Contains(b.String(), "<script>") || strings.Contains(b.String(), "style=") {
				t.Errorf("%s lets text become markup", file)
			}
		}
	}
}

// What differs must be told without colour: the words are in the pictures.
func TestDifferencesAreNamed(t *testing.T) {
	f := func(picture, word string, times int) {
		t.Helper()
		n := 0
		for _, i := range pictures(locale.Japanese)[picture].Items {
			if i.Kind == Text && strings.Contains(i.Text, word) && !strings.Contains(i.Text, "：") {
				n++
			}
		}
		if n != times {
			t.Errorf("%s: %q is written %d times, not %d", picture, word, n, times)
		}
	}
	f("network", "台帳にあるが、見えていない", 2) // the old router, the network nobody uses
	f("network", "▲ 台帳にない", 3)       // the mobile router, its network, the way out
	f("system", "台帳にあるが、見えていない", 1)
	f("system", "▲ 台帳にない", 1)
}

// checkPicture: everything inside, text within its room, no text over another.
func checkPicture(t *testing.T, name string, p *Picture) {
	t.Helper()
	var texts []rect
	inside := func(x, y float64) bool { return x >= -0.01 && y >= -0.01 && x <= p.W+0.01 && y <= p.H+0.01 }
	for i := range p.Items {
		x := &p.Items[i]
		for _, q := range x.Points {
			if !inside(q.X, q.Y) || !inside(q.X+x.Size, q.Y+x.Size) && x.Kind == Cells {
				t.Errorf("%s: a point at %v is outside", name, q)
			}
		}
		switch x.Kind {
		case Rect:
			if !inside(x.X, x.Y) || !inside(x.X+x.W, x.Y+x.H) || x.W < 0 || x.H < 0 {
				t.Errorf("%s: box %+v is outside of %v x %v", name, *x, p.W, p.H)
			}
		case Text:
			w := Width(x.Text, x.Size, x.Bold)
			r := rect{x.X, x.Y - 0.8*x.Size, w, 0.95 * x.Size}
			if x.Align == Middle {
				r.x -= w / 2
			}
			if w > x.W+0.01 || !inside(r.x, r.y) || !inside(r.x+r.w, r.y+r.h) {
				t.Errorf("%s: text %q does not fit", name, x.Text)
			}
			if k := slices.IndexFunc(texts, r.meets); k >= 0 && w > 0 {
				t.Errorf("%s: text %q lies over another at %v", name, x.Text, texts[k])
			}
			texts = append(texts, r)
		}
	}
}

func TestBoardsKeepTheirPromises(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		h := randomHouse(rng, round)
		b := MakeBoard(h)
		if again := MakeBoard(h); fmt.Sprint(*again) != fmt.Sprint(*b) {
			t.Fatal("the same house gives two boards")
		}
		if len(b.Cells) != len(h.Hosts) {
			t.Fatalf("%d cells for %d hosts", len(b.Cells), len(h.Hosts))
		}
		for i := range b.Boxes {
			x := rect{b.Boxes[i].X, b.Boxes[i].Y, b.Boxes[i].W, b.Boxes[i].H}
			if x.x < 0 || x.y < 0 || x.x+x.w > b.W+1e-9 || x.y+x.h > b.H+1e-9 {
				t.Fatalf("box %+v is outside of %v x %v", x, b.W, b.H)
			}
			for j := range i {
				if x.meets(rect{b.Boxes[j].X, b.Boxes[j].Y, b.Boxes[j].W, b.Boxes[j].H}) {
					t.Fatalf("boxes %d and %d overlap: %+v %+v", i, j, b.Boxes[i], b.Boxes[j])
				}
			}
		}
		taken := map[[2]float64]bool{}
		for i := range b.Cells {
			x, y := b.At(i)
			box := b.Boxes[b.Cells[i].Box]
			if taken[[2]float64{x, y}] || x-0.5 < box.X || x+0.5 > box.X+box.W || y-0.5 < box.Y || y+0.5 > box.Y+box.H {
				t.Fatalf("cell %d at %v, %v of %+v", i, x, y, box)
			}
			taken[[2]float64{x, y}] = true
		}
		checkPicture(t, fmt.Sprint("board ", round), BoardPicture(locale.Japanese, b, "いま"))
	}
}

func randomHouse(rng *rand.Rand, round int) House {
	h := House{Ledger: &model.Ledger{}}
	zones := 1 + rng.IntN(14)
	for z := range zones {
		h.Ledger.Zones = append(h.Ledger.Zones, model.Zone{Name: strings.Repeat("長い名前の区画", 1+rng.IntN(3)) + fmt.Sprint(z)})
		h.Ledger.Networks = append(h.Ledger.Networks, model.Network{Name: fmt.Sprint("n", z), Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(z), 0, 0}), 16), Zone: h.Ledger.Zones[z].Name})
	}
	for i := range 1 + rng.IntN(40)*rng.IntN(40) {
		a := netip.AddrFrom4([4]byte{10, byte(rng.IntN(zones * 2)), byte(rng.IntN(3)), byte(i)})
		if rng.IntN(50) == 0 {
			a = netip.Addr{}
		}
		h.Hosts = append(h.Hosts, model.Brief{ID: fmt.Sprintf("h-%d-%d", round, i), IP: a})
		if rng.IntN(9) == 0 {
			h.Findings = append(h.Findings, model.Finding{ID: fmt.Sprint("f-", i), Rule: "line.tunnel", Severity: model.Severity(rng.IntN(5)), Assets: []model.Asset{{Host: fmt.Sprintf("h-%d-%d", round, rng.IntN(i+1))}}})
		}
	}
	return h
}

func TestFlowchartsKeepTheirPromises(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for round := range 300 {
		n := 1 + rng.IntN(40)
		nodes := make([]flowNode, n)
		var edges []flowEdge
		for i := range nodes {
			nodes[i].W, nodes[i].H = 20+rng.Float64()*200, 10+rng.Float64()*80
		}
		for range rng.IntN(3 * n) {
			a, b := rng.IntN(n), rng.IntN(n)
			if a != b {
				edges = append(edges, flowEdge{From: a, To: b})
			}
		}
		for i, level := range rank(n, edges, 1+rng.IntN(6)) {
			nodes[i].Layer = level
		}
		again, edgesAgain := slices.Clone(nodes), slices.Clone(edges)
		w, h := layered(nodes, edges)
		layered(again, edgesAgain)
		for i, x := range nodes {
			if x != again[i] {
				t.Fatal("the same chart gives two layouts")
			}
			if x.X < -1e-9 || x.Y < -1e-9 || x.X+x.W > w+1e-9 || x.Y+x.H > h+1e-9 {
				t.Fatalf("round %d: %+v is outside of %v x %v", round, x, w, h)
			}
			for _, y := range nodes[:i] {
				if (rect{x.X, x.Y, x.W, x.H}).meets(rect{y.X, y.Y, y.W, y.H - 1e-9}) {
					t.Fatalf("round %d: %+v and %+v overlap", round, x, y)
				}
			}
		}
		for _, e := range edges {
			p, q := e.Points[0], e.Points[len(e.Points)-1]
			if !onSide(p, nodes[e.From]) || !onSide(q, nodes[e.To]) {
				t.Fatalf("round %d: an edge from %v to %v does not join its boxes", round, p, q)
			}
			for _, x := range nodes {
				for i := 1; i < len(e.Points); i++ {
					if crosses(e.Points[i-1], e.Points[i], x) {
						t.Fatalf("round %d: an edge runs through a box", round)
					}
				}
			}
		}
	}
}

func onSide(p Point, n flowNode) bool {
	return (math.Abs(p.X-n.X) < 1e-9 || math.Abs(p.X-n.X-n.W) < 1e-9) && p.Y >= n.Y && p.Y <= n.Y+n.H
}

// crosses reports whether a line goes through the inside of a box.
func crosses(a, b Point, n flowNode) bool {
	for i := 1; i < 60; i++ {
		t := float64(i) / 60
		x, y := a.X+t*(b.X-a.X), a.Y+t*(b.Y-a.Y)
		if x > n.X+1 && x < n.X+n.W-1 && y > n.Y+1 && y < n.Y+n.H-1 {
			return true
		}
	}
	return false
}

func TestFit(t *testing.T) {
	f := func(s string, room float64, want string) {
		t.Helper()
		if got := Fit(s, 10, false, room); got != want {
			t.Errorf("Fit(%q, %v) = %q, want %q", s, room, got, want)
		}
	}
	f("電子カルテ", 100, "電子カルテ")
	f("電子カルテ", 40, "電子…")
	f("電子カルテ", 5, "")
	f("a\nb\x00c", 100, "a b c")
	f("", 0, "")
	f("\xff\xfe", 100, "\uFFFD")
}
