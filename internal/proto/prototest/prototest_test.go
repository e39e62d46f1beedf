package prototest

import "testing"

// The helpers must find real traffic where the shared data is, else tests that use them would pass over nothing.
func TestSeeds(t *testing.T) {
	Shared(t, "captures/ad-lab/impacket_psexec.pcap.gz")
	streams, datagrams := Seeds("captures/ad-lab/impacket_psexec.pcap.gz", 3)
	if len(streams) != 3 || len(datagrams) != 3 || len(streams[0][0]) == 0 || len(streams[0][1]) == 0 {
		t.Errorf("%d streams, %d datagrams", len(streams), len(datagrams))
	}
}

func TestRun(t *testing.T) {
	obs, apps := Run(t, Shared(t, "captures/ad-lab/impacket_psexec.pcap.gz"))
	if len(obs) < 10 || len(apps) < 10 {
		t.Errorf("%d observations, %d flows", len(obs), len(apps))
	}
}
