package report

import (
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/diagram"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// TalkRow is one line of "who it talks to".
type TalkRow struct {
	Peer     string    `json:"peer"` // as a person would say it
	PeerHost string    `json:"peer_host"`
	PeerIP   string    `json:"peer_ip"`
	Client   bool      `json:"client"` // the host began it
	App      string    `json:"app"`
	Port     uint16    `json:"port"`
	Flows    uint64    `json:"flows"`
	Sent     uint64    `json:"sent"` // by the host
	Received uint64    `json:"received"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
	New      bool      `json:"new"` // began less than a week before the host's newest talk
}

// Talks are the talks of a trail, those with the most data first. names are the hosts that it names, by id.
func Talks(t model.Trail, names map[string]model.Host) []TalkRow {
	latest := time.Time{}
	for i := range t.Talks {
		if t.Talks[i].Last.After(latest) {
			latest = t.Talks[i].Last
		}
	}
	rows := make([]TalkRow, len(t.Talks))
	for i := range t.Talks {
		k := &t.Talks[i]
		p, client := k.Peer(t.Host)
		r := TalkRow{
			PeerHost: p.Host, Client: client, App: diagram.AppName(k.App, k.Proto, k.Port), Port: k.Port, Flows: k.Flows,
			Sent: k.BytesOut, Received: k.BytesIn, First: k.First, Last: k.Last, New: diagram.IsNew(k.First, latest),
		}
		if p.Addr.IsValid() {
			r.PeerIP = p.Addr.String()
		}
		if !client {
			r.Sent, r.Received = r.Received, r.Sent
		}
		r.Peer = r.PeerIP
		if h, ok := names[p.Host]; ok {
			r.Peer = HostName(&h)
			if h.Ledger != nil && h.Ledger.Name != "" {
				r.Peer = h.Ledger.Name
			}
		}
		rows[i] = r
	}
	slices.SortStableFunc(rows, func(a, b TalkRow) int {
		x, y := a.Sent+a.Received, b.Sent+b.Received
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return b.Last.Compare(a.Last)
	})
	return rows
}

// TalkColumns are the headings of TalkCells.
func TalkColumns(l locale.Lang) []string {
	keys := []string{"talk.peer", "talk.ip", "talk.role", "talk.app", "talk.port", "talk.flows", "talk.sent", "talk.received", "talk.first", "talk.last", "talk.new"}
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = locale.T(l, k)
	}
	return out
}

// TalkCells is r as cells of a table.
func TalkCells(l locale.Lang, z *time.Location, r TalkRow) []any {
	role, fresh := "talk.server", ""
	if r.Client {
		role = "talk.client"
	}
	if r.New {
		fresh = locale.T(l, "talk.is_new")
	}
	return []any{r.Peer, r.PeerIP, locale.T(l, role), r.App, int(r.Port), r.Flows, r.Sent, r.Received, Time(r.First, z), Time(r.Last, z), fresh}
}
