// Package indicator reads lists of what is known to be bad, as authorities and vendors hand them out: STIX 2.1 bundles, MISP events,
// CSV, plain lists. It normalises the entries, keeps to stated limits, tells what it left out and why, and finds an address, a name or
// a JA4 fingerprint in them. It fetches nothing, keeps nothing and judges nothing: package detect does.
package indicator

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"github.com/mimawari/mimawari/internal/model"
)

// The limits.
const (
	MaxFile    = 32 << 20 // bytes of one file
	MaxEntries = 50_000   // of all feeds together
	MaxFeeds   = 100
	maxValue   = 2048 // bytes of one entry
	maxNote    = 200  // characters
	maxSlips   = 20   // shown of what was left out; the rest is counted
)

// Kind is what an entry is.
type Kind string

// The kinds. URLs and hashes are kept, but traffic shows neither whole addresses of pages nor files: they are not looked for.
const (
	Address Kind = "address"
	Network Kind = "network"
	Domain  Kind = "domain"
	URL     Kind = "url"
	Hash    Kind = "hash"
	JA4     Kind = "ja4"
)

// Kinds are all kinds, in the order in which they are shown.
var Kinds = []Kind{Address, Network, Domain, JA4, URL, Hash}

// Compared reports whether entries of this kind are looked for in traffic.
func (k Kind) Compared() bool { return k != URL && k != Hash }

// Entry is one thing known to be bad.
type Entry struct {
	Kind  Kind   `json:"kind"`
	Value string `json:"value"`
	Note  string `json:"note,omitempty"` // what the feed says of it
}

// Slip is an entry that was left out.
type Slip struct {
	Line int    `json:"line"` // of a text, or the number of the object
	Text string `json:"text"`
	Why  string `json:"why"` // private, wide, unreadable, kind, past
}

// Feed is what one file gave.
type Feed struct {
	Name     string    `json:"name"`
	Format   string    `json:"format"` // stix, misp, csv, list
	Imported time.Time `json:"imported"`
	Entries  []Entry   `json:"entries"`
	Slips    []Slip    `json:"slips,omitempty"`    // the first of what was left out
	LeftOut  int       `json:"left_out,omitempty"` // how many
}

// Count says how many entries there are of each kind.
func (f *Feed) Count() map[Kind]int {
	m := map[Kind]int{}
	for _, e := range f.Entries {
		m[e.Kind]++
	}
	return m
}

// Idle is how many entries are not looked for.
func (f *Feed) Idle() (n int) {
	for _, e := range f.Entries {
		if !e.Kind.Compared() {
			n++
		}
	}
	return n
}

var (
	ja4Shape  = regexp.MustCompile(`^[tqd][0-9s][0-9][di][0-9]{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$`)
	hashShape = regexp.MustCompile(`^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$`)
	nameShape = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)
	defanged  = strings.NewReplacer("[.]", ".", "(.)", ".", "{.}", ".", "[:]", ":", "hxxp", "http", "hXXp", "http", "[dot]", ".", "[://]", "://")
)

// Read classifies one text. The second result says why it is left out, "" if it is not.
func Read(text string) (Entry, string) {
	text = strings.Trim(defanged.Replace(strings.TrimSpace(text)), `"'`)
	if text == "" || len(text) > maxValue {
		return Entry{}, "unreadable"
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return address(a)
	}
	if p, err := netip.ParsePrefix(text); err == nil {
		return network(p)
	}
	if strings.Contains(text, "://") {
		return webAddress(text)
	}
	low := strings.ToLower(text)
	switch {
	case hashShape.MatchString(low):
		return Entry{Kind: Hash, Value: low}, ""
	case ja4Shape.MatchString(low):
		return Entry{Kind: JA4, Value: low}, ""
	}
	if a, err := netip.ParseAddrPort(text); err == nil {
		return address(a.Addr())
	}
	return domain(low)
}

func address(a netip.Addr) (Entry, string) {
	if a = model.Normal(a); !model.IsExternal(a) {
		return Entry{}, "private"
	}
	return Entry{Kind: Address, Value: a.String()}, ""
}

func network(p netip.Prefix) (Entry, string) {
	p = p.Masked()
	switch {
	case p.IsSingleIP():
		return address(p.Addr())
	case !model.IsExternal(p.Addr()) && !model.IsExternal(p.Addr().Next()):
		return Entry{}, "private"
	case p.Addr().Is4() && p.Bits() < 12 || p.Addr().Is6() && p.Bits() < 24:
		return Entry{}, "wide"
	}
	return Entry{Kind: Network, Value: p.String()}, ""
}

func webAddress(text string) (Entry, string) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return Entry{}, "unreadable"
	}
	return Entry{Kind: URL, Value: text}, ""
}

// domain takes a name; "*." and "." in front mean the same as the name alone, which covers all below it.
func domain(low string) (Entry, string) {
	low = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(low, "*"), "."), ".")
	if a, err := idna.Lookup.ToASCII(low); err == nil {
		low = a
	}
	if len(low) > 253 || !nameShape.MatchString(low) {
		return Entry{}, "unreadable"
	}
	if strings.HasSuffix(low, ".local") || strings.HasSuffix(low, ".arpa") || strings.HasSuffix(low, ".internal") {
		return Entry{}, "private"
	}
	return Entry{Kind: Domain, Value: low}, ""
}

// builder gathers a feed.
type builder struct {
	feed Feed
	has  map[Entry]bool
	most int
}

func (b *builder) add(line int, text, note string) {
	e, why := Read(text)
	if why == "" && b.has[e] {
		return
	}
	if why == "" && len(b.feed.Entries) >= b.most {
		why = "past"
	}
	if why != "" {
		b.leave(line, text, why)
		return
	}
	b.has[e] = true
	e.Note = model.Clean(short(note, maxNote))
	b.feed.Entries = append(b.feed.Entries, e)
}

func (b *builder) leave(line int, text, why string) {
	b.feed.LeftOut++
	if len(b.feed.Slips) < maxSlips {
		b.feed.Slips = append(b.feed.Slips, Slip{Line: line, Text: model.Clean(short(text, 80)), Why: why})
	}
}

func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// Hit is an entry that was found, with its feed.
type Hit struct {
	Entry
	Feed string
}

// Set finds things in feeds. It is not changed after it is made.
type Set struct {
	exact map[Entry]Hit
	nets  map[netip.Prefix]Hit
	sizes []int // lengths of the networks' prefixes, longest first; IPv6 counts from 1000
}

// NewSet makes a set of all entries of feeds.
func NewSet(feeds []Feed) *Set {
	s := &Set{exact: map[Entry]Hit{}, nets: map[netip.Prefix]Hit{}}
	for i := range feeds {
		for _, e := range feeds[i].Entries {
			h := Hit{e, feeds[i].Name}
			if p, err := netip.ParsePrefix(e.Value); e.Kind == Network && err == nil {
				s.nets[p] = h
				if n := size(p); !slices.Contains(s.sizes, n) {
					s.sizes = append(s.sizes, n)
				}
				continue
			}
			s.exact[Entry{Kind: e.Kind, Value: e.Value}] = h
		}
	}
	slices.SortFunc(s.sizes, func(a, b int) int { return cmp.Compare(b, a) })
	return s
}

func size(p netip.Prefix) int {
	if p.Addr().Is6() {
		return 1000 + p.Bits()
	}
	return p.Bits()
}

// Empty reports that nothing is looked for. A nil set is empty.
func (s *Set) Empty() bool { return s == nil || len(s.exact)+len(s.nets) == 0 }

// Addr finds an address, itself or by its network.
func (s *Set) Addr(a netip.Addr) (Hit, bool) {
	if s.Empty() || !a.IsValid() {
		return Hit{}, false
	}
	if h, ok := s.exact[Entry{Kind: Address, Value: a.String()}]; ok {
		return h, true
	}
	for _, n := range s.sizes {
		if (n >= 1000) != a.Is6() {
			continue
		}
		if p, err := a.Prefix(n % 1000); err == nil {
			if h, ok := s.nets[p]; ok {
				return h, true
			}
		}
	}
	return Hit{}, false
}

// Name finds a name, itself or by a domain above it.
func (s *Set) Name(name string) (Hit, bool) {
	if s.Empty() {
		return Hit{}, false
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for name != "" {
		if h, ok := s.exact[Entry{Kind: Domain, Value: name}]; ok {
			return h, true
		}
		_, name, _ = strings.Cut(name, ".")
	}
	return Hit{}, false
}

// Fingerprint finds a JA4.
func (s *Set) Fingerprint(ja4 string) (Hit, bool) {
	if s.Empty() {
		return Hit{}, false
	}
	h, ok := s.exact[Entry{Kind: JA4, Value: ja4}]
	return h, ok
}
