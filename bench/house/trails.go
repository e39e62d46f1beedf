package house

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// service is what a system's machines ask of its servers.
type service struct {
	port uint16
	app  string
}

var services = []service{{443, "ssl"}, {445, "smb"}, {1521, "oracle"}, {104, "dicom"}, {80, "http"}, {2575, "hl7"}, {3389, "rdp"}}

// trails: every machine talks to servers of its system, to the directory servers and now and then to the outside; systems
// talk to one another.
func (m *maker) trails() []model.Trail {
	by := make([]model.Trail, len(m.hosts))
	for i := range m.hosts {
		h := &m.hosts[i]
		by[i] = model.Trail{Host: h.ID, Stays: []model.Stay{{Addr: h.IPs[0], MAC: h.MACs[0], First: h.First, Last: h.Last}}}
	}
	systems := slices.Sorted(maps.Keys(m.users))
	dns := m.servers[zones[4].systems[0]]
	for si, system := range systems {
		servers := m.servers[system]
		for _, u := range m.users[system] {
			for k := range 1 + m.rng.IntN(3) {
				m.talk(by, u, pick(m, servers), services[(si+k)%len(services)])
			}
			m.talk(by, u, pick(m, dns), service{53, "dns"})
			if m.rng.IntN(12) == 0 {
				m.outside(by, u)
			}
		}
		for _, s := range servers {
			other := systems[m.rng.IntN(len(systems))]
			m.talk(by, s, pick(m, m.servers[other]), services[m.rng.IntN(len(services))])
			m.talk(by, pick(m, m.servers["バックアップ"]), s, service{445, "smb"})
		}
	}
	for i := range by {
		by[i] = by[i].Join()
	}
	return by
}

func pick(m *maker, from []int) int {
	if len(from) == 0 {
		return m.rng.IntN(len(m.hosts))
	}
	return from[m.rng.IntN(len(from))]
}

func (m *maker) party(i int) model.Party {
	return model.Party{Host: m.hosts[i].ID, Addr: m.hosts[i].IPs[0]}
}

func (m *maker) volume(s service) model.Talk {
	last := m.Now.Add(-time.Duration(m.rng.IntN(600)) * time.Minute)
	return model.Talk{
		Proto: 6, Port: s.port, App: s.app, Flows: uint64(1 + m.rng.IntN(900)), BytesOut: uint64(1000 + m.rng.IntN(1e8)), BytesIn: uint64(1000 + m.rng.IntN(1e9)),
		First: last.Add(-time.Duration(m.rng.IntN(200)) * day), Last: last,
	}
}

func (m *maker) talk(by []model.Trail, client, server int, s service) {
	if client == server {
		return
	}
	t := m.volume(s)
	t.Client, t.Server = m.party(client), m.party(server)
	by[client].Talks = append(by[client].Talks, t)
	by[server].Talks = append(by[server].Talks, t)
}

func (m *maker) outside(by []model.Trail, client int) {
	t := m.volume(service{443, "ssl"})
	t.Client, t.Server = m.party(client), model.Party{Addr: netip.AddrFrom4([4]byte{198, 51, 100, byte(m.rng.IntN(250))})}
	by[client].Talks = append(by[client].Talks, t)
}
