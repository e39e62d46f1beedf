package media

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// matchQ931 knows H.225.0 call signalling: TPKT (RFC 1006), then Q.931 with a call reference of two bytes and one of the
// messages of H.225.0 table 4.
func matchQ931(_ *dissect.Ctx, b []byte) dissect.Verdict {
	const head = "\x03\x00"
	if v := dissect.Prefix(b, head); v != dissect.Yes {
		return v
	}
	if len(b) > 4 && b[4] != 0x08 || len(b) > 5 && b[5] != 2 {
		return dissect.No
	}
	if len(b) < 9 {
		return dissect.Maybe
	}
	switch b[8] {
	case 0x01, 0x02, 0x03, 0x05, 0x07, 0x0d, 0x5a, 0x62, 0x6e, 0x7b, 0x7d: // alerting ... setup ... release complete, facility, status
		return dissect.Yes
	}
	return dissect.No
}

// h225 is the object identifier itu-t(0) recommendation(0) h(8) 2250 version(0), which RAS messages carry.
var h225 = []byte{0x06, 0x00, 0x08, 0x91, 0x4a, 0x00}

// rasDatagram knows registration, admission and status (H.225.0 section 7.7) by that identifier; those without it are
// recognised with the flow.
func rasDatagram(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if bytes.Contains(b[:min(len(b), 32)], h225) {
		return dissect.Yes
	}
	return dissect.No
}
