package detect

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// View is the input with the look-ups that rules need.
type View struct {
	Input
	byIP     map[netip.Addr]*model.Host
	byMAC    map[model.MAC]*model.Host
	addrsOf  map[model.MAC][]netip.Addr // addresses a MAC itself claims (ARP, NDP, DHCP, tables)
	byKind   map[model.Kind][]*model.Observation
	asked    map[model.Action][]*model.Transaction // by what was done, in order of time
	networks []model.Network                       // most specific first
}

// NewView indexes in.
func NewView(in Input) *View {
	v := &View{
		Input: in, byIP: map[netip.Addr]*model.Host{}, byMAC: map[model.MAC]*model.Host{},
		addrsOf: map[model.MAC][]netip.Addr{}, byKind: map[model.Kind][]*model.Observation{}, asked: map[model.Action][]*model.Transaction{},
	}
	for i := range in.Hosts {
		h := &in.Hosts[i]
		for _, a := range h.IPs {
			v.byIP[a] = h
		}
		for _, m := range h.MACs {
			v.byMAC[m] = h
		}
	}
	for _, b := range in.Seen.Bindings {
		if b.Kind != model.BindFrame && !slices.Contains(v.addrsOf[b.MAC], b.Addr) {
			v.addrsOf[b.MAC] = append(v.addrsOf[b.MAC], b.Addr)
		}
	}
	for i := range in.Seen.Observations {
		o := &in.Seen.Observations[i]
		v.byKind[o.Kind] = append(v.byKind[o.Kind], o)
	}
	for i := range in.Seen.Transactions {
		x := &in.Seen.Transactions[i]
		v.asked[x.Action] = append(v.asked[x.Action], x)
	}
	if in.Ledger != nil {
		v.networks = slices.Clone(in.Ledger.Networks)
		slices.SortStableFunc(v.networks, func(a, b model.Network) int { return b.Prefix.Bits() - a.Prefix.Bits() })
	}
	return v
}

// host finds who is behind an address or, failing that, a MAC. The MAC of an outside address is the router's: it says nothing.
func (v *View) host(a netip.Addr, m model.MAC) *model.Host {
	if h := v.byIP[a]; h != nil {
		return h
	}
	if m.IsZero() || a.IsValid() && v.outside(a) {
		return nil
	}
	return v.byMAC[m]
}

// outside reports whether a is an address of the internet that the institution has not declared as its own.
func (v *View) outside(a netip.Addr) bool { return model.IsExternal(a) && v.network(a) == nil }

func (v *View) network(a netip.Addr) *model.Network {
	for i := range v.networks {
		if v.networks[i].Prefix.Contains(a) {
			return &v.networks[i]
		}
	}
	return nil
}

func (v *View) zone(a netip.Addr) string {
	if n := v.network(a); n != nil {
		return n.Zone
	}
	return ""
}

func (v *View) lines() []model.Line {
	if v.Ledger == nil {
		return nil
	}
	return v.Ledger.Lines
}

// lineOf finds the declared line whose router has this address or MAC.
func (v *View) lineOf(m model.MAC, addrs ...netip.Addr) *model.Line {
	for i, l := range v.lines() {
		if slices.Contains(l.MACs, m) && !m.IsZero() {
			return &v.lines()[i]
		}
		for _, a := range addrs {
			if slices.Contains(l.Gateways, a) {
				return &v.lines()[i]
			}
		}
	}
	return nil
}

// declared finds the ledger entry that contains a or has m.
func (v *View) declared(a netip.Addr, m model.MAC) *model.LedgerHost {
	if v.Ledger == nil {
		return nil
	}
	for i := range v.Ledger.Hosts {
		h := &v.Ledger.Hosts[i]
		if !m.IsZero() && slices.Contains(h.MACs, m) || slices.ContainsFunc(h.Addrs, func(r model.AddrRange) bool { return a.IsValid() && r.Contains(a) }) {
			return h
		}
	}
	return nil
}

// gatewayOf reports whether a is the declared gateway of a network.
func (v *View) gatewayOf(a netip.Addr) bool {
	return slices.ContainsFunc(v.networks, func(n model.Network) bool { return n.Gateway == a && a.IsValid() })
}

// label is what a person would call the machine: name (address), maker and MAC.
func (v *View) label(a netip.Addr, m model.MAC) string {
	h := v.host(a, m)
	name := ""
	if h != nil {
		if h.Ledger != nil && h.Ledger.Name != "" {
			name = h.Ledger.Name
		} else if len(h.Names) > 0 {
			name = h.Names[0]
		}
		if !a.IsValid() && len(h.IPs) > 0 {
			a = h.IPs[0]
		}
	}
	switch {
	case name != "" && a.IsValid():
		return name + " (" + a.String() + ")"
	case name != "":
		return name
	case a.IsValid() && h != nil && h.Maker != "":
		return a.String() + " (" + h.Maker + ")"
	case a.IsValid():
		return a.String()
	}
	return m.String()
}

func (v *View) asset(a netip.Addr, m model.MAC) model.Asset {
	x := model.Asset{Label: v.label(a, m), MAC: m.String()}
	if a.IsValid() {
		x.IP = a.String()
	}
	if h := v.host(a, m); h != nil {
		x.Host = h.ID
		if x.IP == "" && len(h.IPs) > 0 {
			x.IP = h.IPs[0].String()
		}
		x.MAC = ownMAC(h, m).String()
	}
	return x
}

// ownMAC is m if it is the host's own, else one that is, if any is known: on a routed segment the frame's MAC is the
// router's.
func ownMAC(h *model.Host, m model.MAC) model.MAC {
	switch {
	case slices.Contains(h.MACs, m):
		return m
	case len(h.MACs) > 0:
		return h.MACs[0]
	}
	return model.MAC{}
}

// source names the input that was being read at t.
func (v *View) source(t time.Time) string {
	for _, s := range v.Seen.Sources {
		if !t.Before(s.First) && !t.After(s.Last) {
			return s.Name
		}
	}
	if len(v.Seen.Sources) == 1 {
		return v.Seen.Sources[0].Name
	}
	return ""
}

// proof is one piece of evidence from packets.
func (v *View) proof(at time.Time, source, text string) model.Evidence {
	if source == "" {
		source = v.source(at)
	}
	return model.Evidence{At: at, Source: source, Text: text}
}

// list joins at most five labels and says how many more there are.
func list(labels []string) string {
	slices.Sort(labels)
	labels = slices.Compact(labels)
	if n := len(labels) - 5; n > 0 {
		return strings.Join(labels[:5], ", ") + " +" + strconv.Itoa(n)
	}
	return strings.Join(labels, ", ")
}
