package inventory

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// Identity signals: what a host's id can be found by in later patrols, beside MAC, name and address.
const (
	aboutIdentity = "identity"
	saysClientID  = "client_id:"
	saysDomain    = "domain:"
)

// memory finds known hosts by what identifies them. A known host is given out once.
type memory struct {
	hosts    []model.Host
	byMAC    map[model.MAC][]int
	byClient map[string][]int
	byName   map[string][]int
	byAddr   map[netip.Addr][]int
	taken    []bool
}

func remember(known []model.Host) *memory {
	m := &memory{
		hosts: known, byMAC: map[model.MAC][]int{}, byClient: map[string][]int{}, byName: map[string][]int{},
		byAddr: map[netip.Addr][]int{}, taken: make([]bool, len(known)),
	}
	for i := range known {
		h := &known[i]
		for _, x := range h.MACs {
			m.byMAC[x] = append(m.byMAC[x], i)
		}
		for _, a := range h.IPs {
			m.byAddr[a] = append(m.byAddr[a], i)
		}
		for _, k := range nameKeys(h.Names) {
			m.byName[k] = append(m.byName[k], i)
		}
		for _, s := range h.Signals {
			if c, ok := strings.CutPrefix(s.Says, saysClientID); ok && s.About == aboutIdentity {
				m.byClient[c] = append(m.byClient[c], i)
			}
		}
	}
	return m
}

// keepIDs gives each host the id that it had before, by MAC, then client id, then name, then address; the others get
// new ones. The strongest ways go first over all hosts, so that a weak match never takes another host's id.
func (b *builder) keepIDs(hosts []machine) {
	m := remember(b.in.Known)
	for _, way := range []func(*memory, *machine) []int{(*memory).sameMAC, (*memory).sameClient, (*memory).sameName, (*memory).sameAddr} {
		for i := range hosts {
			if hosts[i].was == nil {
				hosts[i].was = m.take(way(m, &hosts[i]))
			}
		}
	}
	used := map[string]bool{}
	for i := range b.in.Known {
		used[b.in.Known[i].ID] = true
	}
	for i := range hosts {
		h := &hosts[i]
		if h.was == nil {
			h.ID = freshID(h, used)
			continue
		}
		h.ID = h.was.ID
		widen(&h.First, &h.Last, h.was.First, h.was.First)
	}
}

// take gives the oldest of the candidates that is still free.
func (m *memory) take(candidates []int) *model.Host {
	best := -1
	for _, i := range candidates {
		if !m.taken[i] && (best < 0 || m.hosts[i].First.Before(m.hosts[best].First)) {
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	m.taken[best] = true
	return &m.hosts[best]
}

func (m *memory) sameMAC(h *machine) (out []int) {
	for _, x := range h.MACs {
		out = append(out, m.byMAC[x]...)
	}
	return out
}

func (m *memory) sameClient(h *machine) (out []int) {
	for _, c := range h.identity.ids {
		out = append(out, m.byClient[duid(c)]...)
	}
	return out
}

// sameName needs a name that is not generic, no contradiction in the domain, and only one known host with it.
func (m *memory) sameName(h *machine) (out []int) {
	for _, n := range h.identity.names {
		if n.generic() {
			continue
		}
		for _, i := range m.byName[n.short] {
			if d := domainsOf(&m.hosts[i]); len(d) == 0 || len(h.identity.domains) == 0 || overlap(d, h.identity.domains) {
				out = appendNew(out, i)
			}
		}
	}
	if len(out) > 1 {
		return nil
	}
	return out
}

// sameAddr is for hosts whose MAC is not seen from here: one side must have no MAC.
func (m *memory) sameAddr(h *machine) (out []int) {
	for _, a := range h.IPs {
		for _, i := range m.byAddr[a] {
			if (len(h.MACs) == 0 || len(m.hosts[i].MACs) == 0) && !contradicts(h, &m.hosts[i]) {
				out = append(out, i)
			}
		}
	}
	return out
}

// contradicts reports whether both have names of their own and none in common: another machine got the address.
func contradicts(h *machine, known *model.Host) bool {
	if len(h.identity.names) == 0 || len(known.Names) == 0 {
		return false
	}
	for _, k := range known.Names {
		for _, n := range h.identity.names {
			if sameName(n, splitName(k)) {
				return false
			}
		}
	}
	return true
}

func domainsOf(h *model.Host) (out []string) {
	for _, s := range h.Signals {
		if d, ok := strings.CutPrefix(s.Says, saysDomain); ok && s.About == aboutIdentity {
			out = append(out, d)
		}
	}
	return out
}

func nameKeys(names []string) (out []string) {
	for _, s := range names {
		if n := splitName(s); n.short != "" && !n.generic() {
			out = appendNew(out, n.short)
		}
	}
	return out
}

// freshID derives an id from the strongest identity; a second host with the same one (an address that changed hands) gets a
// number behind it.
func freshID(h *machine, used map[string]bool) string {
	strongest := h.strongest()
	id := model.HostID(strongest)
	for i := 2; used[id]; i++ {
		id = model.HostID(strongest + "#" + strconv.Itoa(i))
	}
	used[id] = true
	return id
}

// strongest is a burnt-in MAC, else a client id, else a name in a domain, else a random MAC, else an address.
func (h *machine) strongest() string {
	for _, m := range h.MACs {
		if !m.IsLocal() {
			return "mac:" + m.String()
		}
	}
	if len(h.identity.ids) > 0 {
		return saysClientID + slices.Min(h.identity.ids)
	}
	if len(h.identity.domains) > 0 && len(h.identity.names) > 0 {
		var names []string
		for _, n := range h.identity.names {
			names = append(names, n.short)
		}
		return "name:" + slices.Min(names) + "." + slices.Min(h.identity.domains)
	}
	if len(h.MACs) > 0 {
		return "mac:" + h.MACs[0].String()
	}
	return "ip:" + h.IPs[0].String()
}
