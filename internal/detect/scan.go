package detect

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// Sequential hypothesis testing (Jung, Paxson, Berger, Balakrishnan: Fast Portscan Detection Using Sequential Hypothesis Testing, 2004):
// each first contact of a source multiplies the odds that it scans, by how often scanners and others are answered. The paper's four
// failures are too few for a house where machines ask for switched-off printers all day, hence the floors beside it.
const (
	scanAnswered  = 0.25 // factor for a first contact that is answered: (1-0.8)/0.8
	scanRefused   = 4.0  // factor for one that is not
	scanOdds      = 1e6  // odds at which it counts as a scan
	scanHosts     = 25   // machines on one port that did not answer: what Zeek's scan detection takes for inside and outside alike
	scanPings     = 40   // the same for ping, which inventories and monitoring use
	scanDiscovery = 120  // the same for ports by which printers and devices are looked for, range by range
	scanOutside   = 60   // the same towards the internet, where addresses die every day
	scanPorts     = 20   // ports on one machine that did not answer
	scanPackets   = 6    // packets out per unanswered flow: more is a conversation of which one side was not seen
)

// discoveryPorts are asked in whole ranges by printer drivers, device managers and monitoring: SNMP, SLP, NetBIOS names, WS-Discovery,
// Canon, Epson, JetDirect, LLMNR, SSDP.
var discoveryPorts = map[uint16]bool{161: true, 427: true, 137: true, 3702: true, 8610: true, 3289: true, 9100: true, 5355: true, 1900: true}

// watcherWords are how a ledger calls machines whose work it is to look at all others.
var watcherWords = []string{"監視", "資産管理", "インベントリ", "脆弱性", "zabbix", "nagios", "skysea", "lanscope", "monitor", "inventory", "scanner"}

// attempt is the first contact of a source with one target.
type attempt struct {
	k  *model.Conversation
	ok bool
}

// attempts are the contacts of one source, one of each target, in the order of their beginning.
type attempts struct{ all []attempt }

func (a *attempts) add(k *model.Conversation, ok bool) { a.all = append(a.all, attempt{k, ok}) }

// walk gives the odds that the source scans, at their highest, and what was not answered.
func (a *attempts) walk() (odds float64, failed []attempt) {
	slices.SortStableFunc(a.all, func(x, y attempt) int { return x.k.First.Compare(y.k.First) })
	now := 1.0
	for _, x := range a.all {
		if x.ok {
			now = max(now*scanAnswered, 1/scanOdds)
			continue
		}
		failed = append(failed, x)
		now = min(now*scanRefused, 1e12)
		odds = max(odds, now)
	}
	return odds, failed
}

// contact says of a conversation whether it tells anything about scanning, and whether it was answered.
func (v *View) contact(k *model.Conversation) (ok, counts bool) {
	if v.outside(k.Client) || k.Server.IsMulticast() || k.Client.IsUnspecified() || v.isBroadcast(k.Server) {
		return false, false
	}
	if k.Answered > 0 {
		return true, true
	}
	return false, k.PacketsOut > 0 && k.PacketsOut <= scanPackets*max(k.Flows, 1)
}

func (v *View) isBroadcast(a netip.Addr) bool {
	if a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	if n := v.network(a); n != nil && a.Is4() {
		last := n.Prefix.Masked().Addr().As4()
		for i := n.Prefix.Bits(); i < 32; i++ {
			last[i/8] |= 0x80 >> (i % 8)
		}
		return a == netip.AddrFrom4(last)
	}
	return a.Is4() && a.As4()[3] == 255
}

// twoWay reports whether the sources show both directions: else no answer says nothing.
func twoWay(v *View) bool {
	if len(v.Seen.Conversations) == 0 {
		return false
	}
	var flows, oneWay uint64
	for i := range v.Seen.Sources {
		flows, oneWay = flows+v.Seen.Sources[i].Mirror.TCPFlows, oneWay+v.Seen.Sources[i].Mirror.OneWay
	}
	return float64(oneWay) <= blindOneWay*float64(max(flows, 1))
}

// pair is two machines in the direction of asking.
type pair struct{ from, to netip.Addr }

// talksBack are the pairs in which the asked machine is known to ask the other: what looks like contacts of closed ports then are the
// late ends of its connections.
func (v *View) talksBack() map[pair]bool {
	m := map[pair]bool{}
	for i := range v.Seen.Conversations {
		if k := &v.Seen.Conversations[i]; k.Answered > 0 {
			m[pair{k.Server, k.Client}] = true
		}
	}
	return m
}

// scanHostsRule finds machines that try one port on many machines of which most don't answer.
func scanHostsRule(v *View) []model.Finding {
	if !twoWay(v) {
		return nil
	}
	type key struct {
		from  netip.Addr
		proto uint8
		port  uint16
	}
	tried, order := map[key]*attempts{}, []key{}
	type target struct {
		key
		to netip.Addr
	}
	asked, back := map[target]bool{}, v.talksBack()
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		ok, counts := v.contact(k)
		if !counts || !ok && back[pair{k.Client, k.Server}] {
			continue
		}
		id := key{k.Client, k.Proto, k.Port}
		if asked[target{id, k.Server}] {
			continue
		}
		asked[target{id, k.Server}] = true
		if tried[id] == nil {
			tried[id] = &attempts{}
			order = append(order, id)
		}
		tried[id].add(k, ok)
	}
	c := v.causes("detect.scan.hosts")
	for _, id := range order {
		odds, failed := tried[id].walk()
		if odds >= scanOdds && len(failed) >= v.manyHosts(id.proto, id.port, failed) {
			v.scanFound(c, "hosts", id.from, odds, failed, fmt.Sprintf("%s/%d", protoWord(id.proto), id.port), len(tried[id].all))
		}
	}
	return c.done()
}

// manyHosts is how many unanswered contacts are too many.
func (v *View) manyHosts(proto uint8, port uint16, failed []attempt) int {
	out := 0
	for _, x := range failed {
		out += b2i(v.outside(x.k.Server))
	}
	switch {
	case out*2 > len(failed):
		return scanOutside
	case proto == 1 || proto == 58:
		return scanPings
	case discoveryPorts[port]:
		return scanDiscovery
	}
	return scanHosts
}

// scanPortsRule finds machines that try many ports of one machine of which most don't answer.
func scanPortsRule(v *View) []model.Finding {
	if !twoWay(v) {
		return nil
	}
	tried, order, back := map[pair]*attempts{}, []pair{}, v.talksBack()
	ports := map[pair]map[uint32]bool{}
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		ok, counts := v.contact(k)
		if !counts || k.Proto != 6 && k.Proto != 17 || k.Proto == 17 && k.Port >= 33434 && k.Port < 33535 { // the last are traceroute's
			continue
		}
		id := pair{k.Client, k.Server}
		if !ok && back[id] {
			continue
		}
		if tried[id] == nil {
			tried[id], ports[id] = &attempts{}, map[uint32]bool{}
			order = append(order, id)
		}
		if p := uint32(k.Proto)<<16 | uint32(k.Port); !ports[id][p] {
			ports[id][p] = true
			tried[id].add(k, ok)
		}
	}
	c := v.causes("detect.scan.ports")
	for _, id := range order {
		if odds, failed := tried[id].walk(); odds >= scanOdds && len(failed) >= scanPorts {
			v.scanFound(c, "ports", id.from, odds, failed, v.label(id.to, model.MAC{}), len(tried[id].all))
		}
	}
	return c.done()
}

// scanFound is one finding for one source, however many ports and machines it tried.
func (v *View) scanFound(c *causes, what string, from netip.Addr, odds float64, failed []attempt, where string, tried int) {
	level := model.High
	if v.looksAtAll(from) {
		level = model.Low
	}
	x := c.get(level, from.String())
	mac := failed[0].k.ClientMAC
	x.about(v, from, mac)
	x.set("host", v.label(from, mac))
	x.also("where", where)
	x.set("tried", larger(x.finding.Params["tried"], tried))
	x.set("failed", larger(x.finding.Params["failed"], len(failed)))
	x.set("sure_key", "sure.strong")
	if level == model.Low {
		x.set("sure_key", "sure.watcher")
	}
	last := slices.MaxFunc(failed, func(a, b attempt) int { return a.k.Last.Compare(b.k.Last) }).k.Last
	var names []string
	for _, f := range failed {
		names = append(names, fmt.Sprintf("%s:%d", f.k.Server, f.k.Port))
	}
	x.seen(failed[0].k.First, last, uint64(len(failed)), v.proof(failed[0].k.First, "",
		fmt.Sprintf("%s tried %d, %d did not answer (odds of a scan 10^%.0f by sequential test of %s at %s): %s", from, tried, len(failed), math.Log10(odds), what, where, list(names))))
}

// larger keeps the larger of two numbers.
func larger(known string, n int) string {
	var old int
	if _, err := fmt.Sscan(known, &old); err == nil && old > n {
		return known
	}
	return fmt.Sprint(n)
}

// looksAtAll reports whether the ledger says that it is this machine's work to look at the others.
func (v *View) looksAtAll(a netip.Addr) bool {
	d := v.declared(a, model.MAC{})
	if d == nil {
		return false
	}
	said := strings.ToLower(strings.Join([]string{d.Name, d.Purpose, d.Kind, d.Note, d.System}, " "))
	return slices.ContainsFunc(watcherWords, func(w string) bool { return strings.Contains(said, w) })
}

func protoWord(p uint8) string {
	return cmp.Or(map[uint8]string{1: "ping", 58: "ping", 6: "TCP", 17: "UDP"}[p], fmt.Sprintf("IP %d", p))
}
