package remote_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/remote"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

func TestCaptures(t *testing.T) {
	streamtest.Capture(t, "captures/ndpi/nomachine.pcapng", []string{"remote"},
		`192.168.88.208 remote.control "nomachine" <- 192.168.88.231 :4000 x3`,
		`192.168.88.231 remote.control "nomachine" <- 192.168.88.208 :4000 x5`)
}

func TestVNC(t *testing.T) {
	streamtest.Check(t, 5910, []string{"<RFB 003.008\n", ">RFB 003.003\n", "<\x01\x02"}, dissect.VNC,
		`server banner.vnc "RFB 003.008" :5910`, `server remote.control "vnc" :5910`, `client remote.control "vnc" <- server :5910`)
	if _, app := streamtest.Play(5900, "<RFB 3.8\n"); app != dissect.Unknown {
		t.Errorf("malformed version is %q", app)
	}
}

func TestProducts(t *testing.T) {
	both := func(port uint16, app dissect.App, name string, turns ...string) {
		t.Helper()
		p := `:` + map[uint16]string{5938: "5938", 21116: "21116", 4899: "4899", 6129: "6129"}[port]
		streamtest.Check(t, port, turns, app, `client remote.control "`+name+`" <- server `+p, `server remote.control "`+name+`" <- client `+p)
	}
	both(5938, dissect.TeamViewer, "teamviewer", ">\x17\x24\x0a\x20\x00\x00", "<\x17\x24\x0b\x20")
	both(5938, dissect.TeamViewer, "teamviewer", ">\x11\x30\x10\x00\x01\x02", "<\x11\x30\x11\x00")
	both(21116, dissect.RustDesk, "rustdesk", ">\x38\x7a\x0c\x0a\x0a1234567890", "<\x10\x82\x01\x01\x00")
	both(4899, dissect.Radmin, "radmin", ">\x01\x00\x00\x00\x01\x00\x00\x00\x08\x08", "<\x01\x00\x00\x00\x25")
	both(6129, dissect.DameWare, "dameware", "<\x30\x11\x00\x00\x00\x00\x00\x00", ">\x10\x27")
	for _, turn := range []string{">\x17\x24\x0a\x20\x00\x00", ">\x38\x7a\x0c\x0a\x0a1234567890", "<\x30\x11\x00\x00\x00\x00\x00\x00"} {
		if obs, app := streamtest.Play(7777, turn); app != dissect.Unknown || len(obs) > 0 {
			t.Errorf("%q on another port is %q: %v", turn, app, obs)
		}
	}
}

func TestDatagrams(t *testing.T) {
	f := func(port uint16, b, want string) {
		t.Helper()
		rec := dissect.NewRecorder(dissect.Limits{})
		c := &dissect.Ctx{Rec: rec, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.9"), SrcPort: 40000, DstPort: port, ToServer: true}
		for _, spec := range remote.Datagrams() {
			spec.Data(c, []byte(b))
		}
		obs := dissect.Merge(rec).Observations
		wanted := []string{}
		if want != "" {
			wanted = append(wanted, want)
		}
		if d := cmp.Diff(wanted, streamtest.Lines(obs)); d != "" {
			t.Errorf("%q (-want +got):\n%s", b, d)
		}
	}
	f(5938, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x17\x24\x60", `client remote.control "teamviewer" <- server :5938`)
	f(21116, "\x32\x0b\x0a\x09123456789", `client remote.control "rustdesk" <- server :21116`)
	f(21119, "\xb2\x01\x06\x0a\x04ping", `client remote.control "rustdesk" <- server :21119`)
	f(21116, "\x32\xff\x0a\x09123456789", "")
	f(5938, "\x00\x17\x24", "")
}

func FuzzRemote(f *testing.F) {
	f.Add([]byte("RFB 003.008\n\x01"), []byte("RFB 003.008\n\x02\x01\x02"), 5)
	f.Add([]byte("\x38\x7a\x0c\x0a\x0a1234567890"), []byte("\x17\x24\x0a\x20"), 3)
	f.Fuzz(func(t *testing.T, a, b []byte, cut int) {
		streamtest.Fuzz(t, remote.Streams(), 21116, a, b, cut)
		for _, port := range []uint16{5938, 21116, 21119, 4000} {
			streamtest.Play(port, ">"+string(a), "<"+string(b))
			c := &dissect.Ctx{Rec: dissect.NewRecorder(dissect.Limits{}), DstPort: port, ToServer: true}
			for _, spec := range remote.Datagrams() {
				spec.Data(c, a)
			}
		}
	})
}
