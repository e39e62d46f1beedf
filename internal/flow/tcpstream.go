package flow

import (
	"github.com/mimawari/mimawari/internal/model"
)

// outlet is the sink of a shard: it shows bytes to the decoders in the context of the flow that is being worked on.
type outlet struct {
	shard *shard
	entry *entry
	n     uint32
	at    int64
	s     *stream
}

func (o *outlet) data(dir int, b []byte) {
	if o.s.decode.Done {
		return
	}
	o.shard.engine.Data(o.shard.flowContext(o.n, o.entry, dir, o.at), o.s.decode, b)
	o.noted()
}

func (o *outlet) gap(dir int, n int) {
	o.entry.mark(dir, histGap)
	if o.s.decode.Done {
		return
	}
	o.shard.engine.Gap(o.shard.flowContext(o.n, o.entry, dir, o.at), o.s.decode, n)
	o.noted()
}

func (o *outlet) noted() {
	o.entry.app = o.s.decode.App
	o.shard.keepFacts(o.n)
}

func (s *shard) tcp(n uint32, e *entry, dir int, p *packet) {
	e.track(dir, p)
	if p.flags&syn != 0 {
		s.handshake(n, e, dir, p)
	}
	if len(p.payload) == 0 || p.flags&rst != 0 || p.partial || e.is(noPayload) {
		if p.flags&syn != 0 && e.stream != 0 {
			s.streams[e.stream-1].half[dir].begin(p.seq + 1)
		}
		return
	}
	st := s.open(e)
	seq := p.seq
	if p.flags&syn != 0 {
		seq++
	}
	s.learnStart(e, st, dir)
	s.out = outlet{shard: s, entry: e, n: n, at: p.at, s: st}
	seg := segment{seq: seq, data: p.payload, cut: p.payLen - min(p.payLen, uint32(len(p.payload)))}
	s.assembler.push(st, dir, p.at, seg, e.acked[1-dir], e.is(ackKnown0<<(1-dir)), &s.out)
	if st.decode.Done {
		s.closeStream(n, e, p.at)
	}
}

// learnStart makes the bytes of a direction start behind its SYN, if that was seen.
func (s *shard) learnStart(e *entry, st *stream, dir int) {
	if e.once[dir]&(histSYN|histSYNACK) != 0 {
		st.half[dir].begin(e.isn[dir] + 1)
	}
}

func (s *shard) open(e *entry) *stream {
	if e.stream != 0 {
		return s.streams[e.stream-1]
	}
	if n := len(s.idle); n > 0 {
		e.stream = s.idle[n-1]
		s.idle = s.idle[:n-1]
	} else {
		s.streams = append(s.streams, new(stream))
		e.stream = uint32(len(s.streams))
	}
	st := s.streams[e.stream-1]
	st.decode = s.engine.Open()
	return st
}

// closeStream ends decoding of e. What waits out of order is shown first, unless nobody wants it.
func (s *shard) closeStream(n uint32, e *entry, at int64) {
	st := s.streams[e.stream-1]
	s.out = outlet{shard: s, entry: e, n: n, at: at, s: st}
	if !st.decode.Done {
		s.assembler.flush(st, &s.out)
	}
	e.app = st.decode.App // Close clears it
	s.engine.Close(s.flowContext(n, e, 0, at), st.decode)
	s.keepFacts(n)
	st.decode = nil
	s.assembler.drop(st)
	s.idle = append(s.idle, e.stream)
	e.stream = 0
	e.set(noPayload)
}

// handshake observes what SYN and SYN-ACK tell of the two machines.
func (s *shard) handshake(n uint32, e *entry, dir int, p *packet) {
	if p.flags&(ackFlag|rst) == ackFlag && dir == 1 && !e.is(served) {
		s.service(n, e, p.at, "tcp")
	}
	if p.flags&(ackFlag|rst|fin) == 0 && dir == 0 && !e.is(fingerprinted) {
		e.set(fingerprinted)
		if !model.IsExternal(p.src.netip()) {
			s.flowContext(n, e, 0, p.at).Say(model.FingerprintSYN, s.fingerprint(p))
		}
	}
}

// wellKnown ranks ports by how likely a server listens there: IANA system ports and what is used in hospitals and offices
// first, dynamic ports (RFC 6335, and Linux's from 32768) last.
func wellKnown(port uint16) int {
	switch port {
	case 68, 546:
		return 0 // DHCP clients
	case 1433, 1521, 1883, 2575, 3128, 3268, 3269, 3306, 3389, 5060, 5353, 5355, 5432, 5900, 5985, 5986, 8000, 8080, 8443, 9100,
		11112, 1812, 1813, 1900, 3702, 4242, 5938, 2049, 1194, 4500, 2762, 104:
		return 3
	}
	switch {
	case port == 0:
		return 0
	case port < 1024:
		return 3
	case port < 32768:
		return 2
	}
	return 1
}

// fromServer guesses whether the first packet seen of a flow is the server's: a SYN-ACK is; without any SYN the better known
// port decides, if it is much better known. Zeek does the same with its likely_server_ports.
func fromServer(p *packet) bool {
	switch p.proto {
	case protoTCP:
		if p.flags&syn != 0 {
			return p.flags&ackFlag != 0
		}
	case protoUDP:
		if p.dst.group() {
			return false
		}
	case protoICMP:
		return p.sport == 0 && p.dport == 8 || p.sport == 14 || p.sport == 16 || p.sport == 18
	case protoICMPv6:
		return p.sport == 129 || p.sport == 140
	default:
		return false
	}
	return wellKnown(p.sport) == 3 && wellKnown(p.dport) < 3
}
