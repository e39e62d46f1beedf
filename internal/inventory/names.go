package inventory

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/text/width"

	"github.com/mimawari/mimawari/internal/model"
)

// maxNames bounds the names kept of one host.
const maxNames = 16

// netBIOSLen is how long a NetBIOS name can be: the 16th byte is its suffix (RFC 1001).
const netBIOSLen = 15

// nameRank orders the kinds of name: what a machine calls itself first, what others call it last. Kinds with rank
// up to ownName identify the machine.
var nameRank = map[model.Kind]int{
	model.NameNTLMDNS: 1, model.NameDHCP: 2, model.NameNTLM: 3, model.NameNetBIOS: 4, model.NameFQDN: 5, model.NameKrb: 6,
	model.NameSNMP: 7, model.NameLLDP: 8, model.NameCDP: 9, model.NameMDNS: 10, model.NameLLMNR: 11, model.NameRDP: 12,
	model.NameDiscovery: 13, model.NameRADIUS: 14, model.NameSyslog: 15, model.NameTable: 16, model.NameTLS: 17, model.NameDNS: 18, model.NameHTTP: 19,
}

const ownName = 13

// name is a host name in its parts, for comparing.
type name struct {
	short  string // first label, folded
	domain string // the rest, "" if it says nothing
}

// emptyDomains say nothing about where a machine belongs.
var emptyDomains = map[string]bool{
	"local": true, "localdomain": true, "lan": true, "home": true, "internal": true, "workgroup": true,
	"mshome": true, "home.arpa": true, "localhost": true, "flets-east.jp": true, "flets-west.jp": true,
}

// genericNames are given by makers to every machine: no identity.
var genericNames = map[string]bool{
	"localhost": true, "iphone": true, "ipad": true, "ipod": true, "ipod-touch": true, "android": true, "macbook": true, "macbook-pro": true,
	"macbookpro": true, "macbook-air": true, "macbookair": true, "imac": true, "mac": true, "mac-mini": true, "raspberrypi": true, "ubuntu": true, "debian": true,
	"kali": true, "centos": true, "fedora": true, "linux": true, "openwrt": true, "router": true, "printer": true, "pc": true, "server": true,
	"windows": true, "desktop": true, "laptop": true, "camera": true, "ipcamera": true, "ipcam": true, "nas": true, "switch": true, "unknown": true, "none": true, "test": true,
	"esp32": true, "espressif": true, "watch": true, "apple-watch": true, "workstation": true, "user-pc": true, "owner-pc": true, "client": true, "host": true, "galaxy": true,
	"phone": true, "tablet": true, "win-pc": true, "hpprinter": true, "null": true, "(none)": true, "default": true, "dhcp": true, "hostname": true, "lte-router": true,
}

// noNames are what programs and certificates send where a name should be.
var noNames = map[string]bool{"nmap": true, "localhost": true, "null": true, "none": true, "(none)": true, "unknown": true, "hostname": true, "*smbserver": true, "workgroup": true}

// tells reports whether text that came as kind can be the machine's name: what others write (a Host header, a certificate, a DNS
// answer) must be spelt as a host name, and a certificate's must be a full one.
func tells(kind model.Kind, text string) bool {
	if noNames[strings.ToLower(text)] {
		return false
	}
	switch kind {
	case model.NameTLS:
		return spelt(text) && strings.Contains(strings.Trim(text, "."), ".")
	case model.NameHTTP, model.NameDNS:
		return spelt(text)
	}
	return true
}

// spelt reports whether s has only what DNS names of machines have (RFC 952, RFC 1123, and the underscore that Windows allows).
func spelt(s string) bool {
	return strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// splitName folds width and case and parts s into name and domain. IP addresses and empty text give no name.
func splitName(s string) name {
	if !ascii(s) {
		s = width.Fold.String(s)
	}
	s = strings.ToLower(strings.TrimRight(strings.TrimSpace(s), ".$"))
	if i := strings.LastIndexByte(s, '/'); i >= 0 { // host/pc1.example, cifs/pc1
		s = s[i+1:]
	}
	if s == "" || strings.HasPrefix(s, "*") {
		return name{}
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return name{}
	}
	short, domain, _ := strings.Cut(s, ".")
	if emptyDomains[domain] {
		domain = ""
	}
	return name{short, domain}
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// generic reports whether many machines may have this name.
func (n name) generic() bool {
	if len([]rune(n.short)) < 3 || genericNames[n.short] {
		return true
	}
	trimmed := strings.TrimRight(n.short, "0123456789-_")
	return len(trimmed) < 3 && strings.Trim(n.short, "0123456789-_.") == "" || genericNames[trimmed] && len(n.short)-len(trimmed) <= 2
}

// sameName compares names as people and protocols cut them: case, width, domain, and NetBIOS's 15 characters.
func sameName(a, b name) bool {
	if a.short == "" || b.short == "" {
		return false
	}
	return a.short == b.short || cut(a.short, b.short) || cut(b.short, a.short)
}

func cut(short, long string) bool { return len(short) == netBIOSLen && strings.HasPrefix(long, short) }

// domainKey makes NetBIOS and DNS forms of a domain comparable by the first label; "" for work groups that say nothing.
func domainKey(s string) string {
	s = strings.ToLower(strings.TrimRight(s, "."))
	if emptyDomains[s] {
		return ""
	}
	first, _, _ := strings.Cut(s, ".")
	return first
}

// ranked is a name with the kind that gave it.
type ranked struct {
	text string
	rank int
}

// bestNames gives the names of a host in the best spelling, best first, each once whatever case it came in.
func bestNames(all []ranked) []string {
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.text, b.text)) })
	var out []string
	seen := map[string]bool{}
	for _, r := range all {
		text := strings.TrimRight(r.text, ".")
		if splitName(text).short == "" || seen[strings.ToLower(text)] || len(out) >= maxNames {
			continue
		}
		seen[strings.ToLower(text)] = true
		out = append(out, text)
	}
	return out
}
