package capture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/mimawari/mimawari/internal/model"
)

const (
	ringBlock   = 1 << 20 // as large as a batch: a block always fits
	ringBlocks  = 32
	ringRetire  = 100 // ms after which the kernel hands over a block that is not full
	pollTimeout = 200 // ms
)

// Live captures from a Linux interface through a TPACKET_V3 ring (Documentation/networking/packet_mmap.rst). One goroutine
// calls Next and Close; Stop and Info may be called by any.
type Live struct {
	tally
	name  string
	fd    int
	ring  []byte
	at    int // block to be read next
	link  LinkType
	mac   model.MAC
	loop  bool // loopback: outgoing frames come a second time
	pool  *pool
	until time.Time
	stop  atomic.Bool
	block blockCursor
}

// blockCursor is how far a block that did not fit one batch was read; left is 0 between blocks.
type blockCursor struct {
	left uint32
	off  uint32
}

// OpenLive starts capturing on iface, promiscuously. All its errors are *Damage. What comes before the first Next is kept
// in the ring.
func OpenLive(iface string, opts LiveOptions) (*Live, error) {
	nic, err := net.InterfaceByName(iface)
	if err != nil {
		return nil, liveDamage(iface, "live_no_interface", err, interfaceNames())
	}
	if nic.Flags&net.FlagUp == 0 {
		return nil, liveDamage(iface, "live_down", errors.New("interface is down"))
	}
	l := &Live{name: iface, fd: -1, loop: nic.Flags&net.FlagLoopback != 0, pool: newPool(max(cmp.Or(opts.Batches, liveBatches), 1), liveBytes)}
	l.info.Name, l.info.Kind = iface, "live"
	if len(nic.HardwareAddr) == 6 {
		l.mac = model.MAC(nic.HardwareAddr)
	}
	if opts.For > 0 {
		l.until = time.Now().Add(opts.For)
	}
	if err := l.begin(nic, opts); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

func (l *Live) begin(nic *net.Interface, opts LiveOptions) error {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0) // protocol 0: nothing arrives before bind
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return liveDamage(l.name, "live_no_permission", err)
	}
	if err != nil {
		return liveDamage(l.name, "live_failed", fmt.Errorf("open packet socket: %w", err))
	}
	l.fd = fd
	if l.link, err = linkOf(fd, nic.Name); err != nil {
		return liveDamage(l.name, "live_link", err)
	}
	for _, step := range []func() error{
		func() error { return l.mapRing(opts.Ring) },
		func() error {
			return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: nic.Index})
		},
		func() error {
			return unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP,
				&unix.PacketMreq{Ifindex: int32(nic.Index), Type: unix.PACKET_MR_PROMISC})
		},
	} {
		if err := step(); err != nil {
			return liveDamage(l.name, "live_failed", err)
		}
	}
	return nil
}

func bigEndian(v uint16) uint16 { return v<<8 | v>>8 }

func (l *Live) mapRing(size int) error {
	if err := unix.SetsockoptInt(l.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("select TPACKET_V3: %w", err)
	}
	blocks := ringBlocks
	if size > 0 {
		blocks = max(size/ringBlock, 2)
	}
	req := unix.TpacketReq3{
		Block_size: ringBlock, Block_nr: uint32(blocks), Frame_size: 2048, Frame_nr: uint32(blocks) * ringBlock / 2048, Retire_blk_tov: ringRetire,
	}
	if err := unix.SetsockoptTpacketReq3(l.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("make a ring of %d MiB: %w", blocks, err)
	}
	ring, err := unix.Mmap(l.fd, 0, blocks*ringBlock, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map the ring: %w", err)
	}
	l.ring = ring
	return nil
}

// linkOf asks for the interface's ARPHRD type and gives the LINKTYPE of what a packet socket shows of it.
func linkOf(fd int, iface string) (LinkType, error) {
	req, err := unix.NewIfreq(iface)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, req); err != nil {
		return 0, fmt.Errorf("ask for the link type: %w", err)
	}
	switch hw := req.Uint16(); hw {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		return 1, nil
	case unix.ARPHRD_NONE:
		return 101, nil // tun: raw IP
	case unix.ARPHRD_IEEE80211:
		return 105, nil
	case unix.ARPHRD_IEEE80211_RADIOTAP:
		return 127, nil
	default:
		return 0, fmt.Errorf("link type %d", hw)
	}
}

// Stop makes Next give out what is in the ring and then say io.EOF.
func (l *Live) Stop() { l.stop.Store(true) }

// Next implements Source. It waits for frames; the end of ctx ends it with ctx's error, Stop and LiveOptions.For with io.EOF.
func (l *Live) Next(ctx context.Context) (*Batch, error) {
	b, err := l.pool.get(ctx)
	if err != nil {
		return nil, err
	}
	for len(b.Frames) == 0 {
		if err = ctx.Err(); err == nil {
			err = l.wait(b)
		}
		if err != nil {
			b.Release()
			return nil, err
		}
	}
	return b, nil
}

// wait reads one block into b, or waits a little for one.
func (l *Live) wait(b *Batch) error {
	if l.ring == nil {
		return net.ErrClosed
	}
	if l.ready() {
		l.read(b)
		return nil
	}
	l.lost()
	ended := l.stop.Load() || !l.until.IsZero() && time.Now().After(l.until)
	timeout := pollTimeout
	if ended {
		timeout = ringRetire + 20 // what the kernel still holds comes within one retirement
	}
	poll := []unix.PollFd{{Fd: int32(l.fd), Events: unix.POLLIN | unix.POLLERR}}
	n, err := unix.Poll(poll, timeout)
	switch {
	case err != nil && !errors.Is(err, unix.EINTR):
		return liveDamage(l.name, "live_failed", fmt.Errorf("wait for frames: %w", err))
	case n > 0 && poll[0].Revents&(unix.POLLERR|unix.POLLNVAL|unix.POLLHUP) != 0:
		return l.socketError()
	case ended && !l.ready():
		return io.EOF
	}
	return nil
}

func (l *Live) socketError() error {
	code, err := unix.GetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if errors.Is(err, unix.ENETDOWN) {
		return liveDamage(l.name, "live_down", err)
	}
	return liveDamage(l.name, "live_failed", fmt.Errorf("packet socket: %w", err))
}

func (l *Live) header() *unix.TpacketHdrV1 {
	d := (*unix.TpacketBlockDesc)(unsafe.Pointer(&l.ring[l.at*ringBlock]))
	return (*unix.TpacketHdrV1)(unsafe.Pointer(&d.Hdr[0]))
}

// ready reports whether the kernel has handed over the next block.
func (l *Live) ready() bool {
	return atomic.LoadUint32(&l.header().Block_status)&unix.TP_STATUS_USER != 0
}

// read copies frames of the current block into b and hands the block back once it is done. Copying lets the ring go on
// while the batch is in use, and Close while batches are held.
func (l *Live) read(b *Batch) {
	h := l.header()
	if l.block.left == 0 {
		l.block = blockCursor{left: h.Num_pkts, off: h.Offset_to_first_pkt}
	}
	blk := l.ring[l.at*ringBlock : (l.at+1)*ringBlock]
	used, cut := 0, uint64(0)
	var m model.Mirror
	for ; l.block.left > 0 && len(b.Frames) < cap(b.Frames); l.block.left-- {
		p := (*unix.Tpacket3Hdr)(unsafe.Pointer(&blk[l.block.off]))
		raw := blk[l.block.off+uint32(p.Mac):][:p.Snaplen]
		if used+len(raw)+4 > len(b.buf) {
			break
		}
		kind := (*unix.RawSockaddrLinklayer)(unsafe.Pointer(&blk[l.block.off+sllOffset])).Pkttype
		l.block.off += p.Next_offset
		if l.loop && kind == unix.PACKET_OUTGOING {
			continue
		}
		n := copyFrame(b.buf[used:], raw, p)
		f := Frame{At: int64(p.Sec)*1e9 + int64(p.Nsec), Data: b.buf[used : used+n : used+n], Wire: p.Len + uint32(n-len(raw)), Link: l.link}
		used += n
		if f.Wire > uint32(n) {
			cut++
		}
		l.count(&m, f.Data)
		b.Frames = append(b.Frames, f)
	}
	if l.block.left == 0 {
		atomic.StoreUint32(&h.Block_status, unix.TP_STATUS_KERNEL)
		l.at = (l.at + 1) % (len(l.ring) / ringBlock)
	}
	l.add(b, cut)
	l.change(func(s *model.Source) {
		s.Mirror.Unicast += m.Unicast
		s.Mirror.Broadcast += m.Broadcast
		s.Mirror.OwnUnicast += m.OwnUnicast
	})
}

// sllOffset is where the sockaddr_ll lies behind a tpacket3_hdr: TPACKET_ALIGN(sizeof(struct tpacket3_hdr)).
const sllOffset = (uint32(unsafe.Sizeof(unix.Tpacket3Hdr{})) + 15) &^ 15

// copyFrame copies raw and puts back the VLAN tag that the card or the kernel took out.
func copyFrame(to, raw []byte, p *unix.Tpacket3Hdr) int {
	if p.Status&unix.TP_STATUS_VLAN_VALID == 0 || len(raw) < 12 {
		return copy(to, raw)
	}
	tpid := uint16(0x8100)
	if p.Status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
		tpid = p.Hv1.Vlan_tpid
	}
	tci := uint16(p.Hv1.Vlan_tci)
	copy(to, raw[:12])
	to[12], to[13], to[14], to[15] = byte(tpid>>8), byte(tpid), byte(tci>>8), byte(tci)
	return 16 + copy(to[16:], raw[12:])
}

func (l *Live) count(m *model.Mirror, b []byte) {
	if l.link != 1 || len(b) < 12 {
		return
	}
	if b[0]&1 != 0 {
		m.Broadcast++
		return
	}
	m.Unicast++
	if !l.mac.IsZero() && (model.MAC(b[:6]) == l.mac || model.MAC(b[6:12]) == l.mac) {
		m.OwnUnicast++
	}
}

// lost adds the kernel's drop counter; reading it sets it to zero.
func (l *Live) lost() {
	st, err := unix.GetsockoptTpacketStatsV3(l.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil || st.Drops == 0 {
		return // a counter that can't be read is no reason to stop capturing
	}
	l.change(func(s *model.Source) { s.Mirror.Dropped += uint64(st.Drops) })
}

// Close implements Source. Batches given out stay valid.
func (l *Live) Close() error {
	if l.fd >= 0 {
		l.lost()
	}
	var errs []error
	if l.ring != nil {
		errs = append(errs, unix.Munmap(l.ring))
		l.ring = nil
	}
	if l.fd >= 0 {
		errs = append(errs, unix.Close(l.fd))
		l.fd = -1
	}
	return errors.Join(errs...)
}
