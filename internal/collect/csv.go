package collect

import (
	"encoding/csv"
	"net/netip"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// columns finds cells by the names in a header row.
type columns struct {
	at    map[string]int
	cells []string
}

func newColumns(header []string) *columns {
	c := &columns{at: make(map[string]int, len(header))}
	for i, h := range header {
		c.at[strings.TrimSpace(h)] = i
	}
	return c
}

func (c *columns) get(name string) string {
	if i, ok := c.at[name]; ok && i < len(c.cells) {
		return strings.TrimSpace(c.cells[i])
	}
	return ""
}

// windowsCSV reads Get-DhcpServerv4Lease | Export-Csv.
type windowsCSV struct {
	*sink
	cols *columns
}

func (p *windowsCSV) row(l string) {
	if strings.TrimSpace(l) == "" || strings.HasPrefix(l, "#TYPE") {
		return
	}
	r := csv.NewReader(strings.NewReader(l))
	r.LazyQuotes = true
	cells, err := r.Read()
	if err != nil {
		p.trouble("collect_line")
		return
	}
	if p.cols == nil {
		p.cols = newColumns(cells)
		return
	}
	p.cols.cells = cells
	p.lease(p.cols)
}

func (p *windowsCSV) lease(c *columns) {
	a, ok := address(c.get("IPAddress"))
	if !ok {
		p.trouble("collect_no_address")
		return
	}
	switch state := c.get("AddressState"); {
	case strings.HasPrefix(state, "Inactive"), strings.HasPrefix(state, "Declined"), strings.HasPrefix(state, "Expired"):
		return
	}
	m, err := model.ParseMAC(c.get("ClientId"))
	if err != nil {
		p.trouble("collect_no_mac")
		return
	}
	p.entry(p.at, a, m, strings.TrimRight(c.get("HostName"), "."))
}

func (*windowsCSV) end() {}

// kea reads the lease files of Kea (kea-leases4.csv, kea-leases6.csv). Fields are never quoted; commas are escaped.
type kea struct {
	*sink
	latest
	cols *columns
}

func newKea(s *sink) *kea { return &kea{sink: s, latest: latest{at: map[netip.Addr]int{}}} }

func (p *kea) row(l string) {
	if l == "" {
		return
	}
	cells := strings.Split(l, ",")
	if cells[0] == "address" {
		p.cols = newColumns(cells)
		return
	}
	if p.cols == nil {
		p.trouble("collect_line")
		return
	}
	p.cols.cells = cells
	c := p.cols
	a, ok := address(c.get("address"))
	if !ok {
		p.trouble("collect_no_address")
		return
	}
	if c.get("lease_type") == "2" || c.get("lease_type") == "IA_PD" {
		return // a prefix given to a router
	}
	p.put(p.sink, lease{
		addr: a, mac: keaMAC(c), name: strings.TrimRight(c.get("hostname"), "."), start: keaStart(c),
		over: c.get("state") != "0" && c.get("state") != "" || c.get("valid_lifetime") == "0",
	})
}

func keaMAC(c *columns) model.MAC {
	if m, err := model.ParseMAC(c.get("hwaddr")); err == nil {
		return m
	}
	return duidMAC(c.get("duid"))
}

// keaStart is when the lease was given or renewed: its end less its length.
func keaStart(c *columns) time.Time {
	end, ok := unix(c.get("expire"))
	life, err := time.ParseDuration(c.get("valid_lifetime") + "s")
	if !ok || err != nil || life > 100*365*24*time.Hour {
		return time.Time{}
	}
	start, _ := believed(end.Add(-life))
	return start
}

func (p *kea) end() { p.flush(p.sink) }
