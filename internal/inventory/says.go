package inventory

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// Limits of what is kept of a host's own words: enough to recognise it, little enough for 20,000 hosts.
const (
	maxSays     = 48
	maxSaysKind = 4 // values of one kind, the most frequent
)

// unsaid are the kinds that tell of others, or of what is asked for every minute: they are conversation, not introduction.
var unsaid = []model.Kind{model.DNSQuery, model.NameDNS, model.TLSSNI, model.ServicePort, model.LinkCount, model.DHCPRequest, model.FingerprintSYN}

// Say gives each host of this patrol what it said of itself in it; hosts that were not there keep what they said before.
// hosts is changed.
func Say(hosts []model.Host, seen *model.Seen) {
	byIP, byMAC := map[netip.Addr]int{}, map[model.MAC]int{}
	for i := range hosts {
		for _, a := range hosts[i].IPs {
			byIP[a] = i
		}
		for _, m := range hosts[i].MACs {
			byMAC[m] = i
		}
	}
	says := make([][]model.Said, len(hosts))
	for i := range seen.Observations {
		o := &seen.Observations[i]
		k, ok := byIP[o.Subject]
		if !o.Subject.IsValid() {
			k, ok = byMAC[o.MAC]
		}
		if !ok || o.Value == "" || slices.Contains(unsaid, o.Kind) {
			continue
		}
		says[k] = say(says[k], o)
	}
	for i, s := range says {
		if len(s) > 0 {
			hosts[i].Says = bounded(s)
		}
	}
}

// say adds one observation; equal words from several MACs or ports are one.
func say(s []model.Said, o *model.Observation) []model.Said {
	for i := range s {
		if s[i].Kind == o.Kind && s[i].Value == o.Value {
			s[i].Count += o.Count
			return s
		}
	}
	if len(s) >= 8*maxSays {
		return s
	}
	return append(s, model.Said{Kind: o.Kind, Value: o.Value, Count: o.Count})
}

// bounded keeps the most frequent values of each kind, sorted by kind.
func bounded(s []model.Said) []model.Said {
	slices.SortFunc(s, func(a, b model.Said) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	var out []model.Said
	n := map[model.Kind]int{}
	for _, x := range s {
		if n[x.Kind]++; n[x.Kind] <= maxSaysKind && len(out) < maxSays {
			out = append(out, x)
		}
	}
	return out
}
