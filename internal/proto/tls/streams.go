package tls

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec {
	return []dissect.StreamSpec{{
		App:   dissect.TLS,
		Ports: []uint16{443, 8443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 2762, 3269, 5061, 5671, 5986, 6514, 8883, 9443, 10443},
		Match: match,
		New:   func() dissect.Stream { return new(stream) },
		Make: func() func() dissect.Stream {
			certs := newCertificates()
			return func() dissect.Stream { return &stream{certs: certs} }
		},
	}}
}

// Datagrams lists the UDP protocols of this family.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{
		{App: dissect.QUIC, Ports: []uint16{443, 80, 784, 853, 4433, 8443, 8853}, Make: newQUIC},
		{App: dissect.DTLS, Ports: []uint16{443, 4433, 5061, 5684, 10443}, Make: newDTLS},
	}
}
