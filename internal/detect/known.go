package detect

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/indicator"
	"github.com/mimawari/mimawari/internal/model"
)

// told says whether there is anything to look for.
func told(v *View) bool { return !v.Known.Empty() && traffic(v) }

// knownBad finds what the imported feeds name: outside addresses that are talked to, names that are asked for, fingerprints of programs.
// Something that answered is worse than a call into the void; a fingerprint alone is shared by many programs.
func knownBad(v *View) []model.Finding {
	if v.Known.Empty() {
		return nil
	}
	c := v.causes("detect.c2.known_bad")
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		in, out, mac := k.Client, k.Server, k.ClientMAC
		if v.outside(in) {
			in, out, mac = out, in, k.ServerMAC
		}
		if v.outside(in) || !v.outside(out) || k.Client == out && k.Answered == 0 { // nobody answered a stranger who knocked
			continue
		}
		if h, ok := v.Known.Addr(out); ok {
			level, sure := model.High, "sure.answered"
			if k.Answered == 0 {
				level, sure = model.Medium, "sure.unanswered"
			}
			v.knownFound(c, h, in, mac, level, sure, k.First, k.Last, k.Flows, fmt.Sprintf("%s -> %s:%d %s, %d of %d flows answered, %d bytes out, %d in",
				k.Client, k.Server, k.Port, k.App, k.Answered, k.Flows, k.BytesOut, k.BytesIn))
		}
	}
	v.knownNames(c)
	for _, o := range v.byKind[model.TLSJA4] {
		if h, ok := v.Known.Fingerprint(o.Value); ok && o.Subject.IsValid() && !v.outside(o.Subject) {
			v.knownFound(c, h, o.Subject, o.MAC, model.Medium, "sure.shared", o.First, o.Last, o.Count, fmt.Sprintf("%s speaks TLS as %s", o.Subject, o.Value))
		}
	}
	return c.done()
}

func (v *View) knownNames(c *causes) {
	for _, kind := range []model.Kind{model.TLSSNI, model.NameHTTP, model.DNSQuery} {
		for _, o := range v.byKind[kind] {
			h, ok := v.Known.Name(o.Value)
			who := o.Subject
			if kind == model.NameHTTP {
				who = o.Peer
			}
			if !ok || !who.IsValid() || v.outside(who) || kind == model.DNSQuery && v.resolves(who, o.Value) {
				continue
			}
			level, sure := model.High, "sure.named_itself"
			if kind == model.DNSQuery {
				level, sure = model.Medium, "sure.asked"
			}
			v.knownFound(c, h, who, o.MAC, level, sure, o.First, o.Last, o.Count, fmt.Sprintf("%s %s: %s", who, o.Kind, o.Value))
		}
	}
}

// resolves reports whether a is a DNS server that asks for others, one of whom was seen asking for the name.
func (v *View) resolves(a netip.Addr, name string) bool {
	h := v.host(a, model.MAC{})
	return h != nil && slices.Contains(h.Roles, "dns_server") && slices.ContainsFunc(v.byKind[model.DNSQuery], func(o *model.Observation) bool {
		return o.Value == name && o.Subject != a
	})
}

func (v *View) knownFound(c *causes, h indicator.Hit, who netip.Addr, mac model.MAC, level model.Severity, sure string, first, last time.Time, n uint64, text string) {
	x := c.get(level, who.String(), h.Value)
	x.about(v, who, mac)
	x.set("host", v.label(who, mac))
	x.set("value", h.Value)
	x.set("feed", h.Feed)
	x.set("note", cmp.Or(h.Note, "-"))
	if level >= x.finding.Severity {
		x.set("sure_key", sure)
	}
	x.seen(first, last, n, v.proof(first, "", text+" (feed "+h.Feed+": "+h.Value+")"))
}
