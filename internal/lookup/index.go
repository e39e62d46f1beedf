package lookup

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Source is where things are kept.
type Source interface {
	SearchStamp(context.Context) (model.SearchStamp, error)
	SearchHosts(context.Context) ([]model.Searchable, error)
	SearchFindings(context.Context) ([]model.Searchable, error)
	LatestLedger(context.Context) (*model.Ledger, error)
	HostsByID(ctx context.Context, ids []string) ([]model.Host, error)
	FindingsByID(ctx context.Context, ids []string) ([]model.Finding, error)
}

// entry is one thing that can be found.
type entry struct {
	id   string // folded: what names it and nothing else
	text string // folded, one thing a line
	more string // folded: what it says besides, which is never an exact hit
}

// part is one kind of things at one moment. It never changes; a newer one takes its place.
type part struct {
	stamp   string
	entries []entry
	rows    []ledger.Row // of the ledger, beside entries
}

// memory holds the newest part of a kind.
type memory struct {
	now atomic.Pointer[part]
	mu  sync.Mutex // held while it is read anew
}

// at gives the part of that stamp. Of several who ask while it is read anew one reads; the others wait.
func (m *memory) at(stamp string, read func() (*part, error)) (*part, error) {
	if p := m.now.Load(); p != nil && p.stamp == stamp {
		return p, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.now.Load(); p != nil && p.stamp == stamp {
		return p, nil
	}
	p, err := read()
	if err != nil {
		return nil, err
	}
	p.stamp = stamp
	m.now.Store(p)
	return p, nil
}

// Finder finds. The zero Finder with a Source is ready; it is safe for concurrent use.
type Finder struct {
	Source                    Source
	hosts, findings, declared memory
}

// Warm reads what things are found by, so that the first search does not have to.
func (f *Finder) Warm(ctx context.Context) error {
	_, _, _, err := f.parts(ctx)
	return err
}

// parts are the three kinds as they are now.
func (f *Finder) parts(ctx context.Context) (hosts, findings, declared *part, err error) {
	stamp, err := f.Source.SearchStamp(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	declared, err = f.declared.at(strconv.Itoa(stamp.Ledger), func() (*part, error) {
		l, err := f.Source.LatestLedger(ctx)
		return declaredPart(l), err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	hosts, err = f.hosts.at(stamp.Hosts+" "+declared.stamp, func() (*part, error) {
		xs, err := f.Source.SearchHosts(ctx)
		return kept(xs, declared.ofHosts()), err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	findings, err = f.findings.at(stamp.Findings, func() (*part, error) {
		xs, err := f.Source.SearchFindings(ctx)
		return kept(xs, nil), err
	})
	return hosts, findings, declared, err
}

// kept makes a part of what the store keeps. declared is what the ledger says of hosts, by key.
func kept(xs []model.Searchable, declared map[string]string) *part {
	p := &part{entries: make([]entry, len(xs))}
	titles := map[string]string{"": ""}
	for i, x := range xs {
		if _, ok := titles[x.Rule]; !ok {
			titles[x.Rule] = title(x.Rule)
		}
		p.entries[i] = entry{id: x.ID, text: x.ID + "\n" + x.Text, more: titles[x.Rule] + declared[x.Declared]}
	}
	return p
}

// ofHosts is what the ledger says of each declared host, by its key: a machine is found by its department, too.
func (p *part) ofHosts() map[string]string {
	m := map[string]string{}
	for i, r := range p.rows {
		if r.Kind == ledger.KindHosts && r.Key != "" {
			m[r.Key] = p.entries[i].text
		}
	}
	return m
}

var holes = strings.NewReplacer("{", "\n", "}", "\n")

// title is what a rule's findings are called, in all languages, without what differs from one to the next: that is in their text.
func title(rule string) string {
	r, ok := locale.RuleOf(rule)
	if !ok {
		return ""
	}
	var lines []string
	for _, l := range locale.Langs {
		lines = append(lines, r.Title[l])
	}
	return fold(holes.Replace(strings.Join(lines, "\n")))
}

// declaredPart holds all rows of the ledger.
func declaredPart(l *model.Ledger) *part {
	p := &part{}
	for _, k := range ledger.Kinds {
		for _, r := range ledger.Rows(l, k) {
			lines := append([]string{r.Key, r.Label}, r.Values...)
			for _, x := range r.Extra {
				lines = append(lines, x.Value)
			}
			p.entries = append(p.entries, entry{id: fold(r.ID), text: declaredText(lines)})
			p.rows = append(p.rows, r)
		}
	}
	return p
}

// declaredText puts each address of a cell on its own line, in the form in which it is looked for: a cell may hold several.
func declaredText(lines []string) string {
	var out []string
	for _, line := range lines {
		if line == "" {
			continue
		}
		line = fold(line)
		out = append(out, line)
		for _, w := range strings.FieldsFunc(line, between) {
			if !strings.ContainsAny(w, "0123456789abcdef") || len(w) < 3 || w[0] >= utf8.RuneSelf {
				continue
			}
			s := spelling(w)
			if _, err := model.ParseMAC(w); err == nil {
				out = append(out, s, strings.ReplaceAll(s, ":", "-"), strings.ReplaceAll(s, ":", ""))
			} else if _, err := netip.ParseAddr(w); err == nil {
				out = append(out, s)
			}
		}
	}
	return strings.Join(out, "\n")
}

// between reports whether r stands between the things of a cell.
func between(r rune) bool {
	switch r {
	case ' ', ',', ';', '、', '\n', '\t':
		return true
	}
	return false
}
