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
	e.data[s.spec-1](c, b)
	if c.App != dissect.Unknown {
		s.App = c.App
	}
	if !datagrams[s.spec-1].Every {
		s.Tries++
		s.Done = s.Tries >= maxLearn
	}
}

func (e *Engine) recogniseDatagram(c *dissect.Ctx, s *Datagram, b []byte) {
	client := c.SrcPort
	if !c.ToServer {
		client = c.DstPort
	}
	s.Tries++
	for _, id := range e.table.forUDP(serverPort(c), client).list {
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
