package tls_test

import (
	"testing"

	"github.com/mimawari/mimawari/internal/proto/prototest"
	"github.com/mimawari/mimawari/internal/proto/tls"
)

func FuzzStreams(f *testing.F) {
	var all [][2]string
	for _, p := range []string{"firefox.pcap.gz", "tls_certificate_too_long.pcap.gz", "tls_1.2_unidirectional_server.pcapng", "tls_malicious_sha1.pcapng", "bot.pcap.gz"} {
		s, _ := prototest.Seeds("captures/ndpi/"+p, 2)
		all = append(all, s...)
	}
	prototest.FuzzStreams(f, tls.Streams(), all...)
}

func FuzzDatagrams(f *testing.F) {
	var all []string
	for _, p := range []string{"quic-33.pcapng", "quic-v2.pcapng.gz", "quic_q39.pcap.gz", "quic_q50.pcap.gz", "dtls_certificate_fragments.pcap"} {
		_, s := prototest.Seeds("captures/ndpi/"+p, 4)
		all = append(all, s...)
	}
	prototest.FuzzDatagrams(f, tls.Datagrams(), all...)
}
