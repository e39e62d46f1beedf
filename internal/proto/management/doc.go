// Package management decodes what machines say to those who run them: SNMP v1, v2c and v3, NTP, syslog over UDP and TCP,
// RADIUS; TFTP, NetFlow, IPFIX and sFlow are recognised only.
//
// Community strings are compared with the two defaults and never kept; user names of RADIUS and SNMPv3 are not read.
package management

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec {
	return []dissect.StreamSpec{
		{App: dissect.Syslog, Ports: []uint16{514, 601}, Match: matchSyslog, New: func() dissect.Stream { return &syslogStream{} }},
	}
}

// Datagrams lists the UDP protocols of this family.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{
		{App: dissect.SNMP, Ports: []uint16{161, 162}, Data: snmp, Every: true},
		{App: dissect.NTP, Ports: []uint16{123}, Data: ntp},
		{App: dissect.Syslog, Ports: []uint16{514}, Data: syslog, Every: true},
		{App: dissect.RADIUS, Ports: []uint16{1812, 1813, 1645, 1646, 3799}, Data: radius, Every: true, PortOnly: true},
		{App: dissect.TFTP, Ports: []uint16{69}, Data: tftp, PortOnly: true},
		{App: dissect.NetFlow, Ports: []uint16{2055, 2056, 4739, 9555, 9995, 9996}, Data: netflow, PortOnly: true},
		{App: dissect.SFlow, Ports: []uint16{6343}, Data: sflow, PortOnly: true},
	}
}
