package proto_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/prototest"
)

// captures cover every decoder that a hospital's network is likely to wake.
var captures = []string{
	"ad-lab/windows_miscellany.pcap.gz", "ad-lab/impacket_psexec.pcap.gz", "ad-lab/dcsync_secretsdump.pcap.gz",
	"ad-lab/chip_host_signin.pcap.gz", "lab/dicom-dcmtk.pcap.gz", "lab/smb21-copy.pcap.gz", "lab/rdp-bruteforce-hydra-xrdp.pcap.gz",
	"ndpi/smtp-starttls.pcap", "ndpi/ftp-start-tls.pcap", "ndpi/imap-starttls.pcap", "ndpi/http_connect.pcap.gz", "ndpi/rdp3.pcap",
	"ndpi/smb_frags.pcap", "ndpi/tls_verylong_certificate.pcap.gz", "ndpi/firefox.pcap.gz", "ndpi/rdp_over_tls.pcap",
}

// Where the segments are cut is chance: it must not change what is learned.
func TestSplitChangesNothing(t *testing.T) {
	for _, name := range captures {
		path := prototest.Shared(t, "captures/"+name)
		want, wantApps := prototest.RunFlows(t, path, 0)
		for _, step := range []int{1, 7, 100, 536} {
			got, gotApps := prototest.RunFlows(t, path, step)
			if d := cmp.Diff(texts(want), texts(got)); d != "" {
				t.Errorf("%s in pieces of %d (-whole +pieces):\n%s", name, step, d)
			}
			for k, w := range wantApps {
				if gotApps[k].App != w.App {
					t.Errorf("%s in pieces of %d: %s is %q, whole %q", name, step, k, gotApps[k].App, w.App)
				}
			}
		}
	}
}

func texts(obs []model.Observation) []string {
	var out []string
	for _, o := range obs {
		out = append(out, fmt.Sprintf("%s %s:%d %s %q %s x%d", o.Subject, o.MAC, o.Port, o.Kind, o.Value, o.Peer, o.Count))
	}
	return out
}

// A connection goes on in TLS after STARTTLS, and keeps the name of its first protocol.
func TestHandover(t *testing.T) {
	for name, app := range map[string]dissect.App{
		"smtp-starttls.pcap": dissect.SMTP, "imap-starttls.pcap": dissect.IMAP, "rdp_over_tls.pcap": dissect.RDP,
	} {
		obs, flows := prototest.RunFlows(t, prototest.Shared(t, "captures/ndpi/"+name), 0)
		apps, hello := map[dissect.App]bool{}, false
		for _, f := range flows {
			apps[f.App] = true
		}
		for _, o := range obs {
			hello = hello || o.Kind == model.TLSJA4
		}
		if !apps[app] || !hello {
			t.Errorf("%s: %v, hello seen: %v", name, apps, hello)
		}
	}
}

func session(e *proto.Engine, rec *dissect.Recorder, port uint16) (*proto.Stream, func(toServer bool, b []byte)) {
	s := e.Open()
	cs := [2]*dissect.Ctx{prototest.Ctx(rec, port, false), prototest.Ctx(rec, port, true)}
	return s, func(toServer bool, b []byte) {
		i := 0
		if toServer {
			i = 1
		}
		e.Data(cs[i], s, b)
	}
}

// smbWrite is an SMB2 WRITE of n bytes with its session header.
func smbWrite(n int) []byte {
	m := make([]byte, 4+64+48+n)
	total := len(m) - 4
	m[1], m[2], m[3] = byte(total>>16), byte(total>>8), byte(total)
	copy(m[4:], "\xfeSMB")
	m[8], m[16] = 64, 9
	return m
}

func TestNoAllocationInLongConnections(t *testing.T) {
	rec := dissect.NewRecorder(dissect.Limits{})
	e := proto.New(rec)
	s, data := session(e, rec, 445)
	bulk := smbWrite(60000)
	data(true, bulk[:1460])
	if s.App != dissect.SMB || s.Done {
		t.Fatalf("app %q, done %v", s.App, s.Done)
	}
	rest := bulk[1460:]
	if n := testing.AllocsPerRun(2000, func() {
		data(true, rest[:1460])
		if rest = rest[1460:]; len(rest) < 1460 {
			data(true, rest)
			rest = bulk
		}
	}); n != 0 {
		t.Errorf("%v allocations per segment", n)
	}
}

func TestNoAllocationWhileUnknown(t *testing.T) {
	rec := dissect.NewRecorder(dissect.Limits{})
	e := proto.New(rec)
	c := prototest.Ctx(rec, 40404, true)
	junk := bytes.Repeat([]byte{0xf3, 0x91}, 700)
	if n := testing.AllocsPerRun(2000, func() {
		s := e.Open()
		for range 20 {
			e.Data(c, s, junk)
		}
		if !s.Done || s.App != dissect.Unknown {
			t.Fatalf("app %q, done %v", s.App, s.Done)
		}
		e.Close(c, s)
	}); n != 0 {
		t.Errorf("%v allocations per connection", n)
	}
	c = prototest.Ctx(rec, 40404, true)
	if n := testing.AllocsPerRun(2000, func() {
		var d proto.Datagram
		for range 20 {
			e.Datagram(c, &d, junk)
		}
		if !d.Done {
			t.Fatal("looked at without end")
		}
	}); n != 0 {
		t.Errorf("%v allocations per UDP flow", n)
	}
}

// However many connections stop in the middle of a message, what is held stays bounded, and what was given up is counted.
func TestHeldBytesAreBounded(t *testing.T) {
	rec := dissect.NewRecorder(dissect.Limits{})
	e := proto.New(rec)
	hello := append([]byte{22, 3, 1, 0x30, 4, 1, 0, 0x30, 0, 3, 3}, make([]byte, 4000)...)
	var open []*proto.Stream
	for range 2000 {
		s, data := session(e, rec, 443)
		data(true, hello)
		open = append(open, s)
	}
	given := 0
	for _, s := range open {
		if s.Done {
			given++
		}
	}
	l := e.Limits()
	if want := 2000 - proto.MaxHeld/dissect.MaxPending; given != want || len(l) != 1 || l[0].Dropped != uint64(want) {
		t.Errorf("%d connections given up, want %d; limits %v", given, want, l)
	}
	for _, s := range open {
		e.Close(prototest.Ctx(rec, 443, true), s)
	}
	s, data := session(e, rec, 443)
	if data(true, hello); s.Done {
		t.Error("closing gave nothing back")
	}
}

func TestGapBeforeRecognition(t *testing.T) {
	rec := dissect.NewRecorder(dissect.Limits{})
	e := proto.New(rec)
	s, data := session(e, rec, 22)
	e.Gap(prototest.Ctx(rec, 22, true), s, 100)
	if s.Done {
		t.Fatal("done although the server may still speak")
	}
	data(false, []byte("SSH-2.0-OpenSSH_9.6\r\n"))
	if s.App != dissect.SSH {
		t.Errorf("app %q", s.App)
	}
}

// FuzzEngine shows arbitrary bytes of both directions to the whole engine, in pieces and with holes.
func FuzzEngine(f *testing.F) {
	for _, name := range captures {
		streams, datagrams := prototest.Seeds("captures/"+name, 3)
		for i, s := range streams {
			f.Add(uint16(445), uint8(40), uint8(i), []byte(s[0]), []byte(s[1]))
		}
		for _, d := range datagrams {
			f.Add(uint16(53), uint8(200), uint8(0), []byte(d), []byte(d))
		}
	}
	f.Add(uint16(0), uint8(1), uint8(1), []byte("EHLO a\r\nSTARTTLS\r\n\x16\x03\x01\x00\x05"), []byte("220 a ESMTP\r\n250 STARTTLS\r\n220 go\r\n\x16\x03"))
	f.Fuzz(func(t *testing.T, port uint16, step, gap uint8, client, server []byte) {
		rec := dissect.NewRecorder(dissect.Limits{Observations: 1000})
		e := proto.New(rec)
		s, data := session(e, rec, port)
		var d proto.Datagram
		k := max(int(step), 1)
		for i := 0; len(client)+len(server) > 0; i++ {
			n, m := min(k, len(client)), min(k, len(server))
			data(true, client[:n])
			data(false, server[:m])
			e.Datagram(prototest.Ctx(rec, port, true), &d, client[:n])
			e.Datagram(prototest.Ctx(rec, port, false), &d, server[:m])
			client, server = client[n:], server[m:]
			if gap > 0 && i%(int(gap)+1) == int(gap) {
				e.Gap(prototest.Ctx(rec, port, i%2 == 0), s, int(gap))
			}
		}
		e.Close(prototest.Ctx(rec, port, true), s)
		if l := e.Limits(); l != nil {
			t.Errorf("one connection reached %v", l)
		}
	})
}
