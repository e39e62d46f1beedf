package collect

import (
	"encoding/hex"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// unix reads seconds since 1970, with a fraction if there is one.
func unix(t string) (time.Time, bool) {
	sec, frac, _ := strings.Cut(t, ".")
	s, err := strconv.ParseInt(sec, 10, 64)
	if err != nil || s < 0 || s > 1<<33 {
		return time.Time{}, false
	}
	ns, err := strconv.ParseInt((frac + "000000000")[:9], 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	return believed(time.Unix(s, ns))
}

// believed refuses times that no log of ours can have: they come from clocks and digits that went wrong, and years past 9999
// have no form in RFC 3339 at all.
func believed(t time.Time) (time.Time, bool) {
	t = t.UTC()
	if y := t.Year(); y < 1970 || y > 2200 {
		return time.Time{}, false
	}
	return t, true
}

// duidMAC gives the MAC in a DUID of type LLT or LL for Ethernet (RFC 8415 11.2, 11.4), written with colons.
func duidMAC(t string) model.MAC {
	b, err := hex.DecodeString(strings.ReplaceAll(t, ":", ""))
	switch {
	case err == nil && len(b) == 14 && b[1] == 1 && b[3] == 1:
		return model.MAC(b[8:])
	case err == nil && len(b) == 10 && b[1] == 3 && b[3] == 1:
		return model.MAC(b[4:])
	}
	return model.MAC{}
}

// dnsmasq reads dnsmasq.leases: EXPIRY MAC ADDRESS NAME CLIENT-ID; after a line "duid ..." for IPv6 EXPIRY IAID ADDRESS NAME DUID.
type dnsmasq struct {
	*sink
	v6 bool
}

func (p *dnsmasq) row(l string) {
	f := strings.Fields(l)
	if len(f) == 0 {
		return
	}
	if f[0] == "duid" {
		p.v6 = true
		return
	}
	if len(f) < 4 {
		p.trouble("collect_line")
		return
	}
	a, ok := address(f[2])
	if !ok {
		p.trouble("collect_no_address")
		return
	}
	if p.v6 {
		if m := duidMAC(f[len(f)-1]); single(m) {
			p.entry(p.at, a, m, f[3])
		}
		return
	}
	hw := f[1]
	if len(hw) == 20 { // with the hardware type in front, if it is not Ethernet
		hw = hw[3:]
	}
	m, err := model.ParseMAC(hw)
	if err != nil {
		p.trouble("collect_no_mac")
		return
	}
	p.entry(p.at, a, m, f[3])
}

func (*dnsmasq) end() {}

// lease is what is known of one address; of several entries in a file the last counts.
type lease struct {
	addr   netip.Addr
	mac    model.MAC
	name   string
	vendor string
	start  time.Time
	over   bool // given back, expired, refused
}

// latest keeps the last lease of each address.
type latest struct {
	at   map[netip.Addr]int
	list []lease
}

func (p *latest) put(s *sink, l lease) {
	if !hosty(l.addr) {
		return
	}
	if i, ok := p.at[l.addr]; ok {
		p.list[i] = l
		return
	}
	if len(p.list) >= MaxLeases {
		s.lost++
		return
	}
	p.at[l.addr] = len(p.list)
	p.list = append(p.list, l)
}

func (p *latest) flush(s *sink) {
	for _, l := range p.list {
		if l.over {
			continue
		}
		if l.start.IsZero() {
			l.start = s.at
		}
		s.entry(l.start, l.addr, l.mac, l.name)
		s.say(l.start, model.DHCPVendor, l.addr, l.mac, l.vendor)
	}
}

// isc reads dhcpd.leases(5).
type isc struct {
	*sink
	latest
	cur  lease
	in   bool
	skip int // depth of blocks that are of no interest
}

func newISC(s *sink) *isc { return &isc{sink: s, latest: latest{at: map[netip.Addr]int{}}} }

func (p *isc) row(l string) {
	l = strings.TrimSpace(l)
	f := strings.Fields(strings.TrimSuffix(l, ";"))
	switch {
	case len(f) == 0 || strings.HasPrefix(l, "#"):
	case strings.HasSuffix(l, "{") && !p.in && f[0] == "lease" && len(f) == 3:
		a, ok := address(f[1])
		if !ok {
			p.trouble("collect_no_address")
		}
		p.cur, p.in = lease{addr: a}, true
	case strings.HasSuffix(l, "{"):
		p.skip++
	case l == "}" && p.skip > 0:
		p.skip--
	case l == "}":
		if p.in {
			p.put(p.sink, p.cur)
		}
		p.in = false
	case p.in && p.skip == 0:
		p.statement(f, l)
	}
}

func (p *isc) statement(f []string, l string) {
	switch {
	case f[0] == "hardware" && len(f) >= 3:
		m, err := model.ParseMAC(f[2])
		if err != nil {
			p.trouble("collect_no_mac")
		}
		p.cur.mac = m
	case f[0] == "starts" || f[0] == "cltt":
		if t, ok := iscTime(f[1:]); ok && t.After(p.cur.start) {
			p.cur.start = t
		}
	case f[0] == "binding" && len(f) >= 3:
		p.cur.over = f[2] != "active"
	case f[0] == "client-hostname":
		p.cur.name = quoted(l)
	case strings.HasPrefix(l, "set vendor-class-identifier"):
		p.cur.vendor = quoted(l)
	case f[0] == "abandoned":
		p.cur.over = true
	}
}

func (p *isc) end() {
	if p.in {
		p.trouble("collect_line") // the file ends inside a lease
	}
	p.flush(p.sink)
}

// iscTime reads "4 2023/07/20 12:34:56" (UTC) and "epoch 1689856496".
func iscTime(f []string) (time.Time, bool) {
	if len(f) >= 2 && f[0] == "epoch" {
		return unix(f[1])
	}
	if len(f) < 3 {
		return time.Time{}, false
	}
	t, err := time.Parse("2006/01/02 15:04:05", f[1]+" "+f[2])
	if err != nil {
		return time.Time{}, false
	}
	return believed(t)
}

func quoted(l string) string {
	_, rest, ok := strings.Cut(l, `"`)
	if !ok {
		return ""
	}
	v, _, _ := strings.Cut(rest, `"`)
	return v
}

var netshRow = regexp.MustCompile(`^\s*(\d+\.\d+\.\d+\.\d+)\s+-\s*\d+\.\d+\.\d+\.\d+\s*-\s*((?:[0-9a-fA-F]{2}-)+[0-9a-fA-F]{2})\s*-\s*(.*?)\s*-\s*([DUNRB])(?:\s*-\s*(.*?))?\s*$`)

// netsh reads netsh dhcp server scope N show clients [1].
type netsh struct{ *sink }

func (p *netsh) row(l string) {
	m := netshRow.FindStringSubmatch(l)
	if m == nil {
		if f := strings.Fields(l); len(f) > 3 && ipAlike.MatchString(f[0]) {
			p.trouble("collect_line")
		}
		return
	}
	a, ok := address(m[1])
	mac, err := model.ParseMAC(m[2])
	switch {
	case !ok:
		p.trouble("collect_no_address")
	case strings.Contains(strings.ToUpper(m[3]), "INACTIVE"):
	case err != nil:
		p.trouble("collect_no_mac")
	default:
		p.entry(p.at, a, mac, strings.TrimRight(m[5], ". "))
	}
}

func (*netsh) end() {}
