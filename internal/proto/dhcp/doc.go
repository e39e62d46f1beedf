// Package dhcp decodes BOOTP and DHCPv4 (RFC 951, 2131, 2132) and DHCPv6 (RFC 8415): what hosts call themselves, which
// software asks, which address was given to whom, and who gives addresses out.
//
// It keeps no leases and judges no server. A relay agent is never taken for the server, and a PXE boot server that
// gives no address is none. Options split over several instances (RFC 3396) are read up to the first part.
package dhcp

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family: none (lease query over TCP is not decoded).
func Streams() []dissect.StreamSpec { return nil }

// Datagrams lists the UDP protocols of this family. Port 4011 is the PXE boot service.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{
		{App: dissect.DHCP, Ports: []uint16{67, 68, 4011}, Data: v4, Every: true},
		{App: dissect.DHCPv6, Ports: []uint16{546, 547}, Data: v6, Every: true, PortOnly: true},
	}
}
