package remote

import (
	"bytes"
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// product is a connection whose first bytes told all there is to tell.
type product struct {
	name string
	said [2]bool
}

// Data implements dissect.Stream. The program is running on both sides, each side says so with its first bytes.
func (p *product) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	i := 0
	if c.ToServer {
		i = 1
	}
	if !p.said[i] {
		p.said[i] = true
		c.SayTo(model.RemoteControl, p.name)
	}
	return len(b), !p.said[0] || !p.said[1]
}

// Gap implements dissect.Stream.
func (p *product) Gap(*dissect.Ctx, int) bool { return true }

// matchTeamViewer knows the magic numbers of both versions of TeamViewer's framing, followed by a command below 0x80
// and zero, and asks for its port: two bytes are little.
func matchTeamViewer(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !atHome(c, 5938) {
		return dissect.No
	}
	if len(b) < 4 {
		return dissect.Maybe
	}
	if (b[0] == 0x17 && b[1] == 0x24 || b[0] == 0x11 && b[1] == 0x30) && b[2] < 0x80 {
		return dissect.Yes
	}
	return dissect.No
}

// teamViewerDatagram: the magic comes after eleven bytes that begin with zero.
func teamViewerDatagram(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) > 13 && b[0] == 0 && b[11] == 0x17 && b[12] == 0x24 && (atHome(c, 5938) || c.SrcPort == 5938) {
		c.SayTo(model.RemoteControl, "teamviewer")
		return dissect.Yes
	}
	return dissect.No
}

func atHome(c *dissect.Ctx, ports ...uint16) bool {
	for _, p := range ports {
		if c.ToServer && c.DstPort == p || !c.ToServer && c.SrcPort == p {
			return true
		}
	}
	return false
}

// rendezvous are the protobuf tags of RustDesk's RendezvousMessage that open a conversation (rendezvous.proto, fields 6,
// 8, 15, 18, 20, 23).
var rendezvous = [][]byte{{0x32}, {0x42}, {0x7a}, {0x92, 0x01}, {0xa2, 0x01}, {0xba, 0x01}}

// matchRustDesk wants a frame (length in a prefix of one to four bytes, whose low bits tell how many) with one
// rendezvous message that fills it.
func matchRustDesk(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !c.ToServer || !atHome(c, 21115, 21116, 21117, 21118) {
		return dissect.No
	}
	head := int(b[0]&3) + 1
	if len(b) < head {
		return dissect.Maybe
	}
	size := 0
	for i := range head {
		size |= int(b[i]) << (8 * i)
	}
	size >>= 2
	if size < 2 || size > 4096 {
		return dissect.No
	}
	if len(b) < head+min(size, 8) {
		return dissect.Maybe
	}
	return rendezvousMessage(b[head:], size)
}

func rendezvousMessage(b []byte, size int) dissect.Verdict {
	for _, tag := range rendezvous {
		if !bytes.HasPrefix(b, tag) {
			continue
		}
		inner, n := binary.Uvarint(b[len(tag):])
		if n > 0 && int(inner)+n+len(tag) == size {
			return dissect.Yes
		}
	}
	return dissect.No
}

// peerDiscovery is field 22, which looks for other RustDesk programs on the local network: its first field is "ping" or "pong".
var peerDiscovery = []byte{0xb2, 0x01}

func rustDeskDatagram(c *dissect.Ctx, b []byte) dissect.Verdict {
	ok := rendezvousMessage(b, len(b)) == dissect.Yes && bytes.IndexByte(b[:min(len(b), 6)], 0x0a) > 0
	if bytes.HasPrefix(b, peerDiscovery) {
		ok = bytes.Contains(b, []byte("\x0a\x04ping")) || bytes.Contains(b, []byte("\x0a\x04pong"))
	}
	if !ok {
		return dissect.No
	}
	c.SayTo(model.RemoteControl, "rustdesk")
	return dissect.Yes
}

// matchNoMachine knows the version line of the NX protocol.
func matchNoMachine(_ *dissect.Ctx, b []byte) dissect.Verdict {
	best := dissect.No
	for _, s := range [...]string{"NXD-", "NXSH-", "NXPROXY-"} {
		n := min(len(b), len(s))
		if string(b[:n]) != s[:n] {
			continue
		}
		if n == len(s) {
			return dissect.Yes
		}
		best = dissect.Maybe
	}
	return best
}

// noMachineDatagram: the UDP channel opens with ten bytes: kind 1 or 2, its version, length and a counter.
func noMachineDatagram(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) == 10 && (b[0] == 1 || b[0] == 2) && string(b[1:6]) == "\x00\x01\x00\x0a\x00" {
		c.SayTo(model.RemoteControl, "nomachine")
		return dissect.Yes
	}
	return dissect.No
}

// matchRadmin knows the client's first message of Radmin 2 and 3.
func matchRadmin(c *dissect.Ctx, b []byte) dissect.Verdict {
	const hello = "\x01\x00\x00\x00\x01\x00\x00\x00\x08\x08"
	n := min(len(b), len(hello))
	if !c.ToServer || string(b[:n]) != hello[:n] {
		return dissect.No
	}
	if n < len(hello) {
		return dissect.Maybe
	}
	return dissect.Yes
}

// matchDameWare knows the server's first message, on its port.
func matchDameWare(c *dissect.Ctx, b []byte) dissect.Verdict {
	const hello = "\x30\x11\x00\x00\x00\x00\x00\x00"
	n := min(len(b), len(hello))
	if c.ToServer || !atHome(c, 6129) || string(b[:n]) != hello[:n] {
		return dissect.No
	}
	if n < len(hello) {
		return dissect.Maybe
	}
	return dissect.Yes
}
