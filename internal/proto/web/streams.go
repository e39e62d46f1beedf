package web

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec {
	return []dissect.StreamSpec{{
		App:   dissect.HTTP,
		Ports: []uint16{80, 8080, 8000, 8008, 8081, 8443, 3128, 631, 5985, 5357, 9200, 8888, 2869, 49152},
		Match: matchHTTP,
		New:   func() dissect.Stream { return new(conversation) },
	}}
}

// Datagrams lists the UDP protocols of this family: none (SSDP and WS-Discovery belong to package discovery).
func Datagrams() []dissect.DatagramSpec { return nil }
