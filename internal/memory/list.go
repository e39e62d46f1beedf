package memory

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strings"
)

// MaxIndicators bounds a list.
const MaxIndicators = 1_000_000

// maxPrefixes bounds the networks of a list: each is held against each address.
const maxPrefixes = 1000

// List is a set of indicators: addresses, networks, names (with all names below them) and JA4 fingerprints.
type List struct {
	addresses map[string]struct{}
	networks  []netip.Prefix
	names     map[string]struct{}
	ja4       map[string]struct{}
	// Unknown are lines that are none of these; Skipped counts what came after the bounds were reached.
	Unknown, Skipped int
}

var (
	ja4Form  = regexp.MustCompile(`^[tqd][0-9s]{2}[di][0-9]{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$`)
	nameForm = regexp.MustCompile(`^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)+$`)
)

// ParseList reads a list with one indicator a line. What follows a comma, a blank or # is left alone, and "[.]" and "hxxp" are
// read as people mean them.
func ParseList(r io.Reader) (*List, error) {
	l := &List{addresses: map[string]struct{}{}, names: map[string]struct{}{}, ja4: map[string]struct{}{}}
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<16)
	for sc.Scan() {
		if v := indicator(sc.Text()); v != "" {
			l.add(v)
		}
	}
	if err := sc.Err(); err != nil {
		return nil, fmt.Errorf("read the list of indicators: %w", err)
	}
	return l, nil
}

func indicator(line string) string {
	line, _, _ = strings.Cut(strings.TrimPrefix(line, "\ufeff"), "#")
	if i := strings.IndexAny(strings.TrimSpace(line), ", \t;"); i >= 0 {
		line = strings.TrimSpace(line)[:i]
	}
	line = strings.ToLower(strings.Trim(strings.TrimSpace(line), `"'`))
	line = strings.NewReplacer("[.]", ".", "(.)", ".", "[:]", ":").Replace(line)
	if _, rest, ok := strings.Cut(line, "://"); ok {
		line, _, _ = strings.Cut(rest, "/")
		if a, err := netip.ParseAddrPort(line); err == nil {
			return a.Addr().String()
		}
		line, _, _ = strings.Cut(line, ":")
	}
	return strings.TrimSuffix(line, ".")
}

// Len is how many indicators there are.
func (l *List) Len() int { return len(l.addresses) + len(l.networks) + len(l.names) + len(l.ja4) }

func (l *List) add(v string) {
	if l.Len() >= MaxIndicators {
		l.Skipped++
		return
	}
	if a, err := netip.ParseAddr(v); err == nil {
		l.addresses[a.Unmap().WithZone("").String()] = struct{}{}
		return
	}
	if p, err := netip.ParsePrefix(v); err == nil {
		if len(l.networks) >= maxPrefixes {
			l.Skipped++
			return
		}
		l.networks = append(l.networks, p.Masked())
		return
	}
	switch {
	case ja4Form.MatchString(v):
		l.ja4[v] = struct{}{}
	case nameForm.MatchString(v):
		l.names[strings.TrimPrefix(v, "*.")] = struct{}{}
	default:
		l.Unknown++
	}
}

func (l *List) hasAddress(v []byte) bool {
	if l == nil {
		return false
	}
	if _, ok := l.addresses[string(v)]; ok || len(l.networks) == 0 {
		return ok
	}
	a, err := netip.ParseAddr(string(v))
	return err == nil && contains(l.networks, a)
}

// hasName: the name or a domain above it.
func (l *List) hasName(v []byte) bool {
	if l == nil || len(l.names) == 0 {
		return false
	}
	name := string(v)
	for {
		if _, ok := l.names[name]; ok {
			return true
		}
		i := strings.IndexByte(name, '.')
		if i < 0 {
			return false
		}
		name = name[i+1:]
	}
}

func (l *List) hasJA4(v []byte) bool {
	if l == nil {
		return false
	}
	_, ok := l.ja4[string(v)]
	return ok
}
