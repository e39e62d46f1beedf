package banner

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// matchRlogin wants the client's first bytes: NUL, local user, NUL, remote user, NUL, terminal/speed, NUL (RFC 1282), on its port.
func matchRlogin(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !c.ToServer || !atHome(c, 513) || b[0] != 0 {
		return dissect.No
	}
	switch n := bytes.Count(b, []byte{0}); {
	case n >= 4 && bytes.IndexByte(b, '/') > 0:
		return dissect.Yes
	case n < 4 && len(b) < 128:
		return dissect.Maybe
	}
	return dissect.No
}

// matchRSH wants digits of the second port, NUL, two names and a command, each with NUL.
func matchRSH(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !c.ToServer || !atHome(c, 514, 512) {
		return dissect.No
	}
	port, rest, ok := bytes.Cut(b, []byte{0})
	for _, x := range port {
		if x < '0' || x > '9' {
			return dissect.No
		}
	}
	switch {
	case len(port) > 5 || len(port) == 0 && len(b) > 1 && b[1] == 0:
		return dissect.No
	case ok && bytes.Count(rest, []byte{0}) >= 3:
		return dissect.Yes
	case len(rest) < 256:
		return dissect.Maybe
	}
	return dissect.No
}

// remoteShell is a protocol that trusts addresses and sends all in clear.
type remoteShell struct{ login string }

// Data implements dissect.Stream.
func (s *remoteShell) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	if !c.ToServer {
		return len(b), true
	}
	c.SayOf(model.CleartextLogin, s.login)
	return len(b), false
}

// Gap implements dissect.Stream.
func (s *remoteShell) Gap(*dissect.Ctx, int) bool { return false }
