package detect

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// minExit is how many packets must leave through a gateway before it counts as an exit: a few strays are not a line.
const minExit = 5

// unapprovedExit finds routers that carry traffic to the internet although no declared line or network gateway has them.
// It needs declared lines or gateways: without them every exit is unknown, and that is what the missing ledger says.
func unapprovedExit(v *View) []model.Finding {
	if !v.knowsExits() {
		return nil
	}
	c := v.causes("line.unapproved_exit")
	for _, g := range v.Seen.Gateways {
		if g.External < minExit || g.MAC.IsVirtualRouter() || v.approvedRouter(g.MAC) {
			continue
		}
		x := c.get(model.High, g.MAC.String())
		a := v.ownAddr(g.MAC)
		x.about(v, a, g.MAC)
		x.set("router", v.label(a, g.MAC))
		x.set("mac", g.MAC.String())
		x.set("peers", fmt.Sprint(g.PeerCount))
		for _, client := range g.Clients {
			x.about(v, client, model.MAC{})
			x.also("clients", v.label(client, model.MAC{}))
		}
		x.seen(g.First, g.Last, g.External, v.proof(g.First, "", fmt.Sprintf("gateway %s: %d packets, %d bytes out, %d in, first peers %s",
			g.MAC, g.External, g.Bytes, g.Inbound, joinAddrs(g.Peers))))
	}
	return c.done()
}

func (v *View) knowsExits() bool {
	return len(v.lines()) > 0 || slices.ContainsFunc(v.networks, func(n model.Network) bool { return n.Gateway.IsValid() })
}

// approvedRouter: the MAC or one of its own addresses is a declared line's router or a declared network's gateway.
func (v *View) approvedRouter(m model.MAC) bool {
	own := v.addrsOf[m]
	if h := v.byMAC[m]; h != nil {
		own = append(slices.Clone(own), h.IPs...)
	}
	return v.lineOf(m, own...) != nil || slices.ContainsFunc(own, v.gatewayOf)
}

// ownAddr is the lowest address that the MAC claims itself.
func (v *View) ownAddr(m model.MAC) netip.Addr {
	if a := v.addrsOf[m]; len(a) > 0 {
		return slices.MinFunc(a, func(x, y netip.Addr) int {
			return cmp.Or(cmp.Compare(b2i(x.Is6()), b2i(y.Is6())), x.Compare(y))
		})
	}
	if h := v.byMAC[m]; h != nil && len(h.IPs) > 0 {
		return h.IPs[0]
	}
	return netip.Addr{}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rogueDHCP finds DHCP servers that the ledger does not know as one. Without a ledger only a second server that hands out
// another router in the same network is reported.
func rogueDHCP(v *View) []model.Finding {
	c := v.causes("line.rogue_dhcp")
	servers := v.byKind[model.DHCPServer]
	for _, o := range servers {
		if !o.Subject.IsValid() || v.mayServeDHCP(o, servers) {
			continue
		}
		x := c.get(model.High, o.Subject.String(), o.MAC.String())
		x.about(v, o.Subject, o.MAC)
		x.set("server", v.label(o.Subject, o.MAC))
		x.set("mac", o.MAC.String())
		x.set("offer", o.Value)
		x.seen(o.First, o.Last, o.Count, v.proof(o.First, o.Source, "DHCP OFFER/ACK from "+o.Subject.String()+" "+o.MAC.String()+": "+o.Value))
	}
	return c.done()
}

func (v *View) mayServeDHCP(o *model.Observation, all []*model.Observation) bool {
	if v.Ledger == nil {
		return !v.secondDHCP(o, all)
	}
	if v.gatewayOf(o.Subject) || v.lineOf(o.MAC, o.Subject) != nil {
		return true
	}
	h := v.declared(o.Subject, model.MAC{})
	if h == nil {
		return false
	}
	if strings.Contains(strings.ToUpper(h.Purpose+h.Kind+h.Name+h.Note), "DHCP") {
		return true
	}
	switch h.Class {
	case model.ClassServer, model.ClassRouter, model.ClassFirewall, model.ClassVPN, model.ClassSwitch, model.ClassHIS:
		return true
	}
	return false
}

// secondDHCP: another server answered more often on the same VLAN and named another router.
func (v *View) secondDHCP(o *model.Observation, all []*model.Observation) bool {
	return slices.ContainsFunc(all, func(p *model.Observation) bool {
		return p.Subject != o.Subject && p.VLAN == o.VLAN && routerOf(p.Value) != routerOf(o.Value) && routerOf(p.Value) != "" &&
			(p.Count > o.Count || p.Count == o.Count && p.First.Before(o.First))
	})
}

func routerOf(value string) string {
	for _, f := range strings.Fields(value) {
		if r, ok := strings.CutPrefix(f, "router="); ok {
			return r
		}
	}
	return ""
}

// rogueRouter finds machines that advertise themselves as IPv6 router (RFC 4861) without being a declared router. Without
// a ledger only what is surely no router (PC, phone, printer, camera) is reported.
func rogueRouter(v *View) []model.Finding {
	c := v.causes("line.rogue_router_advertisement")
	for _, o := range v.byKind[model.RouterAdvert] {
		h := v.host(o.Subject, o.MAC)
		if v.mayRoute(h, o.MAC) {
			continue
		}
		x := c.get(model.High, o.MAC.String())
		a := familiar(o.Subject, h)
		x.about(v, a, o.MAC)
		x.set("router", v.label(a, o.MAC))
		x.set("mac", o.MAC.String())
		x.set("prefix", cmp.Or(o.Value, "-"))
		x.seen(o.First, o.Last, o.Count, v.proof(o.First, o.Source, "ICMPv6 router advertisement from "+o.MAC.String()+": "+o.Value))
	}
	return c.done()
}

// familiar is the address that people know the machine by: routers advertise from a link-local one.
func familiar(a netip.Addr, h *model.Host) netip.Addr {
	if h == nil || !a.IsLinkLocalUnicast() {
		return a
	}
	for _, known := range h.IPs {
		if known.Is4() && !known.IsLinkLocalUnicast() {
			return known
		}
	}
	return a
}

func (v *View) mayRoute(h *model.Host, m model.MAC) bool {
	if m.IsVirtualRouter() || v.approvedRouter(m) {
		return true
	}
	if v.Ledger == nil {
		return h == nil || !endDevice(h.Class)
	}
	d := v.declared(netip.Addr{}, m)
	if d == nil && h != nil && h.Ledger != nil {
		for i := range v.Ledger.Hosts {
			if v.Ledger.Hosts[i].Key == h.Ledger.Key {
				d = &v.Ledger.Hosts[i]
			}
		}
	}
	if d == nil {
		return false
	}
	switch d.Class {
	case model.ClassRouter, model.ClassFirewall, model.ClassVPN, model.ClassSwitch, model.ClassMobileRtr:
		return true
	}
	return false
}

func endDevice(c model.Class) bool {
	switch c {
	case model.ClassPC, model.ClassPhone, model.ClassTablet, model.ClassPrinter, model.ClassCamera, model.ClassIPPhone, model.ClassSBC, model.ClassModality:
		return true
	}
	return false
}

// tetherNets are the networks that phones and Windows hand out when they share their connection: Apple Personal Hotspot,
// Android USB and Wi-Fi tethering, Windows Internet Connection Sharing.
var tetherNets = []struct {
	prefix netip.Prefix
	what   string
}{
	{netip.MustParsePrefix("172.20.10.0/28"), "iPhone / iPad"},
	{netip.MustParsePrefix("192.168.42.0/24"), "Android USB"},
	{netip.MustParsePrefix("192.168.43.0/24"), "Android Wi-Fi"},
	{netip.MustParsePrefix("192.168.137.0/24"), "Windows"},
}

// tethering finds phones, LTE routers and hotspots that are, or could be, a way out: seen as gateway or DHCP server, in one
// of the telling networks, or by what they say they are. Declared lines of the kind LTE are known.
func tethering(v *View) []model.Finding {
	c := v.causes("line.tethering")
	for i := range v.Hosts {
		h := &v.Hosts[i]
		if h.Class == model.ClassMobileRtr && !v.declaredLTE(h) && v.seenNow(h) && !v.tethers(h) {
			level, ground := model.Medium, "tether.guess"
			if saysMobile(h) {
				level, ground = model.High, "tether.says"
			}
			x := c.get(level, h.ID)
			x.set("ground_key", ground)
			v.mobile(x, h)
		}
	}
	for _, g := range v.Seen.Gateways {
		h := v.byMAC[g.MAC]
		if h == nil || g.External < minExit || (h.Class != model.ClassPhone && h.Class != model.ClassTablet && h.Class != model.ClassMobileRtr) || v.declaredLTE(h) || v.approvedRouter(g.MAC) || v.tethers(h) {
			continue
		}
		x := c.get(model.High, h.ID)
		x.set("ground_key", "tether.forwards")
		v.mobile(x, h)
		x.seen(g.First, g.Last, g.External, v.proof(g.First, "", fmt.Sprintf("%s forwards %d packets to the internet", g.MAC, g.External)))
	}
	v.tetherNetworks(c)
	return c.done()
}

// cardMaker is the maker of the network card, if that is what tells the class.
func cardMaker(h *model.Host) string {
	for _, s := range h.Signals {
		if s.Kind == "oui" {
			return s.Value
		}
	}
	return ""
}

func (v *View) mobile(x *cause, h *model.Host) {
	a, m := netip.Addr{}, model.MAC{}
	if len(h.IPs) > 0 {
		a = h.IPs[0]
	}
	if len(h.MACs) > 0 {
		m = h.MACs[0]
	}
	x.about(v, a, m)
	x.set("device", v.label(a, m))
	x.set("what", cmp.Or(strings.TrimSpace(h.Maker+" "+h.Model), cardMaker(h), v.label(a, m)))
	text := ""
	for _, s := range h.Signals {
		if s.About == "class" && s.Says == string(h.Class) {
			text = fmt.Sprintf("%s %q says %s", s.Kind, s.Value, s.Says)
			break
		}
	}
	x.seen(h.First, h.Last, 1, v.proof(h.First, "", cmp.Or(text, "class "+string(h.Class))))
}

// tethers reports whether h is in a tethering network: then the network is the cause.
func (v *View) tethers(h *model.Host) bool {
	return slices.ContainsFunc(h.IPs, func(a netip.Addr) bool { return tetherNet(a) != "" && v.network(a) == nil })
}

// tetherNet gives what hands out the range that a is in, "" if it is an ordinary one.
func tetherNet(a netip.Addr) string {
	for _, n := range tetherNets {
		if n.prefix.Contains(a) {
			return n.what
		}
	}
	return ""
}

// saysMobile reports whether h itself says that it is a mobile router: the maker of its network card alone is a guess.
func saysMobile(h *model.Host) bool {
	return slices.ContainsFunc(h.Signals, func(s model.Signal) bool {
		return s.About == "class" && s.Says == string(model.ClassMobileRtr) && s.Kind != "oui" && s.Kind != "addr" && s.Kind != "binding"
	})
}

// tetherNetworks: an address of a tethering network is in use and nobody declared that network. The address range alone is a guess:
// anybody may have chosen it. Traffic to the internet from it makes it serious.
func (v *View) tetherNetworks(c *causes) {
	out := map[netip.Addr]bool{}
	for i := range v.Seen.Conversations {
		if k := &v.Seen.Conversations[i]; v.outside(k.Server) {
			out[k.Client] = true
		}
	}
	for _, b := range v.Seen.Bindings {
		for _, n := range tetherNets {
			if !n.prefix.Contains(b.Addr) || v.network(b.Addr) != nil {
				continue
			}
			level := model.Medium
			if out[b.Addr] {
				level = model.High
			}
			x := c.get(level, n.prefix.String(), fmt.Sprint(b.VLAN))
			x.set("ground_key", "tether.address")
			if x.finding.Severity == model.High {
				x.set("ground_key", "tether.address_out")
			}
			x.about(v, b.Addr, b.MAC)
			x.set("device", n.prefix.String())
			x.set("what", n.what)
			x.seen(b.First, b.Last, b.Count, v.proof(b.First, b.Source, fmt.Sprintf("%s has %s (%s)", b.MAC, b.Addr, b.Kind)))
		}
	}
}

func (v *View) seenNow(h *model.Host) bool {
	return v.Seen.First.IsZero() || !h.Last.Before(v.Seen.First)
}

func (v *View) declaredLTE(h *model.Host) bool {
	for _, m := range h.MACs {
		if l := v.lineOf(m, h.IPs...); l != nil && (l.Kind == model.LineLTE || l.Kind == model.LineMaintenance) {
			return true
		}
	}
	return len(h.MACs) == 0 && v.lineOf(model.MAC{}, h.IPs...) != nil
}

func joinAddrs(as []netip.Addr) string {
	s := make([]string, 0, len(as))
	for _, a := range as {
		s = append(s, a.String())
	}
	return list(s)
}
