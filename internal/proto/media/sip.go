package media

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// sipMethods of RFC 3261 and its extensions.
var sipMethods = []string{
	"INVITE ", "ACK ", "BYE ", "CANCEL ", "REGISTER ", "OPTIONS ", "SUBSCRIBE ", "NOTIFY ", "PUBLISH ",
	"INFO ", "REFER ", "MESSAGE ", "UPDATE ", "PRACK ",
}

const sipVersion = "SIP/2.0"

func matchSIP(_ *dissect.Ctx, b []byte) dissect.Verdict { return matchText(b, sipVersion, sipMethods) }

// sip reads what phones and exchanges call themselves.
type sip struct{ lines lines }

// Data implements dissect.Stream.
func (s *sip) Data(c *dissect.Ctx, b []byte) (n int, more bool) { return s.lines.walk(c, b, sipLine) }

// Gap implements dissect.Stream.
func (s *sip) Gap(c *dissect.Ctx, _ int) bool {
	s.lines.lost(c)
	return true
}

func sipLine(c *dissect.Ctx, line []byte) {
	for _, name := range [...]string{"User-Agent", "Server"} {
		if v, ok := field(line, name); ok {
			c.Say(model.SIPAgent, dissect.View(v))
		}
	}
}

// sipDatagram reads the header of a message. The empty lines that keep ways through firewalls open are no message.
func sipDatagram(c *dissect.Ctx, b []byte) dissect.Verdict {
	if matchSIP(c, b) != dissect.Yes {
		return dissect.No
	}
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			break
		}
		sipLine(c, line)
		b = rest
	}
	return dissect.Yes
}
