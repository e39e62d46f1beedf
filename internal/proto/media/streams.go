package media

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec {
	return []dissect.StreamSpec{
		{App: dissect.RTSP, Ports: []uint16{554, 8554}, Match: matchRTSP, New: func() dissect.Stream { return new(rtsp) }},
		{App: dissect.SIP, Ports: []uint16{5060}, Match: matchSIP, New: func() dissect.Stream { return new(sip) }},
		{App: dissect.BitTorrent, Ports: []uint16{6881, 6882, 6889}, Match: matchBitTorrent, New: named},
		{App: dissect.H323, Ports: []uint16{1720}, Match: matchQ931, New: named},
	}
}

// Datagrams lists the UDP protocols of this family, the weakest format last.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{
		{App: dissect.SIP, Ports: []uint16{5060, 5070}, Data: sipDatagram},
		{App: dissect.BitTorrent, Ports: []uint16{6881}, Data: bitTorrentDatagram},
		{App: dissect.H323, Ports: []uint16{1719}, PortOnly: true, Data: rasDatagram},
		{App: dissect.RTP, Make: newRTP},
	}
}

// nothing is the stream of protocols that are recognised and no more.
type nothing struct{}

func named() dissect.Stream { return nothing{} }

// Data implements dissect.Stream.
func (nothing) Data(_ *dissect.Ctx, b []byte) (n int, more bool) { return len(b), false }

// Gap implements dissect.Stream.
func (nothing) Gap(*dissect.Ctx, int) bool { return false }
