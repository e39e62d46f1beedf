package media

import (
	"bytes"
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// matchBitTorrent knows the handshake of BEP 3.
func matchBitTorrent(_ *dissect.Ctx, b []byte) dissect.Verdict {
	return dissect.Prefix(b, "\x13BitTorrent protocol")
}

// trackerMagic opens the UDP tracker protocol, BEP 15.
const trackerMagic = 0x41727101980

// bitTorrentDatagram knows the distributed hash table (BEP 5), tracker connections and local discovery (BEP 14).
func bitTorrentDatagram(_ *dissect.Ctx, b []byte) dissect.Verdict {
	switch {
	case len(b) >= 16 && binary.BigEndian.Uint64(b) == trackerMagic:
		return dissect.Yes
	case bytes.HasPrefix(b, []byte("d1:ad2:id20:")), bytes.HasPrefix(b, []byte("d1:rd2:id20:")),
		bytes.HasPrefix(b, []byte("d2:ip")) && bytes.Contains(b[:min(len(b), 64)], []byte("2:id20:")),
		bytes.HasPrefix(b, []byte("d1:eli20")), bytes.HasPrefix(b, []byte("BT-SEARCH * HTTP/1.1\r\n")),
		len(b) > 20 && bytes.HasPrefix(b, []byte("\x13BitTorrent protocol")):
		return dissect.Yes
	}
	return dissect.No
}
