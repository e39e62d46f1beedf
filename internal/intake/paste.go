package intake

import (
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/collect"
	"github.com/mimawari/mimawari/internal/model"
)

// MaxPaste bounds what may be pasted: 1 MiB is a table of some 10,000 machines.
const MaxPaste = 1 << 20

// shownRows is how many rows of a pasted table are shown back.
const shownRows = 10

// Row is one machine of a pasted table.
type Row struct{ IP, MAC, Name string }

// Understood is what was read from a pasted table, for whoever pasted it.
type Understood struct {
	Kind     string // arp, dhcp...
	Rows     uint64 // entries that say something
	Machines int    // different addresses
	First    []Row
	Troubles []model.Trouble // per line
}

// Paste reads a pasted table. What is none of the formats known is refused.
func Paste(text string, at time.Time) (Understood, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return Understood{}, refuse("paste_empty")
	case len(text) > MaxPaste:
		return Understood{}, refuse("paste_long", "max", Bytes(MaxPaste))
	}
	// The name is what troubles name the line by.
	r, err := collect.Read("-", strings.NewReader(text), at)
	if err != nil {
		return Understood{}, refuse("paste_kind")
	}
	u := Understood{Kind: r.Source.Kind, Rows: r.Source.Packets, Troubles: r.Source.Errors}
	for i := range u.Troubles {
		u.Troubles[i].Where = strings.TrimPrefix(u.Troubles[i].Where, "-:")
	}
	u.First, u.Machines = machines(r)
	return u, nil
}

func machines(r collect.Result) (first []Row, n int) {
	names := map[string]string{}
	for _, o := range r.Observations {
		if k := o.Subject.String(); o.Subject.IsValid() && names[k] == "" && strings.Contains(string(o.Kind), "name") {
			names[k] = o.Value
		}
	}
	seen := map[string]bool{}
	add := func(x Row) {
		if seen[x.IP] {
			return
		}
		seen[x.IP] = true
		if n++; n <= shownRows {
			first = append(first, x)
		}
	}
	for _, b := range r.Bindings {
		ip := b.Addr.String()
		add(Row{IP: ip, MAC: b.MAC.String(), Name: names[ip]})
	}
	for _, o := range r.Observations {
		if o.Subject.IsValid() {
			ip := o.Subject.String()
			add(Row{IP: ip, Name: names[ip]})
		}
	}
	return first, n
}
