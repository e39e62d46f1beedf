package inventory

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
)

// A host keeps what it says of itself, a few values of each kind, and what it said before if it is not there now.
func TestSay(t *testing.T) {
	a, b := netip.MustParseAddr("10.1.0.20"), netip.MustParseAddr("10.1.0.21")
	mac := model.MAC{0, 0x1b, 0x21, 1, 2, 3}
	before := []model.Said{{Kind: model.NameDHCP, Value: "OLD", Count: 1}}
	hosts := []model.Host{{ID: "h-1", IPs: []netip.Addr{a}, MACs: []model.MAC{mac}}, {ID: "h-2", IPs: []netip.Addr{b}, Says: before}}
	obs := []model.Observation{
		{Subject: a, Kind: model.TLSJA4, Value: "t13d", Count: 3},
		{Subject: a, Kind: model.TLSJA4, Value: "t13d", MAC: mac, Count: 2},
		{MAC: mac, Kind: model.NameDHCP, Value: "PC", Count: 1},
		{Subject: a, Kind: model.DNSQuery, Value: "example.com", Count: 9},
		{Subject: netip.MustParseAddr("192.0.2.1"), Kind: model.NameDHCP, Value: "nobody", Count: 1},
	}
	for i := range 10 {
		obs = append(obs, model.Observation{Subject: a, Kind: model.HTTPUserAgent, Value: fmt.Sprint("agent ", i), Count: uint64(i + 1)})
	}
	Say(hosts, &model.Seen{Observations: obs})
	got := map[model.Kind][]model.Said{}
	for _, s := range hosts[0].Says {
		got[s.Kind] = append(got[s.Kind], s)
	}
	if len(got[model.TLSJA4]) != 1 || got[model.TLSJA4][0].Count != 5 || len(got[model.NameDHCP]) != 1 || len(got[model.DNSQuery]) != 0 {
		t.Errorf("%+v", hosts[0].Says)
	}
	if ua := got[model.HTTPUserAgent]; len(ua) != maxSaysKind || ua[0].Value != "agent 9" {
		t.Errorf("user agents %+v", ua)
	}
	if len(hosts[1].Says) != 1 || hosts[1].Says[0].Value != "OLD" {
		t.Errorf("a host that is not there lost its words: %+v", hosts[1].Says)
	}
}
