package inventory

import (
	"net/netip"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
)

var noon = time.Date(2026, 5, 11, 12, 0, 0, 0, time.UTC)

// world builds a Seen by hand.
type world struct {
	seen   model.Seen
	ledger model.Ledger
	known  model.Known
}

func newWorld() *world {
	return &world{seen: model.Seen{First: noon, Last: noon.Add(time.Hour)}}
}

func mac(s string) model.MAC {
	m, err := model.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

func ip(s string) netip.Addr {
	if s == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(s)
}

func (w *world) bind(kind model.BindingKind, m, a string) *model.Binding {
	return w.bindAt(kind, m, a, 0, time.Hour)
}

func (w *world) bindAt(kind model.BindingKind, m, a string, from, to time.Duration) *model.Binding {
	w.seen.Bindings = append(w.seen.Bindings, model.Binding{MAC: mac(m), Addr: ip(a), Kind: kind, First: noon.Add(from), Last: noon.Add(to), Count: 3})
	return &w.seen.Bindings[len(w.seen.Bindings)-1]
}

func (w *world) says(m, a string, kind model.Kind, value string) {
	o := model.Observation{Subject: ip(a), Kind: kind, Value: value, First: noon, Last: noon.Add(time.Hour), Count: 1}
	if m != "" {
		o.MAC = mac(m)
	}
	w.seen.Observations = append(w.seen.Observations, o)
}

func (w *world) talks(client, server string, port uint16, app string) *model.Conversation {
	w.seen.Conversations = append(w.seen.Conversations, model.Conversation{
		Client: ip(client), Server: ip(server), Proto: 6, Port: port, App: app,
		Flows: 1, Answered: 1, PacketsOut: 5, PacketsIn: 5, First: noon, Last: noon.Add(time.Hour),
	})
	return &w.seen.Conversations[len(w.seen.Conversations)-1]
}

func (w *world) host(key string, addr string, m ...string) *model.LedgerHost {
	h := model.LedgerHost{Key: key, Name: key, Place: model.Place{File: "ledger.xlsx", Sheet: "機器", Row: len(w.ledger.Hosts) + 2}}
	if addr != "" {
		h.Addrs = []model.AddrRange{{From: ip(addr), To: ip(addr)}}
	}
	for _, x := range m {
		h.MACs = append(h.MACs, mac(x))
	}
	w.ledger.Hosts = append(w.ledger.Hosts, h)
	return &w.ledger.Hosts[len(w.ledger.Hosts)-1]
}

func (w *world) network(name, prefix string) *model.Network {
	w.ledger.Networks = append(w.ledger.Networks, model.Network{Name: name, Prefix: netip.MustParsePrefix(prefix)})
	return &w.ledger.Networks[len(w.ledger.Networks)-1]
}

func (w *world) hosts() []model.Host {
	return Build(Input{Seen: &w.seen, Known: w.known.Hosts, Ledger: ledger.NewIndex(&w.ledger)})
}

func (w *world) drift() []model.Finding {
	return Drift(DriftInput{Seen: &w.seen, Hosts: w.hosts(), Known: w.known, Ledger: ledger.NewIndex(&w.ledger)})
}

// tomorrow makes what was seen the memory and begins a new patrol later.
func (w *world) tomorrow(later time.Duration) *world {
	n := &world{seen: model.Seen{First: noon.Add(later), Last: noon.Add(later + time.Hour)}, ledger: w.ledger}
	n.known.Hosts = w.hosts()
	n.known.Bindings = Remember(w.known.Bindings, w.seen.Bindings)
	return n
}

func at(t *testing.T, hosts []model.Host, a string) *model.Host {
	t.Helper()
	var found *model.Host
	for i := range hosts {
		for _, x := range hosts[i].IPs {
			if x == ip(a) {
				if found != nil {
					t.Fatalf("%s belongs to two hosts: %+v and %+v", a, *found, hosts[i])
				}
				found = &hosts[i]
			}
		}
	}
	if found == nil {
		t.Fatalf("no host has %s: %+v", a, hosts)
	}
	return found
}

func of(fs []model.Finding, rule string) (out []model.Finding) {
	for _, f := range fs {
		if f.Rule == rule {
			out = append(out, f)
		}
	}
	return out
}
