package hospitalsim

import (
	"encoding/binary"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// The two directions of a connection.
const (
	toServer = 0
	toClient = 1
)

const segment = 1460 // Ethernet without IP and TCP headers

// tcp is a connection as it is acted out: who has sent how much, and what time it is.
type tcp struct {
	w     *world
	at    int64
	way   [2]hop
	port  [2]uint16 // of the sender in each direction
	seq   [2]uint32 // next byte of each direction
	owed  [2]int    // segments of a direction that were not acknowledged yet
	delay int64
	gap   int64 // between two segments of one message
}

// delay is the time of one way and back between two machines.
func (w *world) delay(a, b *machine) time.Duration {
	if a.net == nil || b.net == nil {
		return 6*time.Millisecond + w.upTo(9*time.Millisecond)
	}
	return 150*time.Microsecond + w.upTo(500*time.Microsecond)
}

// dial opens a connection with its three packets (RFC 9293, 3.5).
func (w *world) dial(at int64, c, s *machine, port uint16) *tcp {
	t := &tcp{w: w, at: at, way: both(c, s), port: [2]uint16{c.port(), port}, seq: [2]uint32{w.rng.Uint32(), w.rng.Uint32()}, gap: 12_000}
	t.delay = int64(w.delay(c, s))
	if c.net == nil || s.net == nil {
		t.gap = 120_000 // 100 Mbit/s
	}
	t.syn(toServer, layers.TCP{SYN: true})
	t.at += t.delay
	t.syn(toClient, layers.TCP{SYN: true, ACK: true})
	t.at += t.delay / 2
	t.send(toServer, nil, false)
	return t
}

// refused is a connection that nobody listens for.
func (w *world) refused(at int64, c, s *machine, port uint16) {
	t := &tcp{w: w, at: at, way: both(c, s), port: [2]uint16{c.port(), port}, seq: [2]uint32{w.rng.Uint32(), 0}}
	t.syn(toServer, layers.TCP{SYN: true})
	t.at += int64(w.delay(c, s))
	t.packet(toClient, layers.TCP{RST: true, ACK: true}, nil)
}

func (t *tcp) syn(dir int, head layers.TCP) {
	stack := t.way[dir].src.stack()
	head.Window, head.Options = stack.window, stack.options(t.at)
	t.packet(dir, head, nil)
	t.seq[dir]++
}

// stack is how an operating system opens a connection.
type stack struct {
	ttl    uint8
	window uint16
	scale  uint8
	linux  bool // with time stamps
	plain  bool // small devices: only the segment size
}

var (
	windows   = stack{ttl: 128, window: 64240, scale: 8}
	windowsXP = stack{ttl: 128, window: 65535, plain: true}
	linux     = stack{ttl: 64, window: 64240, scale: 7, linux: true}
	embedded  = stack{ttl: 64, window: 8192, plain: true}
	network   = stack{ttl: 255, window: 4128, plain: true}
	internet  = stack{ttl: 64, window: 65535, scale: 9, linux: true}
)

func (s stack) options(at int64) []layers.TCPOption {
	opt := func(kind layers.TCPOptionKind, data ...byte) layers.TCPOption {
		n := uint8(2 + len(data))
		if kind <= layers.TCPOptionKindNop {
			n = 1
		}
		return layers.TCPOption{OptionType: kind, OptionLength: n, OptionData: data}
	}
	mss := opt(layers.TCPOptionKindMSS, 0x05, 0xb4)
	nop, sack, scale := opt(layers.TCPOptionKindNop), opt(layers.TCPOptionKindSACKPermitted), opt(layers.TCPOptionKindWindowScale, s.scale)
	switch {
	case s.plain:
		return []layers.TCPOption{mss}
	case s.linux:
		stamp := binary.BigEndian.AppendUint32(nil, uint32(at/1e6))
		return []layers.TCPOption{mss, sack, opt(layers.TCPOptionKindTimestamps, append(stamp, 0, 0, 0, 0)...), nop, scale}
	}
	return []layers.TCPOption{mss, nop, scale, nop, nop, sack}
}

func (t *tcp) packet(dir int, head layers.TCP, payload []byte) {
	h := &t.way[dir]
	ip := h.ip(layers.IPProtocolTCP)
	head.SrcPort, head.DstPort = layers.TCPPort(t.port[dir]), layers.TCPPort(t.port[1-dir])
	head.Seq = t.seq[dir]
	if head.ACK {
		head.Ack = t.seq[1-dir]
		t.owed[1-dir] = 0
	}
	if head.Window == 0 && !head.RST {
		head.Window = 2052
		if h.src.stack().plain {
			head.Window = h.src.stack().window
		}
	}
	_ = head.SetNetworkLayerForChecksum(ip) // IPv4 is always taken
	t.w.emit(t.at, ether(h.srcMAC, h.dstMAC, layers.EthernetTypeIPv4), ip, &head, gopacket.Payload(payload))
	t.seq[dir] += uint32(len(payload))
}

func (t *tcp) send(dir int, payload []byte, push bool) {
	t.packet(dir, layers.TCP{ACK: true, PSH: push}, payload)
}

// say sends a message in as many segments as it needs. The other side acknowledges every second one.
func (t *tcp) say(dir int, message []byte) {
	for len(message) > 0 {
		n := min(len(message), segment)
		t.send(dir, message[:n], n == len(message))
		message = message[n:]
		t.owed[dir]++
		t.at += t.gap
		if t.owed[dir] >= 2 {
			t.at += 4_000
			t.send(1-dir, nil, false)
		}
	}
	t.at += t.delay / 2
}

// talk is question and answer, with the time that the server thinks.
func (t *tcp) talk(question, answer []byte) {
	t.say(toServer, question)
	t.wait(time.Duration(t.delay) + t.w.upTo(2*time.Millisecond))
	t.say(toClient, answer)
	t.at += t.delay / 2
}

func (t *tcp) wait(d time.Duration) { t.at += int64(d) }

// ack acknowledges what is still owed, for a side that has nothing to say.
func (t *tcp) ack() {
	for dir := range t.owed {
		if t.owed[dir] > 0 {
			t.send(1-dir, nil, false)
			t.at += 40_000
		}
	}
}

// bye closes the connection from both sides and gives the time.
func (t *tcp) bye() int64 {
	t.ack()
	t.at += t.delay / 2
	t.packet(toServer, layers.TCP{FIN: true, ACK: true}, nil)
	t.seq[toServer]++
	t.at += t.delay
	t.packet(toClient, layers.TCP{FIN: true, ACK: true}, nil)
	t.seq[toClient]++
	t.at += t.delay / 2
	t.send(toServer, nil, false)
	return t.at
}
