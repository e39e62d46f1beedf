package inventory

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// unknownHosts: seen, but not in the ledger.
func unknownHosts(d *drift) []model.Finding {
	if len(d.present) == 0 {
		return nil
	}
	if !d.declares {
		return []model.Finding{{
			ID: model.FindingID(RuleNoLedger), Rule: RuleNoLedger, Severity: model.Info, Count: 1,
			Params: map[string]string{"count": strconv.Itoa(len(d.present))}, First: d.Seen.First, Last: d.Seen.Last,
		}}
	}
	var out []model.Finding
	for _, h := range d.present {
		switch {
		case h.Ledger != nil && d.retired(h):
			out = append(out, d.unknown(h, "inventory.reason.retired", model.Medium))
		case h.Ledger == nil && d.expected(h):
			out = append(out, d.unknown(h, "inventory.reason.undeclared", d.strangeness(h)))
		}
	}
	return out
}

func (d *drift) unknown(h *model.Host, reason string, s model.Severity) model.Finding {
	a := asset(h)
	class := "unknown"
	if h.Class != "" {
		class = string(h.Class)
	}
	declared := ""
	if h.Ledger != nil {
		declared = h.Ledger.Name
	}
	where := "-"
	if len(h.IPs) > 0 {
		if n := d.network(firstIP(h)); n != nil {
			where = n.Name
		}
	}
	return model.Finding{
		ID: model.FindingID(RuleUnknownHost, h.ID), Rule: RuleUnknownHost, Severity: s, Assets: []model.Asset{a},
		Params: map[string]string{
			"host": label(a), "ip": dash(a.IP), "mac": dash(a.MAC), "class_key": "class." + class, "maker": dash(h.Maker), "os": dash(h.OS),
			"network": where, "reason_key": reason, "declared": declared,
		},
		First: h.First, Last: h.Last, Count: 1, Evidence: sightings(h),
	}
}

// sightings is the proof that a host was there: when, and what told what it is.
func sightings(h *model.Host) []model.Evidence {
	var out []model.Evidence
	for _, s := range h.Signals {
		if len(out) < model.MaxEvidence-1 && s.About != aboutIdentity && s.About != "version" {
			out = append(out, model.Evidence{At: h.Last, Where: string(s.Kind), Text: fmt.Sprintf("%s=%s (%s)", s.About, s.Says, s.Value)})
		}
	}
	text := fmt.Sprintf("ip=%v mac=%v name=%s", h.IPs, h.MACs, firstName(h))
	return append(out, model.Evidence{At: h.First, Text: model.Clean(text)})
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (d *drift) retired(h *model.Host) bool {
	x := d.ledgerHost(h.Ledger.Key)
	return x != nil && x.Retired && h.Ledger.By != "name"
}

func (d *drift) ledgerHost(key string) *model.LedgerHost { return d.rows[key] }

// expected reports whether a host ought to have a row of its own. Not: what only passes through a router from elsewhere, a router's
// card whose address is not seen, a declared gateway or line, a switch port that only speaks at link level, an FHRP address.
func (d *drift) expected(h *model.Host) bool {
	gateway := slices.Contains(h.Roles, "gateway")
	switch {
	case len(h.IPs) == 0 && (gateway || h.Class == model.ClassSwitch):
		return false
	case len(h.MACs) == 0 && d.networks && d.network(h.IPs[0]) == nil:
		return false // unknown_network speaks of these
	case slices.ContainsFunc(h.MACs, model.MAC.IsVirtualRouter):
		return false
	}
	return !d.declaredGateway(h)
}

func (d *drift) declaredGateway(h *model.Host) bool {
	l := d.Ledger.Ledger()
	for _, a := range h.IPs {
		if n := d.network(a); n != nil && n.Gateway == a {
			return true
		}
		for i := range l.Lines {
			if slices.Contains(l.Lines[i].Gateways, a) {
				return true
			}
		}
	}
	for _, m := range h.MACs {
		for i := range l.Lines {
			if slices.Contains(l.Lines[i].MACs, m) {
				return true
			}
		}
	}
	return false
}

// strangeness is how much an undeclared host of this class should worry: what makes a way in is worse than what people carry.
func (d *drift) strangeness(h *model.Host) model.Severity {
	s := model.Medium
	switch h.Class {
	case model.ClassSBC, model.ClassRouter, model.ClassMobileRtr, model.ClassAP, model.ClassVPN, model.ClassFirewall:
		s = model.High
	case model.ClassPrinter, model.ClassIPPhone, model.ClassPhone, model.ClassTablet, model.ClassUPS:
		s = model.Low
	}
	if d.guest(h) {
		s--
		if h.Class == model.ClassPC || h.Class == model.ClassUnknown {
			s--
		}
	}
	return max(s, model.Info)
}

var guestWords = []string{"guest", "ゲスト", "来客", "患者", "来院", "free", "フリー", "byod", "面会"}

// guest reports whether the host's network is declared for visitors.
func (d *drift) guest(h *model.Host) bool {
	for _, a := range h.IPs {
		n := d.network(a)
		if n == nil {
			continue
		}
		text := strings.ToLower(n.Name + " " + n.Zone)
		if slices.ContainsFunc(guestWords, func(w string) bool { return strings.Contains(text, w) }) {
			return true
		}
	}
	return false
}

const day = 24 * time.Hour

// silence is how long a machine of this class may be quiet before it is missed.
func silence(c model.Class) time.Duration {
	switch c {
	case model.ClassServer, model.ClassPACS, model.ClassHIS, model.ClassNAS, model.ClassVMHost, model.ClassRouter, model.ClassSwitch,
		model.ClassFirewall, model.ClassVPN, model.ClassAP:
		return 2 * day
	case model.ClassModality, model.ClassMedical, model.ClassCamera, model.ClassIPPhone, model.ClassPrinter, model.ClassUPS, model.ClassIndustry, model.ClassIoT:
		return 7 * day
	case model.ClassPhone, model.ClassTablet, model.ClassMobileRtr:
		return 30 * day
	}
	return 14 * day
}

// laptopWords in the kind of a declared machine: it may stay in a drawer for weeks.
var laptopWords = []string{"ノート", "laptop", "notebook", "モバイル", "予備", "貸出"}

func patience(h *model.LedgerHost, seen model.Class) time.Duration {
	text := strings.ToLower(h.Kind + " " + h.Purpose + " " + h.Status + " " + h.Note)
	if slices.ContainsFunc(laptopWords, func(w string) bool { return strings.Contains(text, w) }) {
		return 30 * day
	}
	if h.Class != model.ClassUnknown {
		return silence(h.Class)
	}
	return silence(seen)
}

// missingHosts: declared as one machine with an address, in a network that this patrol looked at, and not seen for longer than
// its kind may be quiet. The silence begins at its last sight, or when its network was first looked at.
func missingHosts(d *drift) []model.Finding {
	if !d.declares {
		return nil
	}
	seen, watched := d.sights(), d.watched()
	l := d.Ledger.Ledger()
	var out []model.Finding
	for i := range l.Hosts {
		h := &l.Hosts[i]
		if f, ok := d.missing(h, seen[h.Key], watched); ok {
			out = append(out, f)
		}
	}
	return out
}

// sight is when a declared host was last seen, and as what.
type sight struct {
	last  time.Time
	class model.Class
	host  string
}

// sights gives the last sight of declared hosts, from this patrol and the earlier ones.
func (d *drift) sights() map[string]sight {
	out := map[string]sight{}
	note := func(h *model.Host, r *model.LedgerRef) {
		if r != nil && h.Last.After(out[r.Key].last) {
			out[r.Key] = sight{h.Last, h.Class, h.ID}
		}
	}
	for i := range d.Hosts {
		note(&d.Hosts[i], d.Hosts[i].Ledger)
	}
	for i := range d.Known.Hosts {
		note(&d.Known.Hosts[i], refer(d.Ledger, &d.Known.Hosts[i]))
	}
	return out
}

// watched gives the networks in which this patrol saw a machine of their own, and since when each has been looked at.
func (d *drift) watched() map[netip.Prefix]time.Time {
	out := map[netip.Prefix]time.Time{}
	for _, h := range d.present {
		for _, a := range h.IPs {
			out[d.around(a)] = d.now
		}
	}
	for _, list := range [][]model.Host{d.Hosts, d.Known.Hosts} {
		for i := range list {
			for _, a := range list[i].IPs {
				p := d.around(a)
				if since, ok := out[p]; ok && !list[i].First.IsZero() && list[i].First.Before(since) {
					out[p] = list[i].First
				}
			}
		}
	}
	return out
}

func (d *drift) around(a netip.Addr) netip.Prefix {
	if n := d.network(a); n != nil {
		return n.Prefix.Masked()
	}
	return segment(a)
}

func (d *drift) missing(h *model.LedgerHost, s sight, watched map[netip.Prefix]time.Time) (model.Finding, bool) {
	if h.Retired || len(h.Addrs) == 0 || !h.Addrs[0].Single() {
		return model.Finding{}, false
	}
	since, ok := watched[d.around(h.Addrs[0].From)]
	if !ok {
		return model.Finding{}, false
	}
	start := since
	if s.last.After(start) {
		start = s.last
	}
	allowed := patience(h, s.class)
	quiet := d.now.Sub(start)
	if quiet < allowed {
		return model.Finding{}, false
	}
	return d.missingFinding(h, s, start, quiet, allowed), true
}

func (d *drift) missingFinding(h *model.LedgerHost, s sight, start time.Time, quiet, allowed time.Duration) model.Finding {
	level := model.Low
	if allowed <= 2*day {
		level = model.Medium
	}
	a := model.Asset{Host: s.host, Label: h.Name, IP: h.Addrs[0].From.String()}
	if len(h.MACs) > 0 {
		a.MAC = h.MACs[0].String()
	}
	if a.Label == "" {
		a.Label = a.IP
	}
	last := "-"
	if !s.last.IsZero() {
		last = s.last.Format(time.DateOnly)
	}
	return model.Finding{
		ID: model.FindingID(RuleMissingHost, h.Key), Rule: RuleMissingHost, Severity: level, Assets: []model.Asset{a},
		Params: map[string]string{
			"host": label(a), "days": strconv.Itoa(int(quiet / day)), "allowed": strconv.Itoa(int(allowed / day)), "last": last,
			"place": rowOf(h), "location": dash(h.Location),
		},
		First: start, Last: d.now, Count: 1,
		Evidence: []model.Evidence{{At: start, Source: h.Place.File, Where: rowOf(h), Text: "declared " + a.IP + ", last seen " + last}},
	}
}

// rowOf is sheet and row of a declared host.
func rowOf(h *model.LedgerHost) string {
	return strings.TrimSpace(h.Place.Sheet + " " + strconv.Itoa(h.Place.Row))
}
