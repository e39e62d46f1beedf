package remote

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec {
	named := func(name string) func() dissect.Stream {
		return func() dissect.Stream { return &product{name: name} }
	}
	return []dissect.StreamSpec{
		{App: dissect.VNC, Ports: []uint16{5900, 5901, 5902, 5903}, Match: matchVNC, New: func() dissect.Stream { return new(vnc) }},
		{App: dissect.NoMachine, Ports: []uint16{4000}, Match: matchNoMachine, New: named("nomachine")},
		{App: dissect.TeamViewer, Ports: []uint16{5938}, Match: matchTeamViewer, New: named("teamviewer")},
		{App: dissect.RustDesk, Ports: []uint16{21115, 21116, 21117, 21118}, Match: matchRustDesk, New: named("rustdesk")},
		{App: dissect.Radmin, Ports: []uint16{4899}, Match: matchRadmin, New: named("radmin")},
		{App: dissect.DameWare, Ports: []uint16{6129}, Match: matchDameWare, New: named("dameware")},
	}
}

// Datagrams lists the UDP protocols of this family.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{
		{App: dissect.TeamViewer, Ports: []uint16{5938}, Data: teamViewerDatagram},
		{App: dissect.RustDesk, Ports: []uint16{21116, 21119}, PortOnly: true, Data: rustDeskDatagram},
		{App: dissect.NoMachine, Ports: []uint16{4000}, PortOnly: true, Data: noMachineDatagram},
	}
}
