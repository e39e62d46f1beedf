package printing

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec {
	return []dissect.StreamSpec{
		{App: dissect.JetDirect, Ports: []uint16{9100, 9101, 9102}, Match: matchPJL, New: func() dissect.Stream { return new(jetdirect) }},
		{App: dissect.LPD, Ports: []uint16{515}, Match: matchLPD, New: func() dissect.Stream { return new(lpd) }},
	}
}

// Datagrams lists the UDP protocols of this family: none.
func Datagrams() []dissect.DatagramSpec { return nil }

func atHome(c *dissect.Ctx, ports ...uint16) bool {
	for _, p := range ports {
		if c.ToServer && c.DstPort == p || !c.ToServer && c.SrcPort == p {
			return true
		}
	}
	return false
}
