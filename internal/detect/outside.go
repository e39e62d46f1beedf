package detect

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// tunnelApps are the protocols that open a way between networks, with the words that a ledger may call them by.
var tunnelApps = map[string]string{
	"openvpn": "OpenVPN", "wireguard": "WireGuard", "ike": "IPsec", "ike_natt": "IPsec", "esp_udp": "IPsec", "esp": "IPsec", "ah": "IPsec",
	"l2tp": "L2TP", "pptp": "PPTP", "gre": "GRE", "teredo": "Teredo", "softether": "SoftEther",
}

// tunnels finds VPNs and encapsulations between inside and outside that no declared line covers. One end of the tunnel is
// one cause: the inside machine and the kind of tunnel.
func tunnels(v *View) []model.Finding {
	c := v.causes("line.tunnel")
	for i := range v.Seen.Conversations {
		t := &v.Seen.Conversations[i]
		kind := tunnelApps[t.App]
		if t.Answered == 0 && t.PacketsIn == 0 {
			continue
		}
		if kind != "" {
			v.tunnel(c, t, kind)
		}
	}
	for _, o := range v.byKind[model.Tunnel] {
		if o.Subject.IsValid() && o.Peer.IsValid() && v.outside(o.Subject) != v.outside(o.Peer) {
			t := model.Conversation{Client: o.Subject, Server: o.Peer, ClientMAC: o.MAC, First: o.First, Last: o.Last, Flows: o.Count}
			v.tunnel(c, &t, cmp.Or(tunnelApps[o.Value], strings.ToUpper(o.Value)))
		}
	}
	for _, o := range v.byKind[model.VPNClient] {
		first, _, _ := strings.Cut(o.Value, " ")
		_, flow := tunnelApps[first]
		_, tool := byConversation(v.Tools, 0, 0, first)
		if o.Subject.IsValid() && o.Peer.IsValid() && !flow && !tool { // those two are found by their flows, answered or not
			t := model.Conversation{Client: o.Subject, Server: o.Peer, ClientMAC: o.MAC, Port: o.Port, First: o.First, Last: o.Last, Flows: o.Count}
			v.tunnel(c, &t, o.Value)
		}
	}
	return c.done()
}

func (v *View) tunnel(c *causes, t *model.Conversation, kind string) {
	in, out, mac := t.Client, t.Server, t.ClientMAC
	if v.outside(in) {
		in, out, mac = out, in, t.ServerMAC
	}
	if v.outside(in) || !v.outside(out) || v.approvedTunnel(in, mac, out, kind) {
		return
	}
	x := c.get(model.High, in.String(), kind)
	x.about(v, in, mac)
	x.set("host", v.label(in, mac))
	x.set("kind", kind)
	x.also("peers", out.String())
	x.seen(t.First, t.Last, t.Flows, v.proof(t.First, "", fmt.Sprintf("%s %s -> %s:%d, %d packets out, %d in", kind, in, out, t.Port, t.PacketsOut, t.PacketsIn)))
}

// approvedTunnel: a VPN, maintenance or leased line declares this router (and, if it lists peers, this peer), or any line
// lists the tunnel among its tools for this peer.
func (v *View) approvedTunnel(in netip.Addr, mac model.MAC, out netip.Addr, kind string) bool {
	for _, l := range v.lines() {
		peer := len(l.Peers) == 0 || slices.ContainsFunc(l.Peers, func(p netip.Prefix) bool { return p.Contains(out) })
		router := slices.Contains(l.Gateways, in) || !mac.IsZero() && slices.Contains(l.MACs, mac)
		switch l.Kind {
		case model.LineVPN, model.LineMaintenance, model.LineLeased:
			if peer && (router || len(l.Peers) > 0) {
				return true
			}
		}
		if peer && slices.ContainsFunc(l.Tools, func(s string) bool { return sameTool(s, kind) }) {
			return true
		}
	}
	return false
}

func sameTool(a, b string) bool {
	norm := func(s string) string {
		return strings.NewReplacer(" ", "", "-", "", "_", "", ".", "").Replace(strings.ToLower(s))
	}
	a, b = norm(a), norm(b)
	return a != "" && b != "" && (strings.Contains(a, b) || strings.Contains(b, a))
}

// remoteControl finds remote-control tools: their protocol or server name on a connection to the outside (high), or only
// their name asked for in DNS (medium: installed perhaps, or only its web site visited).
func remoteControl(v *View) []model.Finding {
	c := v.causes("line.remote_control")
	for _, kind := range []model.Kind{model.TLSSNI, model.NameHTTP, model.DNSQuery} {
		for _, o := range v.byKind[kind] {
			if t, ok := ByName(v.Tools, o.Value); ok {
				v.toolByName(c, t, o)
			}
		}
	}
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		if t, ok := byConversation(v.Tools, k.Proto, k.Port, k.App); ok && k.Answered > 0 && (v.outside(k.Server) || v.outside(k.Client)) {
			v.toolUsed(c, t, k.Client, k.ClientMAC, k.Server, k.First, k.Last, k.Flows, fmt.Sprintf("%s -> %s:%d %s", k.Client, k.Server, k.Port, k.App))
		}
	}
	for _, o := range v.byKind[model.RemoteControl] {
		if o.Peer.IsValid() && v.outside(o.Peer) != v.outside(o.Subject) {
			if t, ok := byConversation(v.Tools, 0, 0, o.Value); ok {
				v.toolUsed(c, t, o.Subject, o.MAC, o.Peer, o.First, o.Last, o.Count, fmt.Sprintf("%s %s <-> %s", o.Value, o.Subject, o.Peer))
			}
		}
	}
	return c.done()
}

func (v *View) toolByName(c *causes, t Tool, o *model.Observation) {
	who := o.Subject
	if o.Kind == model.NameHTTP {
		who = o.Peer
	}
	if !who.IsValid() || v.outside(who) || v.approvedTool(t.Name, who) {
		return
	}
	level := model.High
	if o.Kind == model.DNSQuery {
		if h := v.host(who, model.MAC{}); h != nil && slices.Contains(h.Roles, "dns_server") {
			return // a resolver asks for others
		}
		level = model.Medium
	}
	x := c.get(level, t.Name, who.String())
	x.about(v, who, o.MAC)
	x.set("tool", t.Name)
	x.set("host", v.label(who, o.MAC))
	x.also("peers", o.Value)
	x.seen(o.First, o.Last, o.Count, v.proof(o.First, o.Source, fmt.Sprintf("%s %s: %s", who, o.Kind, o.Value)))
}

func (v *View) toolUsed(c *causes, t Tool, in netip.Addr, mac model.MAC, out netip.Addr, first, last time.Time, n uint64, text string) {
	if v.outside(in) {
		in, out, mac = out, in, model.MAC{}
	}
	if v.outside(in) || v.approvedTool(t.Name, in) {
		return
	}
	x := c.get(model.High, t.Name, in.String())
	x.about(v, in, mac)
	x.set("tool", t.Name)
	x.set("host", v.label(in, mac))
	x.also("peers", out.String())
	x.seen(first, last, n, v.proof(first, "", text))
}

// approvedTool: a declared line lists the tool. If the line names a device, only that device may use it.
func (v *View) approvedTool(tool string, who netip.Addr) bool {
	return slices.ContainsFunc(v.lines(), func(l model.Line) bool {
		if !slices.ContainsFunc(l.Tools, func(s string) bool { return sameTool(s, tool) }) {
			return false
		}
		d := v.declared(who, model.MAC{})
		return l.Device == "" || d != nil && d.Name == l.Device || slices.Contains(l.Gateways, who) || len(l.Gateways) > 0
	})
}

// rdpFromOutside finds remote desktop that answers to the internet. It is the door of several of the public cases, so it
// is critical even if a line declares the peer: declared peers make it high.
func rdpFromOutside(v *View) []model.Finding {
	c := v.causes("service.rdp_from_outside")
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		rdp := k.App == "rdp" || k.App == "rdpeudp" || k.App == "" && k.Port == 3389 && k.Proto == 6
		if !rdp || k.Answered == 0 || !v.outside(k.Client) || v.outside(k.Server) {
			continue
		}
		level, line := model.Critical, "-"
		for _, l := range v.lines() {
			if slices.ContainsFunc(l.Peers, func(p netip.Prefix) bool { return p.Contains(k.Client) }) {
				level, line = model.High, l.Name
			}
		}
		x := c.get(level, k.Server.String(), fmt.Sprint(k.Port))
		x.about(v, k.Server, k.ServerMAC)
		x.set("host", v.label(k.Server, k.ServerMAC))
		x.set("port", fmt.Sprint(k.Port))
		x.set("line", line)
		x.also("peers", k.Client.String())
		x.seen(k.First, k.Last, k.Flows, v.proof(k.First, "", fmt.Sprintf("RDP %s -> %s:%d, %d of %d flows answered", k.Client, k.Server, k.Port, k.Answered, k.Flows)))
	}
	return c.done()
}

// dicomBetweenZones finds images that cross from one declared zone to another readable. Inside one zone it is usual.
func dicomBetweenZones(v *View) []model.Finding {
	c := v.causes("service.dicom_cleartext_between_zones")
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		if k.App != "dicom" || k.Answered == 0 {
			continue
		}
		from, to := v.zone(k.Client), v.zone(k.Server)
		if from == to || from == "" && to == "" || (from == "" || to == "") && !v.outside(k.Client) && !v.outside(k.Server) {
			continue
		}
		from, to = cmp.Or(from, "Internet"), cmp.Or(to, "Internet")
		x := c.get(model.Medium, k.Server.String(), fmt.Sprint(k.Port), from)
		if from == "Internet" || to == "Internet" {
			x.finding.Severity = model.Critical
		}
		x.about(v, k.Server, k.ServerMAC)
		x.about(v, k.Client, k.ClientMAC)
		x.set("server", v.label(k.Server, k.ServerMAC))
		x.set("from", from)
		x.set("to", to)
		x.also("clients", v.label(k.Client, k.ClientMAC))
		x.seen(k.First, k.Last, k.Flows, v.proof(k.First, "", fmt.Sprintf("DICOM without TLS %s (%s) -> %s:%d (%s), %d bytes", k.Client, from, k.Server, k.Port, to, k.BytesOut+k.BytesIn)))
	}
	return c.done()
}
