package detect

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// When an upload is more than a day's work.
const (
	leakBytes = 500 << 20 // to one address: what Slips takes for one hour
	leakRatio = 5         // times as much out as in
	leakTimes = 10        // times as much as the machine of the same kind in the middle
)

// exfiltration finds machines that send far more to one outside address than they get, and far more than machines of their kind send in
// the same round. What a machine usually sent in earlier rounds is not known here.
func exfiltration(v *View) []model.Finding {
	type way struct{ from, to netip.Addr }
	sums, order := map[way]*model.Conversation{}, []way{}
	sent := map[netip.Addr]uint64{}
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		if v.outside(k.Client) || !v.outside(k.Server) || k.Answered == 0 {
			continue
		}
		w := way{k.Client, k.Server}
		s := sums[w]
		if s == nil {
			s = &model.Conversation{Client: k.Client, Server: k.Server, ClientMAC: k.ClientMAC, First: k.First, Last: k.Last, Port: k.Port, App: k.App}
			sums[w] = s
			order = append(order, w)
		}
		s.BytesOut, s.BytesIn, s.Flows = s.BytesOut+k.BytesOut, s.BytesIn+k.BytesIn, s.Flows+k.Flows
		if k.First.Before(s.First) {
			s.First = k.First
		}
		if k.Last.After(s.Last) {
			s.Last = k.Last
		}
		sent[k.Client] += k.BytesOut
	}
	c := v.causes("detect.exfiltration")
	for _, w := range order {
		s := sums[w]
		usual := v.middle(sent, w.from)
		if s.BytesOut < leakBytes || s.BytesOut < leakRatio*s.BytesIn || s.BytesOut < leakTimes*usual || v.declaredPeer(w.to) {
			continue
		}
		x := c.get(model.High, w.from.String(), w.to.String())
		x.about(v, w.from, s.ClientMAC)
		x.set("host", v.label(w.from, s.ClientMAC))
		x.set("peer", w.to.String())
		x.set("out", megabytes(s.BytesOut))
		x.set("in", megabytes(s.BytesIn))
		x.set("usual", megabytes(usual))
		x.seen(s.First, s.Last, s.Flows, v.proof(s.First, "", fmt.Sprintf("%s -> %s:%d %s, %d bytes out, %d in; the middle of its kind sent %d to the outside", w.from, w.to, s.Port, s.App, s.BytesOut, s.BytesIn, usual)))
	}
	return c.done()
}

// middle is what the machine in the middle of those of the same class sent, a itself left out; 0 if there are none.
func (v *View) middle(sent map[netip.Addr]uint64, a netip.Addr) uint64 {
	var all []uint64
	class := v.classOf(a)
	for b, n := range sent {
		if b != a && v.classOf(b) == class {
			all = append(all, n)
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (v *View) classOf(a netip.Addr) model.Class {
	if d := v.declared(a, model.MAC{}); d != nil && d.Class != model.ClassUnknown {
		return d.Class
	}
	if h := v.byIP[a]; h != nil {
		return h.Class
	}
	return model.ClassUnknown
}

func megabytes(n uint64) string { return fmt.Sprintf("%.1f MB", float64(n)/(1<<20)) }

// modalityInternet finds medical devices that talk to the internet other than to a peer that a line declares. Asking for the time or for
// a name only is a note.
func modalityInternet(v *View) []model.Finding {
	c := v.causes("detect.modality.internet")
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		if k.Answered == 0 || v.outside(k.Client) == v.outside(k.Server) {
			continue
		}
		in, out, mac := k.Client, k.Server, k.ClientMAC
		if v.outside(in) {
			in, out, mac = out, in, k.ServerMAC
		}
		if class := v.classOf(in); class != model.ClassModality && class != model.ClassMedical || v.declaredPeer(out) {
			continue
		}
		if _, tool := byConversation(v.Tools, k.Proto, k.Port, k.App); tool || tunnelApps[k.App] != "" {
			continue // line.remote_control and line.tunnel tell of these
		}
		level, sure := model.High, "sure.medical"
		if k.Port == 53 || k.Port == 123 {
			level, sure = model.Low, "sure.clock"
		}
		x := c.get(level, in.String())
		x.about(v, in, mac)
		x.set("host", v.label(in, mac))
		x.also("peers", out.String())
		if level >= x.finding.Severity {
			x.set("sure_key", sure)
		}
		x.seen(k.First, k.Last, k.Flows, v.proof(k.First, "", fmt.Sprintf("%s -> %s:%d %s, %d bytes out, %d in", k.Client, k.Server, k.Port, k.App, k.BytesOut, k.BytesIn)))
	}
	return c.done()
}
