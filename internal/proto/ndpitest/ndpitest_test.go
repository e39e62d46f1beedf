package ndpitest

import (
	"strings"
	"testing"
)

const sample = "DPI Packets (UDP):\t5\t(5.00 pkts/flow)\n\nDNS\t2\t300\t1\nTLS\t28\t15397\t1\n\n" +
	"Safe                            28 15397         1            \nAcceptable                       2 300           1            \n\n" +
	"\t1\tUDP [2001:db8::1]:53959 <-> [2001:db8::99]:53 [VLAN: 505][proto: 5.119/DNS.Facebook][IP: 0/Unknown][Confidence: DPI][1 pkts/133 bytes <-> 1 pkts/167 bytes]\n" +
	"Undetected flows:\n\t2\tTCP 192.0.2.1:1 -> 192.0.2.2:443 [proto: 91/TLS][Confidence: Match by port][28 pkts/15397 bytes -> 0 pkts/0 bytes]\n"

func TestParse(t *testing.T) {
	r, err := parse(strings.NewReader(sample))
	if err != nil {
		t.Fatal(err)
	}
	if p, b, f := r.Sum(); p != 30 || b != 15697 || f != 2 {
		t.Errorf("sum %d %d %d", p, b, f)
	}
	if len(r.Flows) != 2 {
		t.Fatalf("%d flows", len(r.Flows))
	}
	f := r.Flows[0]
	if f.App != "DNS.Facebook" || f.VLAN != 505 || f.A.Port() != 53959 || f.B.String() != "[2001:db8::99]:53" || f.Packets != [2]uint64{1, 1} || f.Bytes[1] != 167 {
		t.Errorf("flow %+v", f)
	}
	if g := r.Flows[1]; g.Confidence != "Match by port" || g.Packets != [2]uint64{28, 0} {
		t.Errorf("flow %+v", g)
	}
}

func TestCases(t *testing.T) {
	for _, c := range Cases(t) {
		r, err := Read(c.Out)
		if err != nil {
			t.Fatal(err)
		}
		var packets uint64
		for _, f := range r.Flows {
			packets += f.Packets[0] + f.Packets[1]
		}
		if sum, _, flows := r.Sum(); uint64(len(r.Flows)) == flows && packets != sum {
			t.Errorf("%s: %d packets in flow lines, %d in the summary", c.Name, packets, sum)
		} else if uint64(len(r.Flows)) != flows {
			t.Logf("%s: %d flow lines of %d", c.Name, len(r.Flows), flows)
		}
	}
}
