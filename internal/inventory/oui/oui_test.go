package oui

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/catalog"
	"github.com/mimawari/mimawari/internal/model"
)

func TestLookup(t *testing.T) {
	f := func(mac, want string) {
		t.Helper()
		m, err := model.ParseMAC(mac)
		if err != nil {
			t.Fatal(err)
		}
		if got := Lookup(m); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s is %q, want %q", mac, got, want)
		}
	}
	f("b8:27:eb:00:00:01", "Raspberry Pi")
	f("00:a0:de:00:00:01", "YAMAHA")
	f("00:11:32:00:00:01", "Synology")
	f("70:b3:d5:f2:f1:23", "TELEPLATFORMS") // MA-S, 36 bits
	f("74:1a:e0:91:23:45", "")              // a private MA-M
	f("20:85:93:b1:23:45", "IOG Products")  // MA-M, 28 bits
	f("a2:11:22:33:44:55", "")              // random
	f("01:00:5e:00:00:fb", "")              // multicast
}

func TestTableIsSmallAndWhole(t *testing.T) {
	b, err := fs.ReadFile(catalog.FS, File)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 600<<10 {
		t.Errorf("%d bytes, want at most 600 kB", len(b))
	}
	x, err := Unpack(b)
	if err != nil {
		t.Fatal(err)
	}
	if x.Len() < 40_000 {
		t.Errorf("%d assignments", x.Len())
	}
}

func TestPackDoesNotDependOnOrder(t *testing.T) {
	es := []Entry{{0x001132, 24, "Synology"}, {0xb827eb, 24, "Raspberry Pi"}, {0x741ae09, 28, "X"}, {0x70b3d5f2f, 36, "Y"}}
	a, err := Pack(es)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Pack([]Entry{es[3], es[1], es[0], es[2]})
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("another order gives other bytes (%v)", err)
	}
}

func BenchmarkUnpack(b *testing.B) {
	packed, err := fs.ReadFile(catalog.FS, File)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Unpack(packed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	m := model.MAC{0xb8, 0x27, 0xeb, 1, 2, 3}
	b.ReportAllocs()
	for b.Loop() {
		if Lookup(m) == "" {
			b.Fatal("not found")
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("OUI1\x01Acme\n\x00\x00\x01\x05\x00\x00"), []byte{0, 0, 5, 1, 2, 3})
	f.Add([]byte("OUI1\xff\xff\xff\x0f"), []byte{0})
	f.Fuzz(func(_ *testing.T, raw, mac []byte) {
		x, err := parse(raw)
		if err != nil {
			return
		}
		var m model.MAC
		copy(m[:], mac)
		x.Lookup(m)
	})
}
