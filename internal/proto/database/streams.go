package database

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec {
	return []dissect.StreamSpec{
		{App: dissect.TDS, Ports: []uint16{1433}, Match: matchTDS, New: func() dissect.Stream { return new(tds) }},
		{App: dissect.TNS, Ports: []uint16{1521, 1526, 2483}, Match: matchTNS, New: func() dissect.Stream { return new(tns) }},
		{App: dissect.PostgreSQL, Ports: []uint16{5432}, Match: matchPostgreSQL, New: func() dissect.Stream { return new(postgresql) }},
		{App: dissect.MySQL, Ports: []uint16{3306}, Match: matchMySQL, New: func() dissect.Stream { return new(mysql) }},
		{App: dissect.DRDA, Ports: []uint16{446, 50000}, Match: matchDRDA, New: func() dissect.Stream { return new(drda) }},
	}
}

// Datagrams lists the UDP protocols of this family: none.
func Datagrams() []dissect.DatagramSpec { return nil }

// maxHeld is the longest message that is waited for; of longer ones the start is read.
const maxHeld = 8 << 10

// maxMessages bounds what is looked at of one connection.
const maxMessages = 40

// version composes "product a.b" and the like.
func version(c *dissect.Ctx, parts ...[]byte) string {
	b := c.Scratch()
	for _, p := range parts {
		b = append(b, p...)
	}
	return dissect.View(b)
}
