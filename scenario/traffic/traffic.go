// Package traffic turns readable lines into a true capture: the traffic of the stories under scenario/. A line is a time and what
// happened; every frame has valid lengths and checksums, every TCP session a handshake, sequence numbers and an end, and every
// machine asks for its neighbour's address by ARP before it speaks to it, as on a real network.
//
//	mac 10.1.0.66 b8:27:eb:01:02:03                              what card an address has; else it follows from the address
//	09:00:00 10.1.0.20:50000 > 10.2.0.11:443 tcp bytes=5000      a session with an answer of that length
//	09:00:00 10.1.0.20 > 10.1.0.11:23 telnet session x20/1m      twenty sessions, a minute apart
//	09:00:00 10.1.0.20 > 203.0.113.9:443 tls sni example.org via 00:1d:93:00:00:07
//	09:00:00 arp 10.1.0.9 is-at 00:1b:21:00:00:09
//	09:00:00 dhcp ack 192.168.11.1 -> 00:1b:21:00:00:21 192.168.11.21 router=192.168.11.1 name=PC21
//	09:00:00 ra 2001:db8:1::/64 from 10.1.0.20
//
// The day is 2026-04-01 (UTC) unless the time has one: 2026-04-02T09:00:00. The package is for tests; it says nothing about
// what the product should conclude.
package traffic

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/mimawari/mimawari/internal/model"
)

// maxFrames bounds what a script can make, so that a slip in a repetition is an error and not a full disk.
const maxFrames = 2_000_000

// Write makes a pcap with nanoseconds of the lines of script. An error names the line.
func Write(w io.Writer, script string) error {
	c := &capturing{macs: map[netip.Addr]net.HardwareAddr{}, asked: map[string]bool{}, port: 50000}
	for n, line := range strings.Split(script, "\n") {
		fields, err := split(line)
		if err == nil && len(fields) > 0 {
			err = c.line(fields)
		}
		if err != nil {
			return fmt.Errorf("line %d: %q: %w", n+1, strings.TrimSpace(line), err)
		}
	}
	return c.write(w)
}

// frame is one frame of the capture.
type frame struct {
	at   time.Time
	data []byte
	kept int // of data, by the snap length
}

// capturing gathers frames.
type capturing struct {
	frames []frame
	macs   map[netip.Addr]net.HardwareAddr
	asked  map[string]bool // who asked for whom by ARP
	port   uint16
	event  event // of the line being read
}

// write orders the frames by time, except those that the script wants as written, and makes the file.
func (c *capturing) write(w io.Writer) error {
	out := pcapgo.NewWriterNanos(w)
	if err := out.WriteFileHeader(262144, layers.LinkTypeEthernet); err != nil {
		return err
	}
	slices.SortStableFunc(c.frames, func(a, b frame) int { return a.at.Compare(b.at) })
	for _, f := range c.frames {
		if err := out.WritePacket(gopacket.CaptureInfo{Timestamp: f.at, CaptureLength: f.kept, Length: len(f.data)}, f.data[:f.kept]); err != nil {
			return err
		}
	}
	return nil
}

// event is what a line says besides the verb: when, on which VLAN, through which router, how often.
type event struct {
	at    time.Time
	vlan  uint16
	via   net.HardwareAddr
	snap  int
	times int
	step  time.Duration
	opts  map[string]string
	words []string
}

func (c *capturing) line(f []string) error {
	if f[0] == "mac" && len(f) == 3 {
		a, err := netip.ParseAddr(f[1])
		if err != nil {
			return err
		}
		c.macs[a], err = net.ParseMAC(f[2])
		return err
	}
	e, err := parseEvent(f)
	if err != nil {
		return err
	}
	start := e.at
	for i := range e.times {
		e.at = start.Add(time.Duration(i) * e.step)
		c.event = e
		if err := c.happen(e.words); err != nil {
			return err
		}
	}
	return nil
}

// happen carries out one line once.
func (c *capturing) happen(words []string) error {
	if len(c.frames) > maxFrames {
		return fmt.Errorf("more than %d frames", maxFrames)
	}
	switch {
	case words[0] == "arp" && len(words) >= 3 && words[2] == "is-at":
		return c.arp(words[1], words[3:])
	case words[0] == "dhcp" && len(words) >= 2:
		return c.dhcp(words[1:])
	case words[0] == "ra" && len(words) == 4 && words[2] == "from":
		return c.routerAdvertisement(words[1], words[3])
	case len(words) >= 4 && words[1] == ">":
		return c.talk(words[0], words[2], words[3], words[4:])
	}
	return fmt.Errorf("not understood")
}

func parseEvent(f []string) (event, error) {
	e := event{times: 1, opts: map[string]string{}}
	var err error
	if e.at, err = parseTime(f[0]); err != nil {
		return e, err
	}
	for i := 1; i < len(f); i++ {
		w := f[i]
		key, value, isOpt := strings.Cut(w, "=")
		switch {
		case (w == "via" || w == "vlan" || w == "snap") && i+1 < len(f):
			i++
			err = e.modify(w, f[i])
		case w[0] == 'x' && strings.Contains(w, "/") && !isOpt:
			err = e.repeat(w[1:])
		case isOpt:
			e.opts[key] = value
		default:
			e.words = append(e.words, w)
		}
		if err != nil {
			return e, err
		}
	}
	if len(e.words) == 0 {
		return e, fmt.Errorf("nothing happens")
	}
	return e, nil
}

func parseTime(s string) (time.Time, error) {
	if !strings.Contains(s, "T") {
		s = "2026-04-01T" + s
	}
	return time.Parse("2006-01-02T15:04:05.999999999", s)
}

func (e *event) modify(what, value string) (err error) {
	switch what {
	case "via":
		e.via, err = net.ParseMAC(value)
	case "snap":
		e.snap, err = strconv.Atoi(value)
	default:
		var n uint64
		n, err = strconv.ParseUint(value, 10, 12)
		e.vlan = uint16(n)
	}
	return err
}

// repeat reads 20/1m: twenty times, a minute apart.
func (e *event) repeat(s string) (err error) {
	n, step, _ := strings.Cut(s, "/")
	if e.times, err = strconv.Atoi(n); err == nil {
		e.step, err = time.ParseDuration(step)
	}
	return err
}

// split cuts a line into words; "..." keeps blanks, # begins a comment.
func split(line string) (words []string, err error) {
	var b strings.Builder
	quoted := false
	flush := func() {
		if b.Len() > 0 {
			words = append(words, b.String())
			b.Reset()
		}
	}
	for _, r := range line {
		switch {
		case r == '"':
			quoted = !quoted
		case r == '#' && !quoted && b.Len() == 0:
			return words, nil
		case (r == ' ' || r == '\t' || r == '\r') && !quoted:
			flush()
		default:
			b.WriteRune(r)
		}
	}
	flush()
	if quoted {
		return nil, fmt.Errorf("a quotation mark is left open")
	}
	return words, nil
}

// mac gives the card of an address: as declared, else of a maker of network cards (Intel) with the address's last three bytes,
// so that no machine looks like a phone with a random one.
func (c *capturing) mac(a netip.Addr) net.HardwareAddr {
	if m, ok := c.macs[a]; ok {
		return m
	}
	b := a.AsSlice()
	return append(net.HardwareAddr{0x00, 0x1b, 0x21}, b[len(b)-3:]...)
}

// hop gives the card that a frame from one address to the other goes to: the other's own on the same /24 (or /64), else the
// router's, which is the first address of the network of the end that is inside.
func (c *capturing) hop(from, to netip.Addr) netip.Addr {
	bits := 24
	if from.Is6() {
		bits = 64
	}
	p := netip.PrefixFrom(from, bits)
	if p.Contains(to) || to.IsMulticast() || to == broadcast {
		return to
	}
	return p.Masked().Addr().Next()
}

var broadcast = netip.MustParseAddr("255.255.255.255")

// ends gives the cards of both ends of a conversation as one sees them where the inside end is.
func (c *capturing) ends(client, server netip.Addr) (cm, sm net.HardwareAddr) {
	near, far := client, server
	if !model.IsInternal(client) && model.IsInternal(server) {
		near, far = server, client
	}
	nm, fm := c.mac(near), c.event.via
	if fm == nil {
		h := c.hop(near, far)
		fm = c.mac(h)
		c.ask(near, h)
	}
	if near == client {
		return nm, fm
	}
	return fm, nm
}
