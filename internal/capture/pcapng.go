package capture

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng).
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockStats     = 5
	blockEnhanced  = 6
)

const (
	maxBlock       = 16 << 20          // anything longer is taken for damage
	maxPacketBlock = MaxFrame + 64<<10 // with room for options
	maxInterfaces  = 1 << 16
	maxSeconds     = math.MaxInt64 / 1_000_000_000
)

// pcapng decodes one file of any number of sections, each with its own byte order and interfaces.
type pcapng struct {
	swap     bool
	begun    bool
	ifaces   []ngInterface
	last     int64  // time of the frame before, for frames without a usable one
	cut      uint64 // since last asked
	clock    uint64
	reported uint64 // losses told frame by frame
	past     uint64 // losses told by the statistics of earlier sections
}

type ngInterface struct {
	link    LinkType
	snap    uint32
	mul     uint64 // ns = ts*mul/div, or ts*1e9>>shift
	div     uint64
	shift   uint
	binary  bool
	offset  int64 // seconds
	dropped uint64
}

func (p *pcapng) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if p.swap {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (p *pcapng) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if p.swap {
		v = bits.ReverseBytes16(v)
	}
	return v
}

func (p *pcapng) u64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if p.swap {
		v = bits.ReverseBytes64(v)
	}
	return v
}

func (p *pcapng) counters() (cut, dropped, clock uint64) {
	cut, p.cut = p.cut, 0
	dropped = p.past
	for i := range p.ifaces {
		dropped += p.ifaces[i].dropped
	}
	return cut, max(dropped, p.reported), p.clock
}

func (p *pcapng) decode(b []byte, out *Batch) (int, *fault) {
	n := 0
	for len(b)-n >= 12 && len(out.Frames) < cap(out.Frames) {
		typ, size, bad := p.header(b[n:])
		if bad != nil {
			bad.at = n
			return n, bad
		}
		if end := n + size; end > len(b) {
			if p.opaque(typ) {
				return end, nil
			}
			break
		}
		blk := b[n : n+size]
		if got := p.u32(blk[size-4:]); int(got) != size {
			return n, corrupt(n, "a block says %d bytes at its start and %d at its end", size, got)
		}
		if bad = p.block(typ, blk, out); bad != nil {
			bad.at += n
			return n, bad
		}
		n += size
	}
	return n, nil
}

// opaque reports blocks whose content is of no use here: names, secrets, custom blocks.
func (p *pcapng) opaque(typ uint32) bool {
	switch typ {
	case blockSection, blockInterface, blockPacket, blockSimple, blockStats, blockEnhanced:
		return false
	}
	return true
}

func (p *pcapng) header(b []byte) (typ uint32, size int, bad *fault) {
	typ = p.u32(b)
	if binary.LittleEndian.Uint32(b) == blockSection { // reads the same in both orders
		typ = blockSection
		switch binary.LittleEndian.Uint32(b[8:]) {
		case 0x1a2b3c4d:
			p.swap = false
		case 0x4d3c2b1a:
			p.swap = true
		default:
			return 0, 0, corrupt(0, "a section header without byte order")
		}
	} else if !p.begun {
		return 0, 0, corrupt(0, "no section header")
	}
	n := p.u32(b[4:])
	limit := uint32(maxBlock)
	if !p.opaque(typ) {
		limit = maxPacketBlock
	}
	if n < 12 || n%4 != 0 || n > limit {
		return 0, 0, corrupt(0, "a block of type %d with %d bytes", typ, n)
	}
	return typ, int(n), nil
}

func (p *pcapng) block(typ uint32, b []byte, out *Batch) *fault {
	switch typ {
	case blockEnhanced:
		return p.enhanced(b, out)
	case blockSimple:
		return p.simple(b, out)
	case blockPacket:
		return p.obsolete(b, out)
	case blockInterface:
		return p.iface(b)
	case blockStats:
		return p.stats(b)
	case blockSection:
		return p.section(b)
	}
	return nil
}

func (p *pcapng) section(b []byte) *fault {
	if len(b) < 28 {
		return corrupt(0, "a section header of %d bytes", len(b))
	}
	if major := p.u16(b[12:]); major != 1 {
		return corrupt(12, "pcapng version %d", major)
	}
	for i := range p.ifaces {
		p.past += p.ifaces[i].dropped
	}
	p.ifaces, p.begun = p.ifaces[:0], true
	return nil
}

func (p *pcapng) iface(b []byte) *fault {
	if len(b) < 20 || len(p.ifaces) >= maxInterfaces {
		return corrupt(0, "an interface description of %d bytes after %d others", len(b), len(p.ifaces))
	}
	i := ngInterface{link: LinkType(p.u16(b[8:])), snap: p.u32(b[12:]), mul: 1000, div: 1}
	p.options(b[16:len(b)-4], func(code uint16, v []byte) {
		switch {
		case code == 9 && len(v) >= 1:
			i.resolution(v[0])
		case code == 14 && len(v) >= 8:
			i.offset = int64(p.u64(v))
		}
	})
	p.ifaces = append(p.ifaces, i)
	return nil
}

// resolution takes if_tsresol: with the top bit a negative power of 2, else of 10.
func (i *ngInterface) resolution(v byte) {
	if v&0x80 != 0 {
		i.binary, i.shift = true, uint(v&0x7f)
		return
	}
	i.mul, i.div = 1, 1
	for ; v < 9; v++ {
		i.mul *= 10
	}
	for ; v > 9; v-- {
		if i.div > math.MaxUint64/10 {
			return // finer than any clock; what is left is zero
		}
		i.div *= 10
	}
}

// time gives ns since 1970 and false if that does not fit.
func (i *ngInterface) time(ts uint64) (int64, bool) {
	var hi, lo uint64
	switch {
	case !i.binary:
		hi, lo = bits.Mul64(ts, i.mul)
		if i.div > 1 {
			lo /= i.div // mul is 1 then
		}
	case i.shift < 64:
		hi, lo = bits.Mul64(ts, 1e9)
		lo = lo>>i.shift | hi<<(64-i.shift)
		hi >>= i.shift
	default:
		hi, _ = bits.Mul64(ts, 1e9)
		hi, lo = 0, hi>>(i.shift-64)
	}
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if i.offset > maxSeconds || i.offset < -maxSeconds {
		return 0, false
	}
	ns, off := int64(lo), i.offset*1e9
	if off > 0 && ns > math.MaxInt64-off || ns+off < 0 {
		return 0, false
	}
	return ns + off, true
}

func (p *pcapng) enhanced(b []byte, out *Batch) *fault {
	if len(b) < 32 {
		return corrupt(0, "a packet block of %d bytes", len(b))
	}
	size := p.u32(b[20:])
	ts := uint64(p.u32(b[12:]))<<32 | uint64(p.u32(b[16:]))
	end, bad := p.frame(b, 28, p.u32(b[8:]), ts, size, p.u32(b[24:]), out)
	if bad != nil || end+4 > len(b)-4 {
		return bad
	}
	p.options(b[end:len(b)-4], func(code uint16, v []byte) {
		if code == 4 && len(v) >= 8 { // epb_dropcount
			p.reported += p.u64(v)
		}
	})
	return nil
}

func (p *pcapng) obsolete(b []byte, out *Batch) *fault {
	if len(b) < 32 {
		return corrupt(0, "a packet block of %d bytes", len(b))
	}
	ts := uint64(p.u32(b[12:]))<<32 | uint64(p.u32(b[16:]))
	if lost := p.u16(b[10:]); lost != 0xffff {
		p.reported += uint64(lost)
	}
	_, bad := p.frame(b, 28, uint32(p.u16(b[8:])), ts, p.u32(b[20:]), p.u32(b[24:]), out)
	return bad
}

// frame appends the packet whose data starts at b[at:] and returns where the options behind it start.
func (p *pcapng) frame(b []byte, at int, id uint32, ts uint64, size, wire uint32, out *Batch) (int, *fault) {
	if id >= uint32(len(p.ifaces)) {
		return 0, corrupt(0, "interface %d of %d", id, len(p.ifaces))
	}
	if size > MaxFrame || int(size) > len(b)-4-at {
		return 0, corrupt(0, "a frame of %d bytes in a block of %d", size, len(b))
	}
	i := &p.ifaces[id]
	if ns, ok := i.time(ts); ok {
		p.last = ns
	} else {
		p.clock++
	}
	p.put(b[at:at+int(size):at+int(size)], wire, i.link, out)
	return at + int(size+3)&^3, nil
}

func (p *pcapng) simple(b []byte, out *Batch) *fault {
	if len(b) < 16 || len(p.ifaces) == 0 {
		return corrupt(0, "a simple packet block of %d bytes with %d interfaces", len(b), len(p.ifaces))
	}
	wire := p.u32(b[8:])
	size := min(wire, uint32(len(b)-16))
	if snap := p.ifaces[0].snap; snap > 0 {
		size = min(size, snap)
	}
	if size > MaxFrame {
		return corrupt(0, "a frame of %d bytes", size)
	}
	p.put(b[12:12+size:12+size], wire, p.ifaces[0].link, out)
	return nil
}

func (p *pcapng) put(data []byte, wire uint32, link LinkType, out *Batch) {
	if uint32(len(data)) < wire {
		p.cut++
	}
	out.Frames = append(out.Frames, Frame{At: p.last, Data: data, Wire: max(wire, uint32(len(data))), Link: link})
}

// stats takes the losses that the capturing system counted; they run from the start of the capture.
func (p *pcapng) stats(b []byte) *fault {
	if len(b) < 24 {
		return corrupt(0, "a statistics block of %d bytes", len(b))
	}
	id := p.u32(b[8:])
	if id >= uint32(len(p.ifaces)) {
		return corrupt(0, "statistics of interface %d of %d", id, len(p.ifaces))
	}
	var lost uint64
	p.options(b[20:len(b)-4], func(code uint16, v []byte) {
		if (code == 5 || code == 7) && len(v) >= 8 { // isb_ifdrop, isb_osdrop
			lost += min(p.u64(v), 1<<48)
		}
	})
	p.ifaces[id].dropped = max(p.ifaces[id].dropped, lost)
	return nil
}

// options calls f for each option in b until the end mark or the first that does not fit.
func (p *pcapng) options(b []byte, f func(code uint16, v []byte)) {
	for len(b) >= 4 {
		code, n := p.u16(b), int(p.u16(b[2:]))
		if code == 0 || n > len(b)-4 {
			return
		}
		f(code, b[4:4+n])
		b = b[min(4+(n+3)&^3, len(b)):]
	}
}
