package maps

import (
	"cmp"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/diagram"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/web/page"
)

// maxOpen bounds the hosts that an address of the exploration may open.
const maxOpen = 40

type exploreView struct {
	page.Frame
	Start   string // id, "" if none is chosen
	Query   string
	Matches []model.Host
	X       diagram.Exploration
	Picture *diagram.Picture
	Ties    []tieRow
	open    []string
	Full    bool
}

// tieRow is a line of the table beside the picture.
type tieRow struct {
	From, To         diagram.Explored
	FromOpen, ToOpen string // address that opens it, "" if it is open or no host
	Apps             string
	Flows            uint64
	Bytes            uint64
	First, Last      time.Time
	New              bool
}

func (s Site) explore(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	v := exploreView{Frame: s.Kit.Frame(r, "map.explore", "map"), Query: strings.TrimSpace(q.Get("q"))}
	open := opened(q)
	if len(open) == 0 {
		if v.Query != "" {
			p, err := s.Desk.Find(r.Context(), hostQuery(v.Query))
			if err != nil {
				return err
			}
			v.Matches = p.Hosts
		}
		return s.Kit.Render(w, r, http.StatusOK, explorePage, v)
	}
	x, ledger, at, err := s.exploration(r, open)
	if err != nil {
		return err
	}
	v.Start, v.X, v.Full = open[0], x, len(open) >= maxOpen || len(x.Nodes) >= diagram.MaxExplored
	v.open = open
	v.Picture = diagram.ExplorePicture(v.Lang, x, ledger, s.stamp(v.Lang, at), func(n *diagram.Explored) string { return openURL(open, n) })
	v.Ties = tieRows(x, open)
	return s.Kit.Render(w, r, http.StatusOK, explorePage, v)
}

// File is the address of the picture as a file of that kind.
func (v exploreView) File(kind string) string {
	q := exploreQuery(v.open, "")
	q.Set("lang", string(v.Lang))
	return "/map/explore." + kind + "?" + q.Encode()
}

func hostQuery(text string) model.HostQuery {
	q := model.HostQuery{Limit: 20, Text: text}
	if ip, err := netip.ParseAddr(text); err == nil {
		q.IP, q.Text = model.Normal(ip), ""
	}
	return q
}

// opened are the hosts that the address opens, the start first, each once.
func opened(q url.Values) (out []string) {
	for _, id := range append([]string{q.Get("host")}, q["open"]...) {
		if id != "" && len(id) <= 64 && !slices.Contains(out, id) && len(out) < maxOpen {
			out = append(out, id)
		}
	}
	return out
}

func exploreQuery(open []string, more string) url.Values {
	q := url.Values{"host": {open[0]}}
	for _, id := range open[1:] {
		q.Add("open", id)
	}
	if more != "" {
		q.Add("open", more)
	}
	return q
}

// openURL is where a click on a node leads: it opens it, or shows a host that is open.
func openURL(open []string, n *diagram.Explored) string {
	switch {
	case n.ID == "":
		return ""
	case n.Opened:
		return hostURL(n.ID)
	}
	return "/map/explore?" + exploreQuery(open, n.ID).Encode()
}

func (s Site) exploration(r *http.Request, open []string) (x diagram.Exploration, ledger bool, at time.Time, err error) {
	ctx := r.Context()
	house, at, err := s.Desk.House(ctx)
	if err != nil {
		return x, false, at, err
	}
	trails, err := s.Desk.Trails(ctx, open)
	if err != nil {
		return x, false, at, err
	}
	ids := slices.Clone(open)
	for _, t := range trails {
		for i := range t.Talks {
			if p, _ := t.Talks[i].Peer(t.Host); p.Host != "" {
				ids = append(ids, p.Host)
			}
		}
	}
	slices.Sort(ids)
	hosts, err := s.Desk.Hosts(ctx, slices.Compact(ids))
	if err != nil {
		return x, false, at, err
	}
	if _, ok := hosts[open[0]]; !ok {
		return x, false, at, model.ErrNotFound
	}
	open = slices.DeleteFunc(slices.Clone(open), func(id string) bool { _, ok := hosts[id]; return !ok })
	x = diagram.Explore(diagram.ExploreInput{Opened: open, Trails: trails, Hosts: hosts, Findings: house.Findings, Newest: newest(at, trails), Ledger: house.Ledger != nil})
	return x, house.Ledger != nil, at, nil
}

// newest is the time that "new this week" is counted from: of the traffic, not of the clock.
func newest(at time.Time, trails map[string]model.Trail) time.Time {
	last := time.Time{}
	for _, t := range trails {
		for i := range t.Talks {
			if t.Talks[i].Last.After(last) {
				last = t.Talks[i].Last
			}
		}
	}
	if last.IsZero() {
		return at
	}
	return last
}

func tieRows(x diagram.Exploration, open []string) []tieRow {
	rows := make([]tieRow, len(x.Ties))
	for i, t := range x.Ties {
		a, b := x.Nodes[t.From], x.Nodes[t.To]
		rows[i] = tieRow{From: a, To: b, Apps: strings.Join(t.Apps, ", "), Flows: t.Flows, Bytes: t.Bytes, First: t.First, Last: t.Last, New: t.New}
		for _, side := range []struct {
			n    diagram.Explored
			open *string
		}{{a, &rows[i].FromOpen}, {b, &rows[i].ToOpen}} {
			if !side.n.Opened {
				*side.open = openURL(open, &side.n)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b tieRow) int {
		if a.New != b.New {
			if a.New {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Bytes, a.Bytes)
	})
	return rows
}

func (s Site) exploreFile(w http.ResponseWriter, r *http.Request) error {
	open := opened(r.URL.Query())
	if len(open) == 0 {
		return model.ErrNotFound
	}
	x, ledger, at, err := s.exploration(r, open)
	if err != nil {
		return err
	}
	l := api.Lang(r)
	nowhere := func(*diagram.Explored) string { return "" }
	return s.picture(w, r, "talks", diagram.ExplorePicture(l, x, ledger, s.stamp(l, at), nowhere), at)
}

func (s Site) exploreCSV(w http.ResponseWriter, r *http.Request) error {
	open := opened(r.URL.Query())
	if len(open) == 0 {
		return model.ErrNotFound
	}
	x, _, _, err := s.exploration(r, open)
	if err != nil {
		return err
	}
	l, z := api.Lang(r), s.Kit.Place()
	var head []string
	for _, k := range []string{"map.from", "map.from_ip", "map.to", "map.to_ip", "talk.app", "talk.flows", "map.bytes", "talk.first", "talk.last", "talk.new"} {
		head = append(head, locale.T(l, k))
	}
	var rows [][]any
	for _, t := range tieRows(x, open) {
		fresh := ""
		if t.New {
			fresh = locale.T(l, "talk.is_new")
		}
		rows = append(rows, []any{t.From.Name, t.From.IP, t.To.Name, t.To.IP, t.Apps, t.Flows, t.Bytes, report.Time(t.First, z), report.Time(t.Last, z), fresh})
	}
	page.Note(r, "map.export", "talks.csv")
	page.Download(w, "text/csv; charset=utf-8", "talks.csv")
	return report.Table(w, head, rows)
}
