package proto

import (
	"sync"

	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// maxSpecs is how many TCP protocols fit the bit set of a connection that is being recognised.
const maxSpecs = 128

// order says in which order decoders are asked: the first own of them are at home on the port.
type order struct {
	list []uint8
	own  int
}

// table is the order for each port that somebody calls usual, and for all others.
type table struct {
	tcp, udp           map[uint16]order
	tcpOther, udpOther order
}

var tables = sync.OnceValue(func() *table {
	tcp, udp := make([]candidate, len(streams)), make([]candidate, len(datagrams))
	for i, s := range streams {
		tcp[i] = candidate{ports: s.Ports}
	}
	for i, d := range datagrams {
		udp[i] = candidate{ports: d.Ports, portOnly: d.PortOnly}
	}
	t := new(table)
	t.tcp, t.tcpOther = orders(tcp)
	t.udp, t.udpOther = orders(udp)
	return t
})

type candidate struct {
	ports    []uint16
	portOnly bool
}

func orders(cs []candidate) (map[uint16]order, order) {
	if len(cs) > maxSpecs {
		panic("BUG: more protocols than maxSpecs")
	}
	byPort := map[uint16]order{}
	for _, c := range cs {
		for _, p := range c.ports {
			if _, ok := byPort[p]; !ok {
				byPort[p] = orderFor(cs, p)
			}
		}
	}
	return byPort, orderFor(cs, 0)
}

// orderFor lists the candidates at home on port, then those that may be asked anywhere.
func orderFor(cs []candidate, port uint16) order {
	var o order
	var away []uint8
	for i, c := range cs {
		switch {
		case port != 0 && has(c.ports, port):
			o.list = append(o.list, uint8(i))
		case !c.portOnly:
			away = append(away, uint8(i))
		}
	}
	o.own = len(o.list)
	o.list = append(o.list, away...)
	return o
}

func has(ports []uint16, p uint16) bool {
	for _, q := range ports {
		if p == q {
			return true
		}
	}
	return false
}

func (t *table) forTCP(port uint16) order {
	if o, ok := t.tcp[port]; ok {
		return o
	}
	return t.tcpOther
}

// forUDP prefers the server's port, then the client's: the first packet seen may be an answer.
func (t *table) forUDP(server, client uint16) order {
	if o, ok := t.udp[server]; ok {
		return o
	}
	if o, ok := t.udp[client]; ok {
		return o
	}
	return t.udpOther
}

// serverPort is the port of the side that was connected to.
func serverPort(c *dissect.Ctx) uint16 {
	if c.ToServer {
		return c.DstPort
	}
	return c.SrcPort
}

func clientPort(c *dissect.Ctx) uint16 {
	if c.ToServer {
		return c.SrcPort
	}
	return c.DstPort
}
