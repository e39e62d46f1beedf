package collect

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// arp reads address tables: of Windows, Linux, macOS, BSD, Cisco IOS and NX-OS, Yamaha, Allied Telesis, FortiGate. They
// all write one neighbour a line with its address and its MAC; what else is there differs and is not needed.
type arp struct{ *sink }

// neighbour is what one line says.
type neighbour struct {
	ip         netip.Addr
	mac        model.MAC
	name       string
	hasMAC     bool
	incomplete bool // asked for, but nobody answered
	heading    bool // an address that is not a neighbour's: "Interface: 192.0.2.1 --- 0x5"
	badIP      bool // looks like an address but is none
	badMAC     bool
}

var (
	macShape    = regexp.MustCompile(`^(?i)([0-9a-f]{1,2}([:-])[0-9a-f]{1,2}([:-][0-9a-f]{1,2}){4}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|[0-9a-f]{6}-[0-9a-f]{6}|[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4})$`)
	macAlike    = regexp.MustCompile(`^(?i)[0-9a-z]{1,2}([:-][0-9a-z]{1,2}){3,7}$|^(?i)[0-9a-z]{4}\.[0-9a-z]{4}\.[0-9a-z]{4}$`)
	ipAlike     = regexp.MustCompile(`^\(?\d+\.\d+\.\d+\.\d+\)?$`)
	clockShape  = regexp.MustCompile(`^\d+(:\d\d){1,3}$`)
	headingWord = regexp.MustCompile(`(?i)^\s*(interface:|インターフェ|show |arp |ip |get |display |flags:|entries|total|ipv4 |カウント)|---|[#>$]\s*(show|sh|arp|ip|get)\b`)
)

func parseNeighbour(l string) neighbour {
	var n neighbour
	n.heading = headingWord.MatchString(l)
	fields := strings.Fields(l)
	for i, t := range fields {
		n.token(t)
		// BSD and Linux arp -a: NAME (ADDRESS) at MAC
		if i == 1 && n.ip.IsValid() && strings.HasPrefix(t, "(") {
			n.name = fields[0]
		}
	}
	return n
}

func (n *neighbour) token(t string) {
	switch strings.ToLower(strings.Trim(t, "<>()")) {
	case "incomplete", "failed", "unreachable", "到達不能", "noarp":
		n.incomplete = true
		return
	}
	switch {
	case !n.hasMAC && macShape.MatchString(t) && !clockShape.MatchString(t):
		m, err := model.ParseMAC(t)
		n.mac, n.hasMAC = m, err == nil
	case ipAlike.MatchString(t) || strings.Count(t, ":") >= 2 && !clockShape.MatchString(t):
		if a, ok := address(t); ok && !n.ip.IsValid() {
			n.ip = a
		} else if !ok && ipAlike.MatchString(t) {
			n.badIP = true
		} else if !ok && macAlike.MatchString(t) {
			n.badMAC = true
		}
	case macAlike.MatchString(t):
		n.badMAC = true
	}
}

func (p *arp) row(l string) {
	n := parseNeighbour(l)
	switch {
	case n.ip.IsValid() && n.hasMAC:
		p.entry(p.at, n.ip, n.mac, n.name)
	case n.incomplete || n.heading:
	case n.badIP || n.hasMAC:
		p.trouble("collect_no_address")
	case n.badMAC || n.ip.IsValid():
		p.trouble("collect_no_mac")
	}
}

func (*arp) end() {}
