package detect

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// What secret channels to the outside look like, by names and by how long they last.
const (
	tunnelNames  = 40  // distinct names below one domain
	tunnelLength = 28  // mean length of what stands before the domain
	tunnelBits   = 3.2 // bits a character of all of that together
	longName     = 100 // a name that is longer than people's: what is below no one domain is counted by the server that is asked
	longNames    = 15
	dgaNames     = 15 // distinct domains that look thrown by dice, asked by one machine
	torNames     = 2  // distinct made-up server names of one machine
	longHours    = 8  // one connection to the outside
)

// lookups are services that are asked by hashes inside of names: antivirus, spam lists, update and content networks.
var lookups = []string{
	"mcafee.com", "trellix.com", "sophosxl.net", "sophosxl.com", "sophos.com", "e5.sk", "eset.com", "trendmicro.com", "trendmicro.co.jp", "bitdefender.net",
	"kaspersky.com", "kaspersky-labs.com", "spamhaus.org", "surbl.org", "uribl.com", "senderbase.org", "mailshell.net", "barracudacentral.org",
	"cloudfront.net", "akamai.net", "akamaiedge.net", "akamaihd.net", "amazonaws.com", "windows.net", "googlevideo.com", "fbcdn.net", "apple-dns.net",
	"microsoft.com", "office.com", "office.net", "windowsupdate.com", "in-addr.arpa", "ip6.arpa", "local",
}

// domainOf splits a name into the domain that somebody registered and what stands before it. Second-level registries are told by their
// shape (co.jp, or.jp, com.au): a list of all is not needed to count names below one domain.
func domainOf(name string) (sub, domain string) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	labels := strings.Split(name, ".")
	n := 2
	if k := len(labels); k >= 3 && len(labels[k-1]) == 2 && (len(labels[k-2]) <= 2 || slices.Contains([]string{"com", "net", "org", "edu", "gov"}, labels[k-2])) {
		n = 3
	}
	if len(labels) < n {
		return "", ""
	}
	return strings.Join(labels[:len(labels)-n], "."), strings.Join(labels[len(labels)-n:], ".")
}

// bits is the entropy of text in bits a character.
func bits(text string) float64 {
	var n [256]float64
	for i := range len(text) {
		n[text[i]]++
	}
	h := 0.0
	for _, x := range n {
		if x > 0 {
			p := x / float64(len(text))
			h -= p * math.Log2(p)
		}
	}
	return h
}

// usual are the pairs of letters that names of people's making are full of, in English and in Japanese written with Latin letters.
var usual = func() map[string]bool {
	m := map[string]bool{}
	for p := range strings.FieldsSeq("th he in er an re nd at on nt ha es st en ed to it ou ea hi is or ti as te et ng of al de se le sa si ar ve ra ld ur " +
		"ne me ro ri li co io ic ll be ma el ec tr ce ch la om ac us ta ca il us ss ee oo pr pa po pe pl un ut na no ni nu mo mi mu ki ku ka ke ko su so " +
		"sh tu ts fu yo ya yu wa ru re go ga gi gu ge da di do bi ba bo bu ho hu ji jo ju ai au ei ie uk am ad ag ap av ay ev ew ex if ig im ir iv ke ol op os ot ow ov") {
		m[p] = true
	}
	return m
}()

// thrown reports whether a label looks like letters thrown by dice: long, and few pairs of letters that people use.
func thrown(label string) bool {
	if len(label) < 10 || strings.ContainsAny(label, "-_") {
		return false
	}
	good, pairs := 0, len(label)-1
	for i := range pairs {
		good += b2i(usual[label[i:i+2]])
	}
	return float64(good) < 0.36*float64(pairs)
}

// asks are the DNS names that machines asked for, without the resolvers who ask for others.
func (v *View) asks(show func(o *model.Observation, sub, domain string)) {
	for _, o := range v.byKind[model.DNSQuery] {
		if !o.Subject.IsValid() || v.outside(o.Subject) {
			continue
		}
		if h := v.host(o.Subject, model.MAC{}); h != nil && slices.Contains(h.Roles, "dns_server") {
			continue
		}
		if sub, domain := domainOf(o.Value); domain != "" {
			show(o, sub, domain)
		}
	}
}

// question is what one machine asks of one domain, or of one server where there is no domain in common.
type question struct {
	from   netip.Addr
	domain string
}

// questions gathers the long names by domain and, if they are very long, by server too.
func (v *View) questions() (asked map[question][]*model.Observation, order []question) {
	asked = map[question][]*model.Observation{}
	put := func(k question, o *model.Observation) {
		if asked[k] == nil {
			order = append(order, k)
		}
		asked[k] = append(asked[k], o)
	}
	v.asks(func(o *model.Observation, sub, domain string) {
		if len(sub) < tunnelLength/2 || slices.Contains(lookups, domain) {
			return
		}
		put(question{o.Subject, domain}, o)
		if len(o.Value) >= longName && o.Peer.IsValid() {
			put(question{o.Subject, "@" + o.Peer.String()}, o)
		}
	})
	slices.SortStableFunc(order, func(a, b question) int { // domains first
		return b2i(strings.HasPrefix(a.domain, "@")) - b2i(strings.HasPrefix(b.domain, "@"))
	})
	return asked, order
}

// dnsTunnel finds data that leaves or comes inside of DNS names: many long names, different each time, below one domain or to one server.
func dnsTunnel(v *View) []model.Finding {
	asked, order := v.questions()
	c := v.causes("detect.c2.dns_tunnel")
	told := map[netip.Addr]bool{}
	for _, k := range order {
		os, least := asked[k], tunnelNames
		if strings.HasPrefix(k.domain, "@") {
			if least = longNames; told[k.from] {
				continue
			}
		}
		var all strings.Builder
		for _, o := range os {
			sub, _ := domainOf(o.Value)
			all.WriteString(strings.ReplaceAll(sub, ".", ""))
		}
		mean, h := all.Len()/len(os), bits(all.String())
		if len(os) < least || mean < tunnelLength || h < tunnelBits {
			continue
		}
		told[k.from] = true
		v.tunnelled(c, k, os, fmt.Sprintf("%d names, %d characters each, %.1f bits a character", len(os), mean, h), mean)
	}
	return c.done()
}

func (v *View) tunnelled(c *causes, k question, os []*model.Observation, why string, mean int) {
	x := c.get(model.High, k.domain)
	x.about(v, k.from, os[0].MAC)
	x.also("hosts", v.label(k.from, os[0].MAC))
	x.set("domain", strings.TrimPrefix(k.domain, "@"))
	x.set("names", larger(x.finding.Params["names"], len(os)))
	x.set("length", fmt.Sprint(mean))
	for i, o := range os {
		e := model.Evidence{}
		if i < 3 {
			e = v.proof(o.First, o.Source, fmt.Sprintf("%s asked for %s (%s)", k.from, o.Value, why))
		}
		x.seen(o.First, o.Last, o.Count, e)
	}
}

// dga finds machines that ask for many domains whose names nobody would think of: programs look for their master this way.
func dga(v *View) []model.Finding {
	asked, order, domains := map[netip.Addr][]*model.Observation{}, []netip.Addr{}, map[netip.Addr]map[string]bool{}
	v.asks(func(o *model.Observation, sub, domain string) {
		name, _, _ := strings.Cut(domain, ".")
		if len(sub) > 12 || !hostname.MatchString(domain) || !thrown(name) || domains[o.Subject][domain] {
			return
		}
		if domains[o.Subject] == nil {
			domains[o.Subject] = map[string]bool{}
			order = append(order, o.Subject)
		}
		domains[o.Subject][domain] = true
		asked[o.Subject] = append(asked[o.Subject], o)
	})
	c := v.causes("detect.c2.dga")
	for _, from := range order {
		os := asked[from]
		if len(os) < dgaNames {
			continue
		}
		x := c.get(model.High, from.String())
		x.about(v, from, os[0].MAC)
		x.set("host", v.label(from, os[0].MAC))
		x.set("names", fmt.Sprint(len(os)))
		for _, o := range os {
			x.also("examples", o.Value)
			x.seen(o.First, o.Last, o.Count, v.proof(o.First, o.Source, fmt.Sprintf("%s asked for %s", from, o.Value)))
		}
	}
	return c.done()
}

// hostname is what a domain may be registered as.
var hostname = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*[a-z]$`)

// torName is the server name that Tor makes up for the outer TLS of a connection to a relay.
var torName = regexp.MustCompile(`^www\.([a-z2-7]{8,25})\.(com|net)$`)

// tor finds connections into the Tor network: TLS to names thrown by dice that nobody asked DNS for.
func tor(v *View) []model.Finding {
	resolved := map[string]bool{}
	for _, o := range v.byKind[model.DNSQuery] {
		resolved[strings.ToLower(strings.TrimSuffix(o.Value, "."))] = true
	}
	made, order := map[netip.Addr][]*model.Observation{}, []netip.Addr{}
	for _, o := range v.byKind[model.TLSSNI] {
		m := torName.FindStringSubmatch(o.Value)
		if m == nil || resolved[o.Value] || !thrown(m[1]+"xq") || v.outside(o.Subject) || !o.Peer.IsValid() || !v.outside(o.Peer) {
			continue
		}
		if made[o.Subject] == nil {
			order = append(order, o.Subject)
		}
		made[o.Subject] = append(made[o.Subject], o)
	}
	c := v.causes("detect.c2.tor")
	for _, from := range order {
		os := made[from]
		if len(os) < torNames {
			continue
		}
		x := c.get(model.High, from.String())
		x.about(v, from, os[0].MAC)
		x.set("host", v.label(from, os[0].MAC))
		for _, o := range os {
			x.also("peers", o.Peer.String())
			x.seen(o.First, o.Last, o.Count, v.proof(o.First, o.Source, fmt.Sprintf("%s -> %s:%d TLS name %s, for which nobody asked DNS", from, o.Peer, o.Port, o.Value)))
		}
	}
	return c.done()
}

// longConnection finds single connections to the outside that stay open for hours. Push services do that too: a peer without a name is
// what makes it more than a note.
func longConnection(v *View) []model.Finding {
	named := map[netip.Addr]bool{}
	for _, k := range []model.Kind{model.TLSSNI, model.NameHTTP} {
		for _, o := range v.byKind[k] {
			named[o.Peer], named[o.Subject] = true, true
		}
	}
	c := v.causes("detect.c2.long_connection")
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		lasts := k.Last.Sub(k.First)
		if k.Flows != 1 || k.Answered == 0 || k.Proto != 6 || lasts < longHours*time.Hour || v.outside(k.Client) || !v.outside(k.Server) {
			continue
		}
		if _, tool := byConversation(v.Tools, k.Proto, k.Port, k.App); tool || tunnelApps[k.App] != "" || v.declaredPeer(k.Server) {
			continue // other rules tell of these, or the ledger does
		}
		level, sure := model.Low, "sure.named"
		if !named[k.Server] {
			level, sure = model.Medium, "sure.nameless"
		}
		x := c.get(level, k.Client.String(), k.Server.String())
		x.about(v, k.Client, k.ClientMAC)
		x.set("host", v.label(k.Client, k.ClientMAC))
		x.set("peer", k.Server.String())
		x.set("hours", larger(x.finding.Params["hours"], int(lasts.Hours())))
		x.set("sure_key", sure)
		x.seen(k.First, k.Last, k.Flows, v.proof(k.First, "", fmt.Sprintf("%s -> %s:%d %s, open for %s, %d bytes out, %d in", k.Client, k.Server, k.Port, k.App, lasts.Round(time.Minute), k.BytesOut, k.BytesIn)))
	}
	return c.done()
}

// declaredPeer reports whether a declared line names a as one that may be talked to.
func (v *View) declaredPeer(a netip.Addr) bool {
	return slices.ContainsFunc(v.lines(), func(l model.Line) bool {
		return slices.ContainsFunc(l.Peers, func(p netip.Prefix) bool { return p.Contains(a) })
	})
}
