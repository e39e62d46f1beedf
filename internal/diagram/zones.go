package diagram

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// House is what the pictures are made of.
type House struct {
	Ledger   *model.Ledger // nil if nothing is declared
	Hosts    []model.Brief
	Findings []model.Finding // the ones that count: neither resolved nor silenced
}

// areaKind says where the name of an area comes from; areas are shown in this order.
type areaKind int

const (
	byZone areaKind = iota
	byNetwork
	bySubnet
	unknownArea
)

// area is a group of hosts that stand together.
type area struct {
	kind areaKind
	name string // of the zone, network or subnet; "" for unknownArea
	rank int    // in the ledger
	addr netip.Addr
}

// areas finds the area of a host.
type areas struct {
	networks map[netip.Prefix]*model.Network
	bits     []int // lengths of prefixes, longest first
	zones    map[string]int
	hosts    map[string]*model.LedgerHost
}

func newAreas(l *model.Ledger) *areas {
	a := &areas{networks: map[netip.Prefix]*model.Network{}, zones: map[string]int{}, hosts: map[string]*model.LedgerHost{}}
	if l == nil {
		return a
	}
	for i := range l.Networks {
		n := &l.Networks[i]
		if p := n.Prefix.Masked(); p.IsValid() && a.networks[p] == nil {
			a.networks[p] = n
			a.bits = append(a.bits, p.Bits())
		}
	}
	slices.SortFunc(a.bits, func(x, y int) int { return y - x })
	a.bits = slices.Compact(a.bits)
	for i, z := range l.Zones {
		if _, twice := a.zones[z.Name]; !twice {
			a.zones[z.Name] = i
		}
	}
	for i := range l.Hosts {
		a.hosts[l.Hosts[i].Key] = &l.Hosts[i]
	}
	return a
}

// network gives the declared network of an address, nil if there is none.
func (a *areas) network(ip netip.Addr) *model.Network {
	for _, bits := range a.bits {
		if p, err := ip.Prefix(bits); err == nil {
			if n := a.networks[p]; n != nil {
				return n
			}
		}
	}
	return nil
}

// of gives the area of a host: the zone of its network, the zone that it is declared in, its network, its subnet.
func (a *areas) of(h *model.Brief) area {
	n := a.network(h.IP)
	zone := ""
	if n != nil {
		zone = n.Zone
	}
	if d := a.hosts[h.Declared]; zone == "" && d != nil {
		zone = d.Zone
	}
	switch {
	case zone != "":
		rank, known := a.zones[zone]
		if !known {
			rank = len(a.zones)
		}
		return area{kind: byZone, name: zone, rank: rank}
	case n != nil:
		return area{kind: byNetwork, name: cmp.Or(n.Name, n.Prefix.String()), addr: n.Prefix.Addr()}
	case h.IP.IsValid():
		p := subnet(h.IP)
		return area{kind: bySubnet, name: p.String(), addr: p.Addr()}
	}
	return area{kind: unknownArea}
}

// subnet is the usual size of a network: where nothing is declared, what is in one probably belongs together.
func subnet(ip netip.Addr) netip.Prefix {
	bits := 24
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits)
	return p
}

func (a area) compare(b area) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.rank, b.rank), a.addr.Compare(b.addr), strings.Compare(a.name, b.name))
}

// Risk is how a host stands: what it is drawn with, from the worst finding about it.
type Risk int

// The levels.
const (
	Fine  Risk = iota // nothing, or only notes
	Watch             // ▲
	Act               // ■
)

// RiskOf is the level of a severity.
func RiskOf(s model.Severity) Risk {
	switch {
	case s >= model.High:
		return Act
	case s >= model.Medium:
		return Watch
	}
	return Fine
}

// risks gives the level of each host that a finding is about.
func risks(fs []model.Finding) map[string]Risk {
	m := map[string]Risk{}
	for i := range fs {
		r := RiskOf(fs[i].Severity)
		for _, x := range fs[i].Assets {
			if x.Host != "" && r > m[x.Host] {
				m[x.Host] = r
			}
		}
	}
	return m
}
