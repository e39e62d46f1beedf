package media_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/media"
	"github.com/mimawari/mimawari/internal/proto/prototest"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

func TestCaptures(t *testing.T) {
	streamtest.Capture(t, "captures/ndpi/rtsp.pcap.gz", []string{"rtsp"}, `10.2.2.2 rtsp.server "VLC/3.0.12" :8554 x30`)
	_, apps := prototest.Run(t, prototest.Shared(t, "captures/ndpi/h323.pcap"))
	n := 0
	for _, app := range apps {
		if app == dissect.H323 {
			n++
		}
	}
	if n != 5 {
		t.Errorf("%d flows are H.323, want 5", n)
	}
}

func TestRTSP(t *testing.T) {
	streamtest.Check(t, 8000, []string{
		">DESCRIBE rtsp://10.0.0.9/live RTSP/1.0\r\nCSeq: 1\r\n\r\n",
		"<RTSP/1.0 401 Unauthorized\r\nServer: HiIpcam/V100R003\r\nWWW-Authenticate: Basic realm=\"IP Camera(C1234)\"\r\n\r\n",
		">DESCRIBE rtsp://10.0.0.9/live RTSP/1.0\r\nAuthorization: Basic YTpi\r\n\r\n",
	}, dissect.RTSP,
		`server rtsp.server "HiIpcam/V100R003" :8000`, `server http.realm "IP Camera(C1234)" :8000`, `server login.cleartext "rtsp-basic" <- client :8000`)
}

const invite = "INVITE sip:200@10.0.0.9 SIP/2.0\r\nFrom: <sip:taro@10.0.0.1>\r\nuser-agent: NEC DT900\r\n\r\nServer: body\r\n"

func TestSIP(t *testing.T) {
	streamtest.Check(t, 5060, []string{">" + invite[:len(invite)-14], "<SIP/2.0 200 OK\r\nServer: Asterisk PBX 16\r\n\r\n"}, dissect.SIP,
		`client sip.agent "NEC DT900"`, `server sip.agent "Asterisk PBX 16"`)
	rec := dissect.NewRecorder(dissect.Limits{})
	c := context(rec, 5060)
	if v := ask(dissect.SIP, c, invite); v != dissect.Yes {
		t.Errorf("verdict %d", v)
	}
	obs := dissect.Merge(rec).Observations
	if d := cmp.Diff([]string{`client sip.agent "NEC DT900"`}, streamtest.Lines(obs)); d != "" {
		t.Error(d)
	}
	for _, b := range []string{"\r\n\r\n", "INVITE sip:a HTTP/1.1\r\n", "SIP/1", "INVITE " + string(make([]byte, 4000))} {
		if v := ask(dissect.SIP, c, b); v != dissect.No {
			t.Errorf("%.20q is SIP", b)
		}
	}
}

func context(rec *dissect.Recorder, port uint16) *dissect.Ctx {
	return &dissect.Ctx{Rec: rec, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.9"), SrcPort: 40000, DstPort: port, ToServer: true}
}

func ask(app dissect.App, c *dissect.Ctx, bs ...string) (v dissect.Verdict) {
	for _, spec := range media.Datagrams() {
		if spec.App != app {
			continue
		}
		f := spec.Data
		if spec.Make != nil {
			f = spec.Make()
		}
		for _, b := range bs {
			v = f(c, []byte(b))
		}
	}
	return v
}

func rtp(seq uint16, ssrc uint32) string {
	b := binary.BigEndian.AppendUint16([]byte{0x80, 0}, seq)
	b = binary.BigEndian.AppendUint32(b, 160*uint32(seq))
	return string(binary.BigEndian.AppendUint32(b, ssrc)) + "voice"
}

func TestRTP(t *testing.T) {
	c := context(dissect.NewRecorder(dissect.Limits{}), 16384)
	f := func(want dissect.Verdict, bs ...string) {
		t.Helper()
		if v := ask(dissect.RTP, c, bs...); v != want {
			t.Errorf("verdict %d, want %d", v, want)
		}
	}
	f(dissect.Maybe, rtp(1, 7))
	f(dissect.Yes, rtp(1, 7), rtp(2, 7))
	f(dissect.Yes, rtp(65535, 7), rtp(0, 7))
	f(dissect.Maybe, rtp(1, 7), rtp(2, 8))
	f(dissect.Maybe, rtp(1, 7), rtp(1, 7))
	f(dissect.No, "\x80\x48"+rtp(1, 7)[2:])
	f(dissect.Yes, "\x80\xc9\x00\x01\x00\x00\x00\x07\x81\xca\x00\x01\x00\x00\x00\x07")
	f(dissect.Yes, "\x80\xc9\x00\x01\x00\x00\x00\x07\x99\x98encrypted\x80\x00\x00\x01tag")
	f(dissect.No, "\x80\xc9\x00\x02\x00\x00\x00\x07")
	f(dissect.No, "\x81\xc9\x00\x07\x00\x00\x00\x07")
}

func TestBitTorrent(t *testing.T) {
	streamtest.Check(t, 51413, []string{">\x13BitTorrent protocol\x00\x00"}, dissect.BitTorrent)
	c := context(dissect.NewRecorder(dissect.Limits{}), 51413)
	for _, b := range []string{"d1:ad2:id20:abcdefghij", "\x00\x00\x04\x17\x27\x10\x19\x80\x00\x00\x00\x00\x00\x00\x00\x01", "BT-SEARCH * HTTP/1.1\r\n"} {
		if v := ask(dissect.BitTorrent, c, b); v != dissect.Yes {
			t.Errorf("%q is not recognised", b)
		}
	}
}

func FuzzMedia(f *testing.F) {
	f.Add([]byte(invite), []byte("RTSP/1.0 200 OK\r\nServer: x\r\n\r\n"), 9)
	f.Add([]byte(rtp(1, 2)), []byte("\x03\x00\x00\x10\x08\x02\x00\x01\x05"), 3)
	f.Fuzz(func(t *testing.T, a, b []byte, cut int) {
		streamtest.Fuzz(t, media.Streams(), 554, a, b, cut)
		c := context(dissect.NewRecorder(dissect.Limits{}), 1719)
		for _, spec := range media.Datagrams() {
			ask(spec.App, c, string(a), string(b))
		}
	})
}
