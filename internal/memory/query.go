package memory

import (
	"bytes"
	"net/netip"
	"strings"
	"time"
)

// Query says which flows are wanted: those for which everything holds that is set.
type Query struct {
	Host, Peer   []netip.Prefix // one end is in Host; the other, or with no Host either, in Peer
	Port         int            // of the server; 0: any
	Name         string         // of the server, or a domain above it; "*" stands for any letters
	JA4          string
	Fact         string // is contained in what else is known of the flow
	List         *List  // one of its indicators appears
	Since, Until time.Time
	Limit        int // rows that are given; 0: 1,000. All are counted

	host, peer ends
	Progress   func(done, total int) // days; may be nil
}

// DefaultLimit is how many rows are given if nobody says otherwise.
const DefaultLimit = 1000

// What a value of a column means for a query.
const (
	isHost uint8 = 1 << iota
	isPeer
	isName
	isJA4
	isFact
	isListed
)

func contains(ps []netip.Prefix, a netip.Addr) bool {
	for _, p := range ps {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// ends are wanted addresses: single ones as text, which costs nothing to compare, and networks.
type ends struct {
	single map[string]struct{}
	wide   []netip.Prefix
}

func endsOf(ps []netip.Prefix) ends {
	e := ends{single: map[string]struct{}{}}
	for _, p := range ps {
		if p.IsSingleIP() {
			e.single[p.Addr().Unmap().String()] = struct{}{}
		} else {
			e.wide = append(e.wide, p)
		}
	}
	return e
}

func (e *ends) has(v []byte) bool {
	if _, ok := e.single[string(v)]; ok || len(e.wide) == 0 {
		return ok
	}
	a, err := netip.ParseAddr(string(v))
	return err == nil && contains(e.wide, a)
}

// prepare must come before anything is compared.
func (q *Query) prepare() { q.host, q.peer = endsOf(q.Host), endsOf(q.Peer) }

func (q *Query) address(v []byte) (m uint8) {
	if q.List.hasAddress(v) {
		m |= isListed
	}
	if q.host.has(v) {
		m |= isHost
	}
	if q.peer.has(v) {
		m |= isPeer
	}
	return m
}

func (q *Query) name(v []byte) (m uint8) {
	if len(v) == 0 {
		return 0
	}
	if q.List.hasName(v) {
		m |= isListed
	}
	if q.Name != "" && nameMatches(q.Name, string(v)) {
		m |= isName
	}
	return m
}

func (q *Query) ja4(v []byte) (m uint8) {
	if len(v) == 0 {
		return 0
	}
	if q.List.hasJA4(v) {
		m |= isListed
	}
	if q.JA4 == string(v) {
		m |= isJA4
	}
	return m
}

func (q *Query) fact(v []byte) uint8 {
	if q.Fact != "" && bytes.Contains(bytes.ToLower(v), bytes.ToLower([]byte(q.Fact))) {
		return isFact
	}
	return 0
}

// nameMatches: the name itself, a domain above it, or a pattern with stars.
func nameMatches(want, name string) bool {
	want = strings.ToLower(strings.Trim(want, "."))
	if !strings.Contains(want, "*") {
		rest, ok := strings.CutSuffix(name, want)
		return ok && (rest == "" || strings.HasSuffix(rest, "."))
	}
	parts := strings.Split(want, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	name = name[len(first) : len(name)-len(last)]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(name, p)
		if i < 0 {
			return false
		}
		name = name[i+len(p):]
	}
	return true
}

// seen holds what values of a row mean against the query.
type seen struct{ client, server, name, ja4, fact uint8 }

func (q *Query) wants(s seen) bool {
	if q.Name != "" && s.name&isName == 0 || q.JA4 != "" && s.ja4&isJA4 == 0 || q.Fact != "" && s.fact&isFact == 0 {
		return false
	}
	if q.List != nil && (s.client|s.server|s.name|s.ja4)&isListed == 0 {
		return false
	}
	switch host, peer := len(q.Host) > 0, len(q.Peer) > 0; {
	case host && peer:
		return s.client&isHost != 0 && s.server&isPeer != 0 || s.server&isHost != 0 && s.client&isPeer != 0
	case host:
		return (s.client|s.server)&isHost != 0
	case peer:
		return (s.client|s.server)&isPeer != 0
	}
	return true
}

func (q *Query) limit() int {
	if q.Limit > 0 {
		return q.Limit
	}
	return DefaultLimit
}
