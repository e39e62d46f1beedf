package ledger

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/width"

	"github.com/mimawari/mimawari/internal/model"
)

// maxPerCell bounds the addresses that are read from one cell.
const maxPerCell = 256

// addresses is what an address cell says.
type addresses struct {
	ranges   []model.AddrRange
	dhcp     bool
	bad      []string // pieces that are no address
	reversed []string // ranges written the wrong way round; they are in ranges the right way
}

var (
	dashes    = strings.NewReplacer("〜", "~", "～", "~", "∼", "~", "‐", "-", "‑", "-", "–", "-", "—", "-", "―", "-", "−", "-", "ー", "-", "－", "-", "。", ".", "．", ".", "から", "~", "→", "~", "より", "~")
	ranging   = regexp.MustCompile(`([0-9a-f:.\]])\s*[-~]\s*(\.?[0-9a-f])`)
	slashed   = regexp.MustCompile(`\s*/\s*`)
	commaQuad = regexp.MustCompile(`^\d{1,3}(,\d{1,3}){3}$`)
	dotSpace  = regexp.MustCompile(`(\d)\s*\.\s*(\d)`)
	untilWord = strings.NewReplacer("まで", " ", "迄", " ")
)

// readAddresses reads a cell with any number of addresses, ranges and networks, and the words people put beside them.
func readAddresses(s string) addresses {
	var a addresses
	s = dashes.Replace(width.Fold.String(s))
	s = untilWord.Replace(strings.ToLower(s))
	if t := strings.TrimSpace(s); commaQuad.MatchString(t) {
		s = strings.ReplaceAll(t, ",", ".")
	}
	s = dotSpace.ReplaceAllString(dotSpace.ReplaceAllString(s, "$1.$2"), "$1.$2")
	s = slashed.ReplaceAllString(ranging.ReplaceAllString(s, "$1-$2"), "/")
	for _, t := range addressTokens(s) {
		if len(a.ranges)+len(a.bad) >= maxPerCell {
			a.bad = append(a.bad, "…")
			break
		}
		a.token(t)
	}
	return a
}

func addressTokens(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool {
		return strings.ContainsRune(" \n\t、,;・&|()[]{}「」<>+\"'。", r)
	})
}

func (a *addresses) token(t string) {
	switch {
	case words().dhcp[foldHeader(t)]:
		a.dhcp = true
		return
	case blankWord(t) || words().plain[foldHeader(t)] || !strings.ContainsAny(t, "0123456789"):
		if !blankWord(t) && strings.Contains(t, "dhcp") {
			a.dhcp = true
		}
		if strings.ContainsAny(t, ".:") && len(t) > 2 && !strings.HasSuffix(t, ":") {
			a.bad = append(a.bad, t) // "x.x.x.x"
		}
		return
	}
	if r, ok := parseNetwork(t); ok {
		a.ranges = append(a.ranges, r)
		return
	}
	if tooWide(t) {
		a.bad = append(a.bad, t)
		return
	}
	if parts := strings.Split(t, "/"); len(parts) > 1 {
		for _, p := range parts {
			if p != "" {
				a.token(p)
			}
		}
		return
	}
	a.single(t)
}

func (a *addresses) single(t string) {
	if from, to, ok := strings.Cut(t, "-"); ok {
		a.rangeOf(t, from, to)
		return
	}
	if ip, ok := parseAddr(t); ok {
		a.ranges = append(a.ranges, model.AddrRange{From: ip, To: ip})
		return
	}
	if ip, ok := a.continued(t); ok {
		a.ranges = append(a.ranges, model.AddrRange{From: ip, To: ip})
		return
	}
	a.bad = append(a.bad, t)
}

// continued reads "11" after "192.168.1.10" as 192.168.1.11.
func (a *addresses) continued(t string) (netip.Addr, bool) {
	if len(a.ranges) == 0 {
		return netip.Addr{}, false
	}
	return completeAddr(a.ranges[len(a.ranges)-1].To, t)
}

func (a *addresses) rangeOf(t, from, to string) {
	lo, ok := parseAddr(from)
	if !ok {
		lo, ok = a.continued(from)
	}
	hi, ok2 := parseAddr(to)
	if ok && !ok2 {
		hi, ok2 = completeAddr(lo, to)
	}
	if !ok || !ok2 || lo.BitLen() != hi.BitLen() {
		a.bad = append(a.bad, t)
		return
	}
	if hi.Less(lo) {
		a.reversed = append(a.reversed, t)
		lo, hi = hi, lo
	}
	a.ranges = append(a.ranges, model.AddrRange{From: lo, To: hi})
}

// completeAddr puts the given last octets in place of those of base: "20", ".20", "2.20".
func completeAddr(base netip.Addr, t string) (netip.Addr, bool) {
	parts := strings.Split(strings.TrimPrefix(t, "."), ".")
	if !base.Is4() || len(parts) > 3 {
		return netip.Addr{}, false
	}
	b := base.As4()
	for i, p := range parts {
		n, ok := octet(p)
		if !ok {
			return netip.Addr{}, false
		}
		b[4-len(parts)+i] = n
	}
	return netip.AddrFrom4(b), true
}

func octet(p string) (byte, bool) {
	if p == "" || len(p) > 3 || strings.Trim(p, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(p)
	return byte(n), err == nil && n <= 255
}

// parseAddr reads one address. Unlike netip it takes 192.168.001.010, which people write so that columns line up, and
// drops a label before or a port after an IPv4 address.
func parseAddr(t string) (netip.Addr, bool) {
	t = strings.Trim(t, ".")
	if ip, err := netip.ParseAddr(t); err == nil {
		return usable(model.Normal(ip))
	}
	for _, p := range strings.Split(t, ":") {
		if ip, ok := parseQuad(p); ok {
			return usable(ip)
		}
	}
	return netip.Addr{}, false
}

func parseQuad(t string) (netip.Addr, bool) {
	parts := strings.Split(t, ".")
	if len(parts) != 4 {
		return netip.Addr{}, false
	}
	var b [4]byte
	for i, p := range parts {
		n, ok := octet(p)
		if !ok {
			return netip.Addr{}, false
		}
		b[i] = n
	}
	return netip.AddrFrom4(b), true
}

// usable refuses what no machine can have: unspecified, loopback, multicast and broadcast addresses.
func usable(ip netip.Addr) (netip.Addr, bool) {
	if ip.IsUnspecified() || ip.IsLoopback() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return netip.Addr{}, false
	}
	return ip, true
}

// parseNetwork reads "192.168.1.0/24" and "192.168.1.0/255.255.255.0" as the network, and "192.168.1.10/24" as the one
// address whose mask was written with it.
func parseNetwork(t string) (model.AddrRange, bool) {
	addr, mask, ok := strings.Cut(t, "/")
	if !ok {
		return model.AddrRange{}, false
	}
	ip, ok := parseAddr(addr)
	bits, ok2 := parseMask(mask)
	if !ok || !ok2 || bits > ip.BitLen() || ip.Is4() && bits < 8 || ip.Is6() && bits < 16 {
		return model.AddrRange{}, false
	}
	p := netip.PrefixFrom(ip, bits)
	if p.Masked().Addr() != ip {
		if ip.Is4() && bits < 20 && bits != 8 && bits != 16 { // no mask that people use: 192.168.1.10/11 is two addresses
			return model.AddrRange{}, false
		}
		return model.AddrRange{From: ip, To: ip}, true
	}
	return model.AddrRange{From: ip, To: lastOf(p)}, true
}

// tooWide reports a network that no machine or range can be, such as 10.0.0.0/4.
func tooWide(t string) bool {
	addr, mask, ok := strings.Cut(t, "/")
	ip, isAddr := parseAddr(addr)
	bits, isMask := parseMask(mask)
	return ok && isAddr && isMask && (ip.Is4() && bits < 8 || ip.Is6() && bits < 16)
}

// parseMask reads "24" and "255.255.255.0".
func parseMask(t string) (int, bool) {
	if strings.Contains(t, ".") {
		ip, ok := parseQuad(t)
		if !ok {
			return 0, false
		}
		b := ip.As4()
		n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		ones := 0
		for ; n&(1<<31) != 0; n <<= 1 {
			ones++
		}
		return ones, n == 0 && ones >= 8
	}
	n, err := strconv.Atoi(strings.TrimSpace(t))
	return n, err == nil && n >= 0 && n <= 128 && len(t) <= 3
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	ip, _ := netip.AddrFromSlice(b)
	return ip
}

// formatRanges writes ranges so that readAddresses gives them back.
func formatRanges(rs []model.AddrRange) string {
	parts := make([]string, len(rs))
	for i, r := range rs {
		parts[i] = r.From.String()
		if !r.Single() {
			parts[i] += "-" + r.To.String()
		}
	}
	return strings.Join(parts, ", ")
}

// readPrefixes reads outside addresses and networks; a single address becomes a network of one.
func readPrefixes(s string) (ps []netip.Prefix, bad []string) {
	a := readAddresses(s)
	for _, r := range a.ranges {
		p, ok := prefixOf(r)
		if !ok {
			bad = append(bad, formatRanges([]model.AddrRange{r}))
			continue
		}
		ps = append(ps, p)
	}
	return ps, append(bad, a.bad...)
}

// prefixOf gives the network that is exactly the range.
func prefixOf(r model.AddrRange) (netip.Prefix, bool) {
	for bits := r.From.BitLen(); bits >= 0; bits-- {
		p := netip.PrefixFrom(r.From, bits)
		if p.Masked().Addr() != r.From {
			break
		}
		if lastOf(p) == r.To {
			return p, true
		}
	}
	return netip.Prefix{}, false
}
