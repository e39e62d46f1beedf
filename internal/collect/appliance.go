package collect

import (
	"regexp"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// fortigate reads execute dhcp lease-list, with or without the columns SSID and AP. Cells start below their headings;
// long ones push the others to the right.
type fortigate struct {
	*sink
	host, vci, next int // where the columns start; next is the one behind VCI
}

var fortiExpiry = regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\s*$`)

func (p *fortigate) row(l string) {
	if strings.Contains(l, "MAC-Address") && strings.Contains(l, "Expiry") {
		p.host, p.vci, p.next = strings.Index(l, "Hostname"), strings.Index(l, "VCI"), strings.Index(l, "Expiry")
		if i := strings.Index(l, "SSID"); i >= 0 {
			p.next = i
		}
		return
	}
	f := strings.Fields(l)
	if len(f) < 2 {
		return // name of an interface
	}
	a, ok := address(f[0])
	if !ok {
		if macShape.MatchString(f[1]) || ipAlike.MatchString(f[0]) {
			p.trouble("collect_no_address")
		}
		return
	}
	m, err := model.ParseMAC(f[1])
	if err != nil {
		p.trouble("collect_no_mac")
		return
	}
	if at := fortiExpiry.FindStringIndex(l); at != nil {
		l = l[:at[0]]
	}
	p.entry(p.at, a, m, cell(l, p.host, p.vci))
	p.say(p.at, model.DHCPVendor, a, m, cell(l, p.vci, p.next))
}

// cell is what starts in column from; it ends before column to unless it is longer and has no wide gap.
func cell(l string, from, to int) string {
	if from <= 0 || from >= len(l) || to <= from || l[from] == ' ' || l[from-1] != ' ' {
		return ""
	}
	c := l[from:]
	if i := strings.Index(c, "  "); i >= 0 {
		c = c[:i]
	}
	if len(c) > to-from && strings.HasSuffix(l[:min(to, len(l))], " ") {
		c = c[:to-from] // the next cell follows after a single space
	}
	return strings.TrimSpace(c)
}

func (*fortigate) end() {}

// yamaha reads show status dhcp of Yamaha RT routers, in Japanese or English: a block of "name: value" lines per address.
type yamaha struct {
	*sink
	cur lease
}

var spaces = regexp.MustCompile(`[\s:-]+`)

func (p *yamaha) row(l string) {
	name, v, ok := strings.Cut(strings.ReplaceAll(l, "：", ":"), ":")
	if !ok {
		return
	}
	name, v = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(v)
	switch {
	case strings.Contains(name, "割り当て中アドレス"), strings.Contains(name, "leased address"), strings.Contains(name, "assigned address"):
		p.end()
		a, ok := address(v)
		if !ok {
			p.trouble("collect_no_address")
		}
		p.cur = lease{addr: a}
	case strings.Contains(name, "スコープ番号"), strings.Contains(name, "scope number"):
		p.end()
	case strings.Contains(name, "クライアントid"), strings.Contains(name, "client id"):
		p.clientID(v)
	case strings.Contains(name, "macアドレス"), strings.Contains(name, "mac address"), strings.Contains(name, "ethernet"):
		p.clientID("(01) " + v)
	case strings.Contains(name, "ホスト名"), strings.Contains(name, "host name"), strings.Contains(name, "hostname"):
		p.cur.name = v
	}
}

// clientID reads "(01) 00 a0 de 01 23 45"; other types than Ethernet say no MAC.
func (p *yamaha) clientID(v string) {
	hex, ok := strings.CutPrefix(v, "(01)")
	if !ok || !p.cur.addr.IsValid() {
		return
	}
	m, err := model.ParseMAC(spaces.ReplaceAllString(hex, ""))
	if err != nil {
		p.trouble("collect_no_mac")
		return
	}
	p.cur.mac = m
}

func (p *yamaha) end() {
	p.entry(p.at, p.cur.addr, p.cur.mac, p.cur.name)
	p.cur = lease{}
}
