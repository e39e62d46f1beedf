package flow

import (
	"encoding/binary"
	"net/netip"

	"github.com/mimawari/mimawari/internal/model"
)

// addr is an IPv6 address, or an IPv4 address in its mapped form, as two numbers: it compares and hashes in registers.
type addr struct{ hi, lo uint64 }

const mapped = 0xffff << 32

func addr4(v uint32) addr { return addr{0, mapped | uint64(v)} }

func addr16(b []byte) addr { return addr{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])} }

func (a addr) is4() bool { return a.hi == 0 && a.lo>>32 == 0xffff }

func (a addr) netip() netip.Addr {
	var b [16]byte
	if a.is4() {
		binary.BigEndian.PutUint32(b[:], uint32(a.lo))
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	binary.BigEndian.PutUint64(b[:], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b)
}

func (a addr) less(b addr) bool { return a.hi < b.hi || a.hi == b.hi && a.lo < b.lo }

// group reports multicast and the limited broadcast address.
func (a addr) group() bool {
	if a.is4() {
		v := uint32(a.lo)
		return v>>28 == 14 || v == 1<<32-1
	}
	return a.hi>>56 == 0xff
}

// TCP flags (RFC 9293).
const (
	fin = 1 << iota
	syn
	rst
	psh
	ackFlag
)

// IP protocol numbers (IANA).
const (
	protoICMP   = 1
	protoIPIP   = 4
	protoTCP    = 6
	protoUDP    = 17
	protoDCCP   = 33
	protoIPv6   = 41
	protoGRE    = 47
	protoICMPv6 = 58
	protoEther  = 97
	protoSCTP   = 132
	protoUDPLit = 136
	protoMPLS   = 137
)

// packet is one decoded frame. The shard owns and reuses it; the slices point into the frame.
type packet struct {
	at       int64
	cut      uint32 // bytes of the frame beyond the snap length
	count    uint32 // frames it stands for: more than one for joined fragments
	ipBytes  uint64 // IP header included, all fragments
	payLen   uint32 // transport payload on the wire
	src, dst addr
	sport    uint16
	dport    uint16
	vlan     uint16
	proto    uint8
	ttl      uint8
	v6       bool
	srcMAC   model.MAC
	dstMAC   model.MAC
	payload  []byte // captured part of the transport payload, of the IP payload if there are no ports, of the frame if not IP
	typ      uint16 // EtherType or length of what is not IP

	seq, ack uint32
	flags    uint8
	partial  bool // the transport header is cut: ports at most
	window   uint16
	opts     []byte // TCP options

	frag fragment

	tunnel             tunnelKind // the outermost
	depth              uint8
	tunnelID           uint32
	outerSrc, outerDst addr
}

type fragment struct {
	id     uint32
	offset uint32 // bytes
	more   bool
	on     bool
}

// verdict is what a frame turned out to be.
type verdict uint8

const (
	isUnknown  verdict = iota // only counted: a link type nobody decodes, or a damaged header
	isPacket                  // IP with flow fields set
	isFragment                // IP, to be joined first: payload is the IP payload
	isFrame                   // not IP: typ and payload are set
	isWiFi
	isIgnored // IP that the convention does not count
)
