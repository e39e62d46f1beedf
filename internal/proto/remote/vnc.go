package remote

import (
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// versionLength is that of "RFB 003.008\n", RFC 6143 section 7.1.1.
const versionLength = 12

func matchVNC(_ *dissect.Ctx, b []byte) dissect.Verdict {
	const form = "RFB 000.000\n"
	for i, x := range b[:min(len(b), versionLength)] {
		if form[i] == '0' && x >= '0' && x <= '9' || x == form[i] {
			continue
		}
		return dissect.No
	}
	if len(b) < versionLength {
		return dissect.Maybe
	}
	return dissect.Yes
}

// vnc reads the versions that both sides speak.
type vnc struct{ seen [2]bool }

// Data implements dissect.Stream.
func (v *vnc) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	seen := &v.seen[0]
	if c.ToServer {
		seen = &v.seen[1]
	}
	if *seen {
		return len(b), false
	}
	if len(b) < versionLength {
		return 0, true
	}
	if matchVNC(c, b) != dissect.Yes {
		return 0, false
	}
	*seen = true
	if c.ToServer {
		c.SayTo(model.RemoteControl, "vnc")
	} else {
		c.SayAt(model.BannerVNC, dissect.View(b[:versionLength-1]))
		c.SayAt(model.RemoteControl, "vnc")
	}
	return versionLength, !v.seen[0] || !v.seen[1]
}

// Gap implements dissect.Stream.
func (v *vnc) Gap(*dissect.Ctx, int) bool { return false }
