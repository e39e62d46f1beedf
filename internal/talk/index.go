package talk

import (
	"net/netip"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// index finds the host behind an address.
type index struct {
	hosts []model.Host
	by    map[netip.Addr]int32
	also  map[netip.Addr][]int32 // addresses that several hosts have or had
}

func newIndex(hosts []model.Host) index {
	x := index{hosts: hosts, by: make(map[netip.Addr]int32, len(hosts)), also: map[netip.Addr][]int32{}}
	for i := range hosts {
		for _, a := range hosts[i].IPs {
			was, taken := x.by[a]
			switch {
			case !taken:
				x.by[a] = int32(i)
				continue
			case x.also[a] == nil:
				x.also[a] = []int32{was}
			}
			x.also[a] = append(x.also[a], int32(i))
			if hosts[i].Last.After(hosts[was].Last) {
				x.by[a] = int32(i)
			}
		}
	}
	return x
}

// find gives the host of an address: where several have it, the one with this card, else the one seen last. -1 if none.
func (x index) find(a netip.Addr, m model.MAC) int32 {
	for _, h := range x.also[a] {
		if !m.IsZero() && slices.Contains(x.hosts[h].MACs, m) {
			return h
		}
	}
	if h, ok := x.by[a]; ok {
		return h
	}
	return -1
}
