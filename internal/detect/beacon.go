package detect

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/mimawari/mimawari/internal/detect/rhythm"
	"github.com/mimawari/mimawari/internal/model"
)

// When calls to the outside count as kept by a clock.
const (
	beaconCalls  = 20
	beaconSpan   = 30 * time.Minute
	beaconPause  = 5 * time.Second // faster is a program at work, not one that waits
	beaconScore  = 0.85
	beaconCrowd  = 3  // so many machines of the institution call the same address: a service that all use
	beaconOthers = 10 // so many machines talk to the internet at all before it says something that only one calls
)

// heard says whether the flows were listened to.
func heard(v *View) bool { return v.Rhythm != nil && traffic(v) }

// beacon finds machines that call one outside address by the clock. Updates, notices and clouds do so all day: what everybody calls is
// none, and what has a name and is called by one machine only is a note. An address without a name, or with one that looks thrown by
// dice, is more.
func beacon(v *View) []model.Finding {
	if v.Rhythm == nil {
		return nil
	}
	all := v.Rhythm.Series(beaconCalls)
	if len(all) == 0 {
		return nil
	}
	crowd, clients, names := v.crowds()
	c := v.causes("detect.c2.beacon")
	for i := range all {
		s := &all[i]
		score := s.Score()
		if score.Total() < beaconScore || score.Span < beaconSpan || score.Every < beaconPause || v.knownCall(s) || crowd[s.Server] >= beaconCrowd {
			continue
		}
		name := names[s.Server]
		level, sure := model.Medium, "sure.nameless"
		switch _, domain := domainOf(name); {
		case name != "" && thrown(first(domain)):
			level, sure = model.High, "sure.dice"
		case name != "":
			level, sure = model.Low, "sure.named"
		case score.Total() >= 0.95 && clients >= beaconOthers && crowd[s.Server] <= 1:
			level, sure = model.High, "sure.alone"
		}
		v.beaconFound(c, s, score, name, level, sure)
	}
	return c.done()
}

func (v *View) beaconFound(c *causes, s *rhythm.Series, score rhythm.Score, name string, level model.Severity, sure string) {
	x := c.get(level, s.Client.String(), s.Server.String(), fmt.Sprint(s.Port))
	x.about(v, s.Client, s.MAC)
	x.set("host", v.label(s.Client, s.MAC))
	peer := s.Server.String()
	if name != "" {
		peer = name + " (" + peer + ")"
	}
	x.set("peer", peer)
	x.set("calls", fmt.Sprint(s.Count))
	x.set("every", score.Every.Round(time.Second).String())
	x.set("score", fmt.Sprint(int(100*score.Total())))
	x.set("sure_key", sure)
	from, to := time.Unix(0, s.Contacts[0].At).UTC(), time.Unix(0, s.Contacts[len(s.Contacts)-1].At).UTC()
	x.seen(from, to, s.Count, v.proof(from, "", fmt.Sprintf(
		"%s -> %s:%d %d calls, of the last %d: every %s, half of them within %s of it, for %s; evenness of pauses %.2f, of sizes %.2f, over the time %.2f",
		s.Client, s.Server, s.Port, s.Count, len(s.Contacts), score.Every.Round(time.Second), score.Varies.Round(time.Millisecond), score.Span.Round(time.Minute),
		score.Interval, score.Size, score.Spread)))
}

// knownCall: the ledger declares the other end, or another rule tells of the tool or tunnel.
func (v *View) knownCall(s *rhythm.Series) bool {
	if v.declaredPeer(s.Server) {
		return true
	}
	_, tool := byConversation(v.Tools, s.Proto, s.Port, "")
	return tool
}

// crowds counts the machines that talk to each outside address, and all of them, and names the addresses.
func (v *View) crowds() (crowd map[netip.Addr]int, clients int, names map[netip.Addr]string) {
	crowd, names = map[netip.Addr]int{}, map[netip.Addr]string{}
	pairs, who := map[pair]bool{}, map[netip.Addr]bool{}
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		if k.Answered == 0 || v.outside(k.Client) || !v.outside(k.Server) {
			continue
		}
		who[k.Client] = true
		if p := (pair{k.Client, k.Server}); !pairs[p] {
			pairs[p] = true
			crowd[k.Server]++
		}
	}
	for _, o := range v.byKind[model.TLSSNI] {
		names[o.Peer] = o.Value
	}
	for _, k := range []model.Kind{model.NameHTTP, model.NameDNS} {
		for _, o := range v.byKind[k] {
			if _, err := netip.ParseAddr(o.Value); err != nil && names[o.Subject] == "" {
				names[o.Subject] = o.Value
			}
		}
	}
	return crowd, len(who), names
}

// first is the first label of a domain.
func first(domain string) string {
	for i := range len(domain) {
		if domain[i] == '.' {
			return domain[:i]
		}
	}
	return domain
}
