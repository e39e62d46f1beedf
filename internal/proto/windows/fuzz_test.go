package windows_test

import (
	"testing"

	"github.com/mimawari/mimawari/internal/proto/prototest"
	"github.com/mimawari/mimawari/internal/proto/windows"
)

func FuzzStreams(f *testing.F) {
	var all [][2]string
	for _, p := range []string{
		"ad-lab/impacket_psexec.pcap.gz", "ad-lab/normal_share_traversal.pcap.gz", "ad-lab/tinkersec-ldapsearch.pcap.gz",
		"ad-lab/dcsync_secretsdump.pcap.gz", "ndpi/rdp3.pcap", "ndpi/smb_frags.pcap",
	} {
		s, _ := prototest.Seeds("captures/"+p, 4)
		all = append(all, s...)
	}
	prototest.FuzzStreams(f, windows.Streams(), all...)
}

func FuzzDatagrams(f *testing.F) {
	var all []string
	for _, p := range []string{"ad-lab/chip_host_signin.pcap.gz", "ndpi/kerberos_fuzz.pcapng", "ndpi/rdp2.pcap"} {
		_, s := prototest.Seeds("captures/"+p, 12)
		all = append(all, s...)
	}
	prototest.FuzzDatagrams(f, windows.Datagrams(), all...)
}
