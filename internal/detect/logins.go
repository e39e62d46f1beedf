package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Thresholds of guessing. A person mistypes a few times; a stored old password is tried by one program with one account, a few times a
// minute at most.
const (
	guesses       = 20 // refused log-ins of one machine at another
	guessWithin   = 10 * time.Minute
	sprayAccounts = 8 // different accounts refused
	sprayWithin   = time.Hour
	sprayEach     = 5 // tries of each, on average
)

func refused(x *model.Transaction) bool { return x.Outcome == model.OutcomeDenied }

// bruteForce finds machines whose log-ins another one refuses again and again. If one of the accounts is let in afterwards, somebody has
// probably found its password.
func bruteForce(v *View) []model.Finding {
	c := v.causes("detect.cred.bruteforce")
	for _, xs := range byParties(v.asked[model.DoNTLMLogin], func(*model.Transaction) bool { return true }) {
		var no []*model.Transaction
		for _, x := range xs {
			if refused(x) {
				no = append(no, x)
			}
		}
		n := burst(no, guessWithin)
		if n < guesses {
			continue
		}
		level := model.High
		entered := letInAfter(xs, no)
		if entered != "" {
			level = model.Critical
		}
		for _, x := range no {
			f := c.get(level, x.Client.String(), x.Server.String())
			f.by(v, x)
			f.set("tries", strconv.FormatUint(n, 10))
			f.set("end_key", "bruteforce.refused")
			if entered != "" {
				f.set("end_key", "bruteforce.entered")
				f.set("entered", entered)
			}
		}
	}
	return c.done()
}

// letInAfter names an account that was refused at least five times and let in later.
func letInAfter(all, no []*model.Transaction) string {
	count, last := map[string]uint64{}, map[string]time.Time{}
	for _, x := range no {
		count[x.Who] += x.Count
		last[x.Who] = x.Last
	}
	for _, x := range all {
		if x.Outcome == model.OutcomeOK && count[x.Who] >= 5 && !x.Last.Before(last[x.Who]) {
			return x.Who
		}
	}
	return ""
}

// spray finds machines that try one or two passwords with many accounts, so that none is locked.
func spray(v *View) []model.Finding {
	c := v.causes("detect.cred.spray")
	for _, xs := range byClient(v.asked[model.DoNTLMLogin], refused) {
		accounts := spread(xs, sprayWithin, func(x *model.Transaction) string { return x.Who })
		var tries uint64
		for _, x := range xs {
			tries += x.Count
		}
		names := distinct(xs, func(x *model.Transaction) string { return x.Who })
		if accounts < sprayAccounts || tries > uint64(sprayEach*names) {
			continue
		}
		for _, x := range xs {
			c.did(model.High, x).set("names", strconv.Itoa(names))
		}
	}
	return c.done()
}

// builtIn are the administrators' accounts that each machine has for itself.
var builtIn = []string{"administrator", "admin", "root"}

// sameServers is on how many machines the same account must open the door.
const sameServers = 3

// sameLocalAdmin finds one machine's own administrator account that opens several machines: their passwords are the same. With
// one of them an attacker has all, as in the public case of 2022.
func sameLocalAdmin(v *View) []model.Finding {
	c := v.causes("detect.cred.same_local_admin")
	own := func(x *model.Transaction) bool {
		return x.Outcome == model.OutcomeOK && !v.controller(x.Server) && slices.Contains(builtIn, v.localName(x))
	}
	for _, xs := range byClient(v.asked[model.DoNTLMLogin], own) {
		if distinct(xs, func(x *model.Transaction) string { return x.Server.String() }) < sameServers {
			continue
		}
		for _, x := range xs {
			c.did(model.High, x)
		}
	}
	return c.done()
}

// localName is the account in small letters if it is one of the server's own: no domain, or the server's name or address as the domain.
func (v *View) localName(x *model.Transaction) string {
	domain, name, ok := strings.Cut(strings.ToLower(x.Who), `\`)
	if !ok {
		return domain
	}
	if domain == "." || domain == "workgroup" || domain == x.Server.String() {
		return name
	}
	if h := v.byIP[x.Server]; h != nil {
		for _, n := range h.Names {
			if short, _, _ := strings.Cut(strings.ToLower(n), "."); short == domain {
				return name
			}
		}
	}
	return ""
}

// managed says whether k is Windows Remote Management (MS-WSMV): known by its request, or TLS on its port.
func managed(k *model.Conversation) bool { return k.App == "winrm" || k.App == "ssl" && k.Port == 5986 }

// winrm finds machines that give others commands by Windows Remote Management (PowerShell remoting).
func winrm(v *View) []model.Finding {
	c := v.causes("detect.lateral.winrm")
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		if !managed(k) || k.Answered == 0 || v.outside(k.Server) {
			continue
		}
		level := model.Medium
		if v.outside(k.Client) {
			level = model.High
		}
		f := c.get(level, k.Client.String())
		f.about(v, k.Client, k.ClientMAC)
		f.about(v, k.Server, k.ServerMAC)
		f.set("host", v.label(k.Client, k.ClientMAC))
		f.also("targets", v.label(k.Server, k.ServerMAC))
		f.seen(k.First, k.Last, k.Flows, v.proof(k.First, "", fmt.Sprintf("WinRM %s -> %s:%d, %d bytes out, %d in", k.Client, k.Server, k.Port, k.BytesOut, k.BytesIn)))
	}
	return c.done()
}

// Remote desktop: who looks after machines opens one after the other, an attacker goes from one to the next.
const (
	rdpServers = 8
	rdpWithin  = time.Hour
)

func desktop(k *model.Conversation) bool { return k.App == "rdp" && k.Answered > 0 }

// rdpChain finds remote desktops opened from inside a remote desktop: A works on B and from there on C.
func rdpChain(v *View) []model.Finding {
	c := v.causes("detect.lateral.rdp_chain")
	into := map[netip.Addr][]*model.Conversation{}
	for i := range v.Seen.Conversations {
		if k := &v.Seen.Conversations[i]; desktop(k) {
			into[k.Server] = append(into[k.Server], k)
		}
	}
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		if !desktop(k) || v.outside(k.Server) {
			continue
		}
		for _, before := range into[k.Client] {
			if before.Client == k.Server || k.First.Before(before.First) || k.First.After(before.Last) {
				continue
			}
			level := model.Medium
			if v.outside(before.Client) {
				level = model.High
			}
			f := c.get(level, before.Client.String(), k.Client.String())
			f.about(v, before.Client, before.ClientMAC)
			f.about(v, k.Client, k.ClientMAC)
			f.about(v, k.Server, k.ServerMAC)
			f.set("from", v.label(before.Client, before.ClientMAC))
			f.set("host", v.label(k.Client, k.ClientMAC))
			f.also("targets", v.label(k.Server, k.ServerMAC))
			f.seen(k.First, k.Last, k.Flows, v.proof(k.First, "", fmt.Sprintf("RDP %s -> %s since %s, then %s -> %s", before.Client, k.Client, before.First.UTC().Format(time.RFC3339), k.Client, k.Server)))
		}
	}
	return c.done()
}

// rdpFanout finds machines that open remote desktops on many others within an hour.
func rdpFanout(v *View) []model.Finding {
	c := v.causes("detect.lateral.rdp_fanout")
	by := map[netip.Addr][]*model.Conversation{}
	var order []netip.Addr
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		if !desktop(k) || v.outside(k.Server) {
			continue
		}
		if by[k.Client] == nil {
			order = append(order, k.Client)
		}
		by[k.Client] = append(by[k.Client], k)
	}
	for _, a := range order {
		ks := by[a]
		slices.SortStableFunc(ks, func(a, b *model.Conversation) int { return a.First.Compare(b.First) })
		if opened(ks) < rdpServers {
			continue
		}
		for _, k := range ks {
			f := c.get(model.Medium, a.String())
			f.about(v, k.Client, k.ClientMAC)
			f.about(v, k.Server, k.ServerMAC)
			f.set("host", v.label(k.Client, k.ClientMAC))
			f.also("targets", v.label(k.Server, k.ServerMAC))
			f.seen(k.First, k.Last, k.Flows, v.proof(k.First, "", fmt.Sprintf("RDP %s -> %s", k.Client, k.Server)))
		}
	}
	return c.done()
}

// opened is on how many machines the first desktop was opened within an hour, at most. ks are in order of time.
func opened(ks []*model.Conversation) (most int) {
	in := map[netip.Addr]int{}
	from := 0
	for _, k := range ks {
		in[k.Server]++
		for k.First.Sub(ks[from].First) > rdpWithin {
			if in[ks[from].Server]--; in[ks[from].Server] == 0 {
				delete(in, ks[from].Server)
			}
			from++
		}
		most = max(most, len(in))
	}
	return most
}
