package store

import (
	"context"
	"database/sql"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// saveHosts writes the hosts that differ from what is stored and forgets those that are not in hs.
func saveHosts(ctx context.Context, tx *sql.Tx, hs []model.Host) error {
	old, err := digests(ctx, tx, hostsTable)
	if err != nil {
		return err
	}
	var rows, addrs [][]any
	var changed []string
	twice := distinct{}
	for _, h := range hs {
		if err := twice.check("host", h.ID); err != nil {
			return err
		}
		doc, sum, err := encode("host", h.ID, h)
		if err != nil {
			return err
		}
		was, known := old[h.ID]
		delete(old, h.ID)
		if known && was == sum {
			continue
		}
		rows = append(rows, hostRow(h, doc, sum))
		addrs = append(addrs, addrRows(h)...)
		if known {
			changed = append(changed, h.ID)
		}
	}
	gone := make([]string, 0, len(old))
	for id := range old {
		gone = append(gone, id)
	}
	if err := hostsTable.deleteBy(ctx, tx, "id", gone); err != nil {
		return err
	}
	if err := addrsTable.deleteBy(ctx, tx, "host", changed); err != nil {
		return err
	}
	byKey(rows)
	byKey(addrs)
	if err := hostsTable.upsert(ctx, tx, rows); err != nil {
		return err
	}
	return addrsTable.upsert(ctx, tx, addrs)
}

func hostRow(h model.Host, doc, sum string) []any {
	declared := ""
	parts := append([]string{string(h.Class), h.Maker, h.Model, h.OS}, h.Names...)
	if h.Ledger != nil {
		declared = columnText(h.Ledger.Key)
		parts = append(parts, h.Ledger.Name, h.Ledger.Key)
	}
	for _, a := range h.IPs {
		parts = append(parts, a.String())
	}
	for _, m := range h.MACs {
		parts = append(parts, macForms(m)...)
	}
	return []any{h.ID, ipKey(h.IPs), string(h.Class), declared, searchText(parts...), micros(h.Last), sum, doc}
}

func addrRows(h model.Host) (rows [][]any) {
	seen := map[string]bool{}
	add := func(v string) {
		if v != "" && !seen[v] {
			seen[v] = true
			rows = append(rows, []any{v, h.ID})
		}
	}
	for _, a := range h.IPs {
		if a.IsValid() {
			add(a.String())
		}
	}
	for _, m := range h.MACs {
		add(m.String())
	}
	return rows
}

// HostQuery is the model's, under the name that the callers of this package know.
type HostQuery = model.HostQuery

// HostPage is the model's, under the name that the callers of this package know.
type HostPage = model.HostPage

// Hosts gives hosts sorted by their first address. A page goes on where the last one ended even if hosts came or went
// in between.
func (s *Store) Hosts(ctx context.Context, q HostQuery) (p HostPage, err error) {
	err = s.view(ctx, "read hosts", func(tx *sql.Tx) error {
		w := hostConditions(q)
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM hosts`+w.String(), w.args...).Scan(&p.Total); err != nil {
			return err
		}
		if q.After != "" {
			key, id, _ := strings.Cut(columnText(q.After), "~")
			w.add("(ip_key > ? OR ip_key = ? AND id > ?)", key, key, id)
		}
		limit := pageSize(q.Limit)
		query := w.number(`SELECT id, doc, sum FROM hosts`+w.String()+` ORDER BY ip_key, id LIMIT ?`, limit+1)
		p.Hosts, err = documents[model.Host](ctx, tx, "host", query, w.args...)
		if int64(len(p.Hosts)) > limit {
			p.Hosts = p.Hosts[:limit]
			last := p.Hosts[limit-1]
			p.Next = ipKey(last.IPs) + "~" + last.ID
		}
		return err
	})
	return p, err
}

func hostConditions(q HostQuery) *where {
	w := &where{}
	w.words("search", q.Text)
	switch q.Class {
	case "":
	case "-":
		w.add("class = ''")
	default:
		w.add("class = ?", columnText(q.Class))
	}
	switch q.Declared {
	case "yes":
		w.add("declared <> ''")
	case "no":
		w.add("declared = ''")
	}
	const byAddr = "id IN (SELECT host FROM host_addrs WHERE value = ?)"
	if q.IP.IsValid() {
		w.add(byAddr, model.Normal(q.IP).String())
	}
	if !q.MAC.IsZero() {
		w.add(byAddr, q.MAC.String())
	}
	return w
}

// Host gives one host by id.
func (s *Store) Host(ctx context.Context, id string) (h model.Host, err error) {
	err = s.view(ctx, "read host "+id, func(tx *sql.Tx) error {
		h, err = one[model.Host](ctx, tx, "host", `SELECT id, doc, sum FROM hosts WHERE id = $1`, columnText(id))
		return err
	})
	return h, err
}
