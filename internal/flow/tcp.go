package flow

import (
	"bytes"
	"math/bits"
)

// tcpState is what one end of a connection has shown so far.
type tcpState uint8

const (
	tcpInactive    tcpState = iota
	tcpPartial              // payload or ACK without a handshake
	tcpSynSent              // SYN
	tcpSynAck               // SYN with ACK
	tcpEstablished          // the other end acknowledged the SYN
	tcpClosed               // FIN
	tcpReset                // RST
)

// historyBits are the letters of Zeek's history field (base/protocols/conn/main.zeek), each kept once per direction; Zeek
// repeats s, h, f and r for other sequence numbers, and g, t and w each time there are ten times as many.
type historyBits uint16

const (
	histSYN     historyBits = 1 << iota // S
	histSYNACK                          // H
	histACK                             // A
	histData                            // D
	histFIN                             // F
	histRST                             // R
	histRetrans                         // T
	histWindow0                         // W
	histGap                             // G
	histOdd                             // I: FIN with RST
	histMulti                           // Q: SYN with FIN or RST
	histFlip                            // ^
)

const historyLetters = "SHADFRTWGIQ^"

func (h historyBits) index() int { return bits.TrailingZeros16(uint16(h)) }

// maxSkip is the largest jump of sequence numbers taken for loss; beyond it the numbers belong to something else.
const maxSkip = 64 << 20

// track follows the states, sequence numbers and history of a connection.
func (e *entry) track(dir int, p *packet) {
	if p.partial {
		return
	}
	e.letter(dir, p)
	e.advance(dir, p.flags)
	if p.flags&ackFlag != 0 {
		e.acknowledge(dir, p.ack)
	}
	if p.flags&rst == 0 {
		e.sequence(dir, p)
	}
}

func (e *entry) letter(dir int, p *packet) {
	f := p.flags
	if f&(syn|fin|rst) == 0 {
		bit := histACK
		if p.payLen > 0 {
			bit = histData
		}
		if e.once[dir]&bit == 0 && (f&ackFlag != 0 || p.payLen > 0) {
			e.mark(dir, bit)
		}
		if p.window == 0 {
			e.mark(dir, histWindow0)
		}
		return
	}
	switch {
	case f&syn != 0 && f&(fin|rst) != 0:
		e.mark(dir, histMulti)
	case f&rst != 0 && f&fin != 0:
		e.mark(dir, histOdd)
	case f&(syn|ackFlag) == syn|ackFlag:
		e.mark(dir, histSYNACK)
	case f&syn != 0:
		e.mark(dir, histSYN)
	}
	if p.payLen > 0 && f&rst == 0 {
		e.mark(dir, histData)
	}
	if f&fin != 0 && f&syn == 0 {
		e.mark(dir, histFIN)
	}
	if f&rst != 0 {
		e.mark(dir, histRST)
	}
}

func (e *entry) advance(dir int, f uint8) {
	s := &e.state[dir]
	switch {
	case f&rst != 0:
		*s = tcpReset
	case *s == tcpReset:
	case f&fin != 0:
		*s = tcpClosed
	case *s == tcpClosed:
	case f&syn != 0 && f&ackFlag != 0:
		if *s < tcpEstablished {
			*s = tcpSynAck
		}
	case f&syn != 0:
		if *s < tcpSynSent {
			*s = tcpSynSent
		}
	case *s == tcpInactive:
		*s = tcpPartial
	}
	// The handshake: a SYN-ACK establishes the end that sent the SYN, an ACK the end that sent the SYN-ACK.
	if other := &e.state[1-dir]; f&(ackFlag|syn|rst) == ackFlag && *other == tcpSynAck ||
		f&(ackFlag|syn) == ackFlag|syn && *other == tcpSynSent {
		*other = tcpEstablished
	}
}

func (e *entry) acknowledge(dir int, ack uint32) {
	known := ackKnown0 << dir
	if !e.is(known) || int32(ack-e.acked[dir]) > 0 {
		e.acked[dir] = ack
		e.set(known)
	}
	// What the other side sent up to here arrived, so what was not seen of it is missing from the capture.
	other := 1 - dir
	if d := int32(ack - e.top[other]); e.is(seqKnown0<<other) && d > 1 && d < maxSkip {
		e.lose(other, uint32(d))
		e.top[other] = ack
	}
}

// sequence counts holes, and takes back what fills them later.
func (e *entry) sequence(dir int, p *packet) {
	seq, n := p.seq, p.payLen
	if p.flags&syn != 0 {
		e.isn[dir] = seq
		seq++
	}
	known := seqKnown0 << dir
	if !e.is(known) {
		e.set(known)
		e.top[dir] = seq + n
		return
	}
	d := int32(seq - e.top[dir])
	switch {
	case d == 0:
	case d > 0 && d < maxSkip:
		if n == 0 {
			return // an acknowledgement ahead of data that may still come
		}
		e.lose(dir, uint32(d))
	case d < 0 && d > -maxSkip:
		e.fill(dir, n, d)
		if int32(seq+n-e.top[dir]) <= 0 {
			return
		}
	}
	e.top[dir] = seq + n
}

func (e *entry) lose(dir int, n uint32) {
	e.missing[dir] += min(n, ^e.missing[dir])
}

func (e *entry) fill(dir int, n uint32, d int32) {
	if n == 0 || n == 1 && d == -1 { // keep-alive (RFC 9293 section 3.8.4)
		return
	}
	if e.missing[dir] == 0 {
		e.mark(dir, histRetrans)
		return
	}
	e.missing[dir] -= min(n, e.missing[dir])
}

// connState is Zeek's conn_state (base/protocols/conn/main.zeek).
func (e *entry) connState() string {
	switch e.key.proto() {
	case protoTCP:
		if o, r := e.state[0], e.state[1]; o == tcpReset && r <= tcpPartial && !resetAfterSYN(e.history[:e.letters]) {
			return "OTH"
		}
		return tcpConnState(e.state[0], e.state[1], e.payload[0]+e.payload[1] == 0)
	case protoUDP:
		switch {
		case e.packets[0] > 0 && e.packets[1] > 0:
			return "SF"
		case e.packets[0] > 0:
			return "S0"
		}
		return "SHR"
	}
	return "OTH"
}

// resetAfterSYN reports whether the client sent nothing but a SYN before its RST: Zeek calls nothing else RSTOS0.
func resetAfterSYN(history []byte) bool {
	history = bytes.TrimPrefix(history, []byte("^"))
	end := bytes.IndexByte(history, 'R')
	return end > 0 && history[0] == 'S' && !bytes.ContainsAny(history[:end], "HAFGIQ")
}

func tcpConnState(o, r tcpState, empty bool) string {
	oHalf, rHalf := o <= tcpPartial, r <= tcpPartial
	pick := func(half bool, yes, no string) string {
		if half {
			return yes
		}
		return no
	}
	switch {
	case r == tcpReset && (o == tcpSynSent || o == tcpSynAck || o == tcpReset && empty):
		return "REJ"
	case r == tcpReset:
		return pick(oHalf, "RSTRH", "RSTR")
	case o == tcpReset:
		return pick(rHalf, "RSTOS0", "RSTO")
	case o == tcpClosed && r == tcpClosed:
		return "SF"
	case o == tcpClosed:
		return pick(rHalf, "SH", "S2")
	case r == tcpClosed:
		return pick(oHalf, "SHR", "S3")
	case o == tcpSynSent && r == tcpInactive:
		return "S0"
	case o == tcpEstablished && r == tcpEstablished:
		return "S1"
	}
	return "OTH"
}

// closed reports that nothing more is expected: FIN both ways or RST.
func (e *entry) closed() bool {
	return e.state[0] == tcpReset || e.state[1] == tcpReset || e.state[0] == tcpClosed && e.state[1] == tcpClosed
}

// reused reports that p's SYN begins a new connection on the ports of e.
func (e *entry) reused(dir int, p *packet) bool {
	if p.flags&(syn|ackFlag|rst|fin) != syn || e.state[dir] == tcpInactive {
		return false
	}
	fresh := e.once[dir]&histSYN == 0 || p.seq != e.isn[dir]
	return fresh && (e.closed() || e.state[dir] >= tcpEstablished || e.state[dir] == tcpPartial)
}
