package banner

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Telnet commands, RFC 854.
const (
	iac  = 255
	will = 251
	dont = 254
	sb   = 250
	se   = 240
)

// matchTelnet knows option negotiation; a bare prompt is believed on the port of Telnet only.
func matchTelnet(c *dissect.Ctx, b []byte) dissect.Verdict {
	if b[0] == iac {
		switch {
		case len(b) < 3:
			return dissect.Maybe
		case b[1] >= will && b[1] <= dont && (b[2] <= 50 || b[2] == 255) && (len(b) == 3 || b[3] == iac || b[3] < 0x80):
			return dissect.Yes
		}
		return dissect.No
	}
	if c.ToServer || !atHome(c, 23, 2323) {
		return dissect.No
	}
	if contains(b, "login:") || contains(b, "username:") || contains(b, "password:") {
		return dissect.Yes
	}
	if b[0] < 0x20 && b[0] != '\r' && b[0] != '\n' && b[0] != 0x1b {
		return dissect.No
	}
	return dissect.Maybe
}

// telnet reads what the server says before anybody logs in, and notices that a password was typed.
type telnet struct {
	state    [2]uint8 // within a command: 0 text, 1 after IAC, 2 option follows, 3 sub-negotiation, 4 IAC within it
	text     []byte   // what the server said so far, bounded
	said     bool     // the banner
	password bool     // the server asked for it
	seen     int
}

const (
	maxTelnetText = 512
	maxTelnet     = 8 << 10 // bytes looked at
)

// Data implements dissect.Stream.
func (t *telnet) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	state := &t.state[side(c)]
	for _, x := range b {
		if !t.isText(state, x) {
			continue
		}
		t.seen++
		if c.ToServer {
			if t.typed(c, x) {
				return len(b), false
			}
		} else {
			t.shown(c, x)
		}
	}
	return len(b), t.seen < maxTelnet
}

// isText follows commands, RFC 854 and 855.
func (t *telnet) isText(state *uint8, x byte) bool {
	switch s := *state; {
	case s == 0 && x == iac:
		*state = 1
	case s == 0:
		return x != 0
	case s == 1 && x >= will && x <= dont:
		*state = 2
	case s == 1 && x == sb:
		*state = 3
	case s == 3:
		if x == iac {
			*state = 4
		}
	case s == 4 && x != se:
		*state = 3
	default:
		*state = 0
	}
	return false
}

// typed is shown a character of the client. One after a prompt for a password is enough.
func (t *telnet) typed(c *dissect.Ctx, x byte) bool {
	t.banner(c, true)
	if t.password && x > ' ' {
		c.SayOf(model.CleartextLogin, "telnet")
		return true
	}
	return false
}

// shown is shown a character of the server.
func (t *telnet) shown(c *dissect.Ctx, x byte) {
	if len(t.text) >= maxTelnetText {
		t.text = append(t.text[:0], t.text[maxTelnetText/2:]...)
	}
	t.text = append(t.text, x)
	if x != ':' && x != '>' && x != '?' {
		return
	}
	if contains(lastLine(t.text), "password") {
		t.password = true
	}
	if t.password || contains(lastLine(t.text), "login") || contains(lastLine(t.text), "username") {
		t.banner(c, false)
	}
}

func lastLine(b []byte) []byte {
	return b[bytes.LastIndexAny(b, "\r\n")+1:]
}

// banner says what came before the first prompt, once. Nothing is said if the client typed first: it may be echoed.
func (t *telnet) banner(c *dissect.Ctx, fromClient bool) {
	if t.said {
		return
	}
	t.said = true
	if fromClient {
		return
	}
	text := t.text[:len(t.text)-len(lastLine(t.text))]
	if len(bytes.TrimSpace(text)) == 0 { // "router1 login:" names the machine
		text = t.text
	}
	say(c, model.BannerTelnet, bytes.Join(bytes.Fields(text), []byte{' '}))
}

// Gap implements dissect.Stream.
func (t *telnet) Gap(c *dissect.Ctx, _ int) bool {
	t.state[side(c)] = 0
	return true
}
