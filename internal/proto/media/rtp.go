package media

import (
	"encoding/binary"
	"net/netip"

	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// rtpFlows bounds the flows that are waiting for a second packet; the oldest ones make room.
const rtpFlows = 512

// rtpFlow is one direction of a flow of which one packet looked like RTP.
type rtpFlow struct {
	src, dst netip.AddrPort
	ssrc     uint32
	seq      uint16
}

// newRTP makes a recogniser of RTP and RTCP (RFC 3550). One packet proves little, so two that follow each other are
// wanted of RTP; RTCP is known by its lengths.
func newRTP() func(*dissect.Ctx, []byte) dissect.Verdict {
	var waiting []rtpFlow
	next := 0
	return func(c *dissect.Ctx, b []byte) dissect.Verdict {
		if isRTCP(b) {
			return dissect.Yes
		}
		if !isRTP(b) {
			return dissect.No
		}
		f := rtpFlow{netip.AddrPortFrom(c.Src, c.SrcPort), netip.AddrPortFrom(c.Dst, c.DstPort), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:])}
		for i := range waiting {
			w := &waiting[i]
			if w.src != f.src || w.dst != f.dst {
				continue
			}
			follows := w.ssrc == f.ssrc && f.seq-w.seq <= 16 && f.seq != w.seq
			*w = f
			if follows {
				return dissect.Yes
			}
			return dissect.Maybe
		}
		if len(waiting) < rtpFlows {
			waiting = append(waiting, f)
		} else {
			waiting[next] = f
			next = (next + 1) % rtpFlows
		}
		return dissect.Maybe
	}
}

// isRTP checks version, payload type (RFC 3551 table 4 and the dynamic ones) and that sources fit.
func isRTP(b []byte) bool {
	if len(b) < 13 || b[0]>>6 != 2 || len(b) < 12+4*int(b[0]&15) {
		return false
	}
	typ := b[1] & 0x7f
	return (typ <= 34 || typ >= 96) && binary.BigEndian.Uint32(b[8:]) != 0
}

// isRTCP: a compound packet begins with a sender or receiver report, whose length follows from its count (RFC 3550 section
// 6.4). What comes after it is encrypted in SRTCP (RFC 3711), so it is not looked at.
func isRTCP(b []byte) bool {
	if len(b) < 8 || b[0]>>6 != 2 || b[1] != 200 && b[1] != 201 {
		return false
	}
	words := 1 + 6*int(b[0]&31)
	if b[1] == 200 {
		words += 5
	}
	size := int(binary.BigEndian.Uint16(b[2:]))
	return size == words && 4*(size+1) <= len(b)
}
