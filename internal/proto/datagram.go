package proto

import "github.com/mimawari/mimawari/internal/proto/dissect"

// How many datagrams of a flow are looked at: to recognise it, and to learn from it once it is recognised.
const (
	maxTries = 4
	maxLearn = 8
)

// Datagram is the state of a UDP flow; the zero value is a new flow. It holds no pointers.
type Datagram struct {
	App   dissect.App
	Tries uint8 // datagrams looked at
	Done  bool  // nothing more to learn: the caller need not show more
	spec  uint8 // index in datagrams, plus one, once recognised
}

// Datagram is shown a UDP payload (complete or, for fragments that could not be joined, its first part).
func (e *Engine) Datagram(c *dissect.Ctx, s *Datagram, b []byte) {
	if s.Done || len(b) == 0 {
		return
	}
	c.Rec, c.App = e.rec, s.App
	if s.spec == 0 {
		e.recogniseDatagram(c, s, b)
		return
	}
	v := e.data[s.spec-1](c, b)
	if v != dissect.No && c.App != dissect.Unknown {
		s.App = c.App
	}
	if v == dissect.No && s.Tries < maxLearn {
		e.others(c, s, b)
	}
	s.Tries = min(s.Tries+1, maxLearn)
	s.Done = s.Tries >= maxLearn && !datagrams[s.spec-1].Every
}

// others shows a datagram that the flow's own protocol does not know to the rest: STUN, DTLS and RTP share their ports
// (RFC 7983). The flow keeps its first name, except that STUN only opens the way for DTLS.
func (e *Engine) others(c *dissect.Ctx, s *Datagram, b []byte) {
	for _, id := range e.table.forUDP(serverPort(c), clientPort(c)).list {
		c.App = dissect.Unknown
		if id+1 == s.spec || e.data[id](c, b) != dissect.Yes {
			continue
		}
		if s.App == dissect.STUN && datagrams[id].App == dissect.DTLS {
			s.App = dissect.DTLS
		}
		return
	}
}

func (e *Engine) recogniseDatagram(c *dissect.Ctx, s *Datagram, b []byte) {
	s.Tries++
	for _, id := range e.table.forUDP(serverPort(c), clientPort(c)).list {
		c.App = dissect.Unknown
		if e.data[id](c, b) != dissect.Yes {
			continue
		}
		s.spec, s.App = id+1, c.App
		if c.App == dissect.Unknown {
			s.App = datagrams[id].App
		}
		return
	}
	c.App = dissect.Unknown
	s.Done = s.Tries >= maxTries
}
