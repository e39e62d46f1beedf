package management

import (
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Association modes of NTP (RFC 5905, figure 10).
const (
	ntpActive  = 1
	ntpClient  = 3
	ntpControl = 6
	ntpPrivate = 7
)

// ntp decodes one NTP or SNTP message. Stratum 0 in an answer is a refusal (kiss of death).
func ntp(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 8 || c.SrcPort != 123 && c.DstPort != 123 {
		return dissect.No
	}
	version, mode, stratum := b[0]>>3&7, b[0]&7, b[1]
	if version < 1 || version > 4 {
		return dissect.No
	}
	if mode == ntpControl || mode == ntpPrivate {
		return dissect.Yes
	}
	if len(b) < 48 || mode == 0 || stratum > 16 {
		return dissect.No
	}
	switch {
	case mode == ntpClient || mode == ntpActive:
		c.SayTo(model.NTPClient, "")
	case stratum > 0 && stratum < 16: // server, broadcast, and passive: the answer to an active peer
		c.Say(model.NTPServer, dissect.View(strconv.AppendUint(append(c.Scratch(), "stratum="...), uint64(stratum), 10)))
	}
	return dissect.Yes
}
