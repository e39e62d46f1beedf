package collect

import (
	"regexp"
	"strings"
)

// heads are words that the first lines of a format have; all words of one entry must be in one line.
var heads = []struct {
	kind  Kind
	words []string
}{
	{ZeekTSV, []string{"#separator \\x"}},
	{ZeekTSV, []string{"#fields\t"}},
	{Suricata, []string{"{", `"event_type"`, `"timestamp"`}},
	{WindowsCSV, []string{"IPAddress", "ClientId", ","}},
	{Kea, []string{"address,", "valid_lifetime,expire,"}},
	{FortiGateLease, []string{"IP ", "MAC-Address", "Hostname", "Expiry"}},
	{YamahaLease, []string{"DHCPスコープ番号"}},
	{YamahaLease, []string{"DHCP Scope number"}},
	{ISC, []string{"dhcpd.leases"}},
}

var shapes = []struct {
	kind Kind
	re   *regexp.Regexp
}{
	{ISC, regexp.MustCompile(`^(lease \d+\.\d+\.\d+\.\d+|ia-na ".*") \{`)},
	{Dnsmasq, regexp.MustCompile(`^\d{1,12} (?i:[0-9a-f]{2}-)?(?i:[0-9a-f]{2}:){5}(?i:[0-9a-f]{2}) \d+\.\d+\.\d+\.\d+ \S+ \S+$`)},
	{Dnsmasq, regexp.MustCompile(`^duid (?i:[0-9a-f]{2}:)+(?i:[0-9a-f]{2})$`)},
	{Netsh, netshRow},
}

// Sniff tells which of the formats a file has from its first bytes (as they are on disk, but decompressed), about 4 KiB
// of them.
func Sniff(head []byte) (Kind, bool) {
	if strings.HasPrefix(string(head[:min(len(head), 2)]), "PK") {
		return "", false
	}
	rows := lines(head)
	for _, l := range rows {
		if k, ok := sniffLine(l); ok {
			return k, true
		}
	}
	return sniffTable(rows)
}

func sniffLine(l string) (Kind, bool) {
	for _, h := range heads {
		if containsAll(l, h.words) {
			return h.kind, true
		}
	}
	for _, x := range shapes {
		if x.re.MatchString(l) {
			return x.kind, true
		}
	}
	if strings.HasPrefix(l, "{") && (strings.Contains(l, `"ts"`) || strings.Contains(l, `"_path"`)) && zeekKeys.MatchString(l) {
		return ZeekJSON, true
	}
	return "", false
}

var zeekKeys = regexp.MustCompile(`"(id\.orig_h|uid|uids|fuid|fuids|_path|host|mac)"\s*:`)

func containsAll(l string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(l, w) {
			return false
		}
	}
	return true
}

// sniffTable says yes if a good part of the lines are an address and a MAC.
func sniffTable(rows []string) (Kind, bool) {
	filled, hits, whole := 0, 0, 0
	for _, l := range rows {
		if strings.TrimSpace(l) == "" {
			continue
		}
		if strings.Count(l, ",") >= 3 {
			return "", false // a list with commas is a ledger or something else
		}
		filled++
		if r := parseNeighbour(l); r.ip.IsValid() && (r.hasMAC || r.incomplete || r.badMAC) {
			hits++
			if r.hasMAC {
				whole++
			}
		}
	}
	return ARP, whole > 0 && hits*5 >= filled
}
