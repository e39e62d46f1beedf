package main

import (
	"encoding/binary"
	"fmt"
)

const (
	server  = 10<<24 | 255<<16 | 1 // the one server that all hosts talk to
	gateway = 0xfffffffe
)

// host lets machine i say who it is: ARP, a DHCP request with its name, a DNS question, an SSH server that answers.
func (w *writer) host(i int) {
	a, mac := 10<<24|uint32(i+2), uint64(i+2)
	name := fmt.Sprintf("PC-%06d", i)
	w.arp(a, mac)
	w.dhcp(a, mac, name)
	w.udp(a, server, mac, gateway, 40000, 53, question(name))
	w.ssh(a, mac)
}

func (w *writer) arp(a uint32, mac uint64) {
	b := w.ether(mac, 0xffffffffff, 0x0806)
	b[0] = 0xff
	b = append(b, 0, 1, 8, 0, 6, 4, 0, 1)
	b = append(b, b[6:12]...)
	b = binary.BigEndian.AppendUint32(b, a)
	b = append(b, 0, 0, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, server)
	w.buf = b
	w.put(b, 1000)
}

// dhcp is a DHCPREQUEST (RFC 2131) with host name (12) and vendor class (60).
func (w *writer) dhcp(a uint32, mac uint64, name string) {
	m := make([]byte, 240, 300)
	m[0], m[1], m[2] = 1, 1, 6
	binary.BigEndian.PutUint32(m[12:], a)
	m[28] = 2
	for i := range 5 {
		m[29+i] = byte(mac >> (32 - 8*i))
	}
	copy(m[236:], []byte{0x63, 0x82, 0x53, 0x63})
	m = append(m, 53, 1, 3, 12, byte(len(name)))
	m = append(append(m, name...), 60, 8)
	m = append(append(m, "MSFT 5.0"...), 255)
	w.udp(a, server, mac, gateway, 68, 67, m)
}

func question(name string) []byte {
	m := append([]byte{0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, byte(len(name)))
	m = append(append(m, name...), 8)
	return append(append(m, "hospital"...), 0, 0, 1, 0, 1)
}

func (w *writer) udp(src, dst uint32, from, to uint64, sport, dport uint16, payload []byte) {
	b := ip(w.ether(from, to, 0x0800), 17, src, dst, 8+len(payload))
	b = binary.BigEndian.AppendUint16(b, sport)
	b = binary.BigEndian.AppendUint16(b, dport)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	b = append(append(b, 0, 0), payload...)
	w.buf = b
	w.put(b, 1000)
}

// ssh is a whole handshake with the banner of the host's SSH server.
func (w *writer) ssh(a uint32, mac uint64) {
	const banner = "SSH-2.0-OpenSSH_9.6\r\n"
	w.tcp(server, a, gateway, mac, 50000, 22, 1, 0, 2, "")
	w.tcp(a, server, mac, gateway, 22, 50000, 1, 2, 0x12, "")
	w.tcp(server, a, gateway, mac, 50000, 22, 2, 2, 0x10, "")
	w.tcp(a, server, mac, gateway, 22, 50000, 2, 2, 0x18, banner)
}

func (w *writer) tcp(src, dst uint32, from, to uint64, sport, dport uint16, seq, ack uint32, flags byte, payload string) {
	b := ip(w.ether(from, to, 0x0800), 6, src, dst, 20+len(payload))
	b = binary.BigEndian.AppendUint16(b, sport)
	b = binary.BigEndian.AppendUint16(b, dport)
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(append(b, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0), payload...)
	w.buf = b
	w.put(b, 1000)
}
