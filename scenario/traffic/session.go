package traffic

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// said is what one end of a session sends before the other speaks.
type said struct {
	server bool
	data   []byte
}

func ask(b []byte) said    { return said{data: b} }
func answer(b []byte) said { return said{server: true, data: b} }

// dialogues are the sessions over TCP, by verb.
var dialogues = map[string]func(c *capturing, args []string) ([]said, error){
	"tcp": plain, "http": http, "tls": tlsHello, "telnet": telnet, "ftp": ftp, "smb1": smb1, "smb2": smb2, "rdp": rdp, "dicom": dicom,
	"rpc": rpc, "ntlm": ntlm,
}

// datagrams are the exchanges over UDP, by verb.
var datagrams = map[string]func(c *capturing, args []string) ([]said, error){"udp": plain, "dns": dns, "wireguard": wireguard}

// talk is "CLIENT > SERVER:PORT verb args".
func (c *capturing) talk(from, to, verb string, args []string) error {
	client, err := c.endpoint(from)
	if err != nil {
		return err
	}
	server, err := c.endpoint(to)
	if err != nil {
		return err
	}
	if d := datagrams[verb]; d != nil {
		said, err := d(c, args)
		if err != nil {
			return err
		}
		if verb == "dns" && !strings.Contains(to, ":") {
			server = netip.AddrPortFrom(server.Addr(), 53)
		}
		return c.exchange(client, server, said)
	}
	d := dialogues[verb]
	if d == nil {
		return fmt.Errorf("unknown verb %q", verb)
	}
	lines, err := d(c, args)
	if err != nil {
		return err
	}
	return c.session(client, server, lines, args)
}

// endpoint reads an address with or without a port; without one the next free is taken.
func (c *capturing) endpoint(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		c.port++
		return netip.AddrPortFrom(a, c.port), nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err == nil && c.event.times > 1 && ap.Port() >= 49152 {
		c.port++
		ap = netip.AddrPortFrom(ap.Addr(), c.port)
	}
	return ap, err
}

// exchange sends datagrams to and fro.
func (c *capturing) exchange(client, server netip.AddrPort, lines []said) error {
	cm, sm := c.ends(client.Addr(), server.Addr())
	at := c.event.at
	for _, l := range lines {
		var err error
		if l.server {
			err = c.udp(at, sm, cm, server, client, l.data)
		} else {
			err = c.udp(at, cm, sm, client, server, l.data)
		}
		if err != nil {
			return err
		}
		at = at.Add(time.Millisecond)
	}
	return nil
}

// tcp is one TCP connection while it is written.
type tcp struct {
	c     *capturing
	at    time.Time
	ends  [2]netip.AddrPort // client, server
	macs  [2]net.HardwareAddr
	seq   [2]uint32
	deaf  int // the end whose frames the capture does not have: 1 is the server, -1 none
	lossy bool
	sent  int // frames of data that the server sent
}

// session writes a connection: handshake, lines, end. Among the words may be
//
//	refused     the server answers with a reset
//	noanswer    it does not answer at all
//	oneway      the capture has only the client's frames
//	lossy       the capture lacks every third frame of the server's data
func (c *capturing) session(client, server netip.AddrPort, lines []said, words []string) error {
	cm, sm := c.ends(client.Addr(), server.Addr())
	t := &tcp{c: c, at: c.event.at, ends: [2]netip.AddrPort{client, server}, macs: [2]net.HardwareAddr{cm, sm}, seq: [2]uint32{1000, 900000}, deaf: -1}
	for _, w := range words {
		switch w {
		case "refused":
			t.send(0, "S", nil)
			t.seq[0]++
			t.seq[1] = 0
			return t.send(1, "RA", nil)
		case "noanswer":
			return t.send(0, "S", nil)
		case "oneway":
			t.deaf = 1
		case "lossy":
			t.lossy = true
		}
	}
	return t.run(lines)
}

func (t *tcp) run(lines []said) error {
	type step struct {
		end   int
		flags string
		data  []byte
	}
	steps := []step{{0, "S", nil}, {1, "SA", nil}, {0, "A", nil}}
	for _, l := range lines {
		end := 0
		if l.server {
			end = 1
		}
		for b := l.data; len(b) > 0; {
			n := min(len(b), 1400)
			steps = append(steps, step{end, "PA", b[:n]})
			b = b[n:]
		}
		steps = append(steps, step{1 - end, "A", nil})
	}
	steps = append(steps, step{0, "FA", nil}, step{1, "FA", nil}, step{0, "A", nil})
	for _, s := range steps {
		if err := t.send(s.end, s.flags, s.data); err != nil {
			return err
		}
	}
	return nil
}

// send writes one segment and moves the sequence numbers.
func (t *tcp) send(end int, flags string, data []byte) error {
	has := func(f string) bool { return strings.Contains(flags, f) }
	l3, net, kind := ip(t.ends[end].Addr(), t.ends[1-end].Addr(), layers.IPProtocolTCP)
	seg := &layers.TCP{
		SrcPort: layers.TCPPort(t.ends[end].Port()), DstPort: layers.TCPPort(t.ends[1-end].Port()), Seq: t.seq[end], Window: 64240,
		SYN: has("S"), ACK: has("A"), FIN: has("F"), RST: has("R"), PSH: has("P"),
	}
	if seg.ACK {
		seg.Ack = t.seq[1-end]
	}
	if err := seg.SetNetworkLayerForChecksum(net); err != nil {
		return err
	}
	t.seq[end] += uint32(len(data))
	if seg.SYN || seg.FIN {
		t.seq[end]++
	}
	t.at = t.at.Add(time.Millisecond)
	if end == 1 && len(data) > 0 {
		t.sent++
	}
	if end == t.deaf || t.lossy && end == 1 && len(data) > 0 && t.sent%3 == 0 {
		return nil
	}
	return t.c.emit(t.at, t.macs[end], t.macs[1-end], kind, l3, seg, gopacket.Payload(data))
}

// plain is an exchange of bytes that mean nothing: bytes=N of them as the answer, sent=N before.
func plain(c *capturing, _ []string) ([]said, error) {
	var out []said
	for _, k := range []string{"sent", "bytes"} {
		if c.event.opts[k] == "" {
			continue
		}
		n, err := strconv.Atoi(c.event.opts[k])
		if err != nil || n < 0 || n > 1<<24 {
			return nil, fmt.Errorf("%s: want a number up to 16 million", k)
		}
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i*7 + i>>8 + 1)
		}
		out = append(out, said{k == "bytes", b})
	}
	return out, nil
}
