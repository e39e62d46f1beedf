// Package industrial decodes building and machine control as found in hospitals' plant rooms: Modbus, BACnet/IP, S7,
// EtherNet/IP, DNP3, IEC 60870-5-104, and the message brokers of things: MQTT, CoAP, AMQP.
//
// It reads what devices say of themselves (identification) and nothing of the process: no registers, no topics, no
// payloads, no user names.
package industrial

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec {
	named := func() dissect.Stream { return namedStream{} }
	return []dissect.StreamSpec{
		{App: dissect.MQTT, Ports: []uint16{1883}, Match: matchMQTT, New: func() dissect.Stream { return mqttStream{} }},
		{App: dissect.AMQP, Ports: []uint16{5672}, Match: matchAMQP, New: named},
		{App: dissect.Modbus, Ports: []uint16{502}, Match: matchModbus, New: func() dissect.Stream { return modbusStream{} }},
		{App: dissect.S7, Ports: []uint16{102}, Match: matchS7, New: named},
		{App: dissect.ENIP, Ports: []uint16{44818}, Match: matchENIP, New: func() dissect.Stream { return enipStream{} }},
		{App: dissect.DNP3, Ports: []uint16{20000}, Match: matchDNP3, New: named},
		{App: dissect.IEC104, Ports: []uint16{2404}, Match: matchIEC104, New: named},
	}
}

// Datagrams lists the UDP protocols of this family. BACnet uses ports from 47808 (0xBAC0) on.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{
		{App: dissect.BACnet, Ports: []uint16{47808, 47809, 47810, 47811}, Data: bacnet, Every: true},
		{App: dissect.ENIP, Ports: []uint16{44818}, Data: enipDatagram, Every: true, PortOnly: true},
		{App: dissect.CoAP, Ports: []uint16{5683}, Data: coap, PortOnly: true},
	}
}

// namedStream is for protocols that are named and not read.
type namedStream struct{}

func (namedStream) Data(_ *dissect.Ctx, b []byte) (int, bool) { return len(b), false }
func (namedStream) Gap(*dissect.Ctx, int) bool                { return false }
