// Package discovery decodes how devices announce themselves to whoever listens: SSDP (UPnP Device Architecture 1.1),
// WS-Discovery (OASIS 2009 and the 2005 draft, with ONVIF scopes), and makers' own protocols: Ubiquiti, MikroTik
// (MNDP), Hikvision (SADP). SLP is only recognised.
//
// What somebody searches for is not recorded: it says nothing of the searcher. Device descriptions fetched over HTTP
// belong to package web.
package discovery

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family: none.
func Streams() []dissect.StreamSpec { return nil }

// Datagrams lists the UDP protocols of this family.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{
		{App: dissect.SSDP, Ports: []uint16{1900}, Data: ssdp, Every: true},
		{App: dissect.WSD, Ports: []uint16{3702}, Data: wsd, Every: true},
		{App: dissect.Ubiquiti, Ports: []uint16{10001, 5678}, Data: ubiquiti, Every: true, PortOnly: true},
		{App: dissect.MNDP, Ports: []uint16{5678}, Data: mndp, Every: true, PortOnly: true},
		{App: dissect.SADP, Ports: []uint16{37020}, Data: sadp, Every: true, PortOnly: true},
		{App: dissect.SLP, Ports: []uint16{427}, Data: slp, PortOnly: true},
	}
}
