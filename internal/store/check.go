package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mimawari/mimawari/internal/model"
)

// Problem is something wrong with the stored data. Kind selects the words ("db.problem.KIND").
type Problem struct {
	Kind  string `json:"kind"` // file, reference, document, column
	Table string `json:"table,omitempty"`
	ID    string `json:"id,omitempty"` // key of the row
	Text  string `json:"text"`         // English, for logs
}

// Report is the outcome of Check.
type Report struct {
	Problems []Problem      `json:"problems"` // at most maxProblems
	More     int            `json:"more"`     // problems beyond these
	Counts   map[string]int `json:"counts"`   // rows of each table
}

const maxProblems = 200

func (r *Report) add(p Problem) {
	if len(r.Problems) >= maxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, p)
}

// Check reads everything there is and reports what is damaged: the file itself, rows that refer to nothing, documents
// that can't be read or differ from their digest, columns that differ from their document. An error means that the
// check could not be made to its end; the report has what was found before.
func (s *Store) Check(ctx context.Context) (Report, error) {
	r := Report{Counts: map[string]int{}}
	err := s.view(ctx, "check data", func(tx *sql.Tx) error {
		if err := s.checkFile(ctx, tx, &r); err != nil {
			return err
		}
		for _, t := range tables {
			n := 0
			if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM `+t.name).Scan(&n); err != nil {
				return err
			}
			r.Counts[t.name] = n
		}
		if err := checkReferences(ctx, tx, &r); err != nil {
			return err
		}
		return checkDocuments(ctx, tx, &r)
	})
	var e *Error
	if errors.As(err, &e) && (e.Code == Corrupt || e.Code == NotData) {
		r.add(Problem{Kind: "file", Text: e.Error()})
		return r, nil
	}
	return r, err
}

func (s *Store) checkFile(ctx context.Context, tx *sql.Tx, r *Report) error {
	if s.integrity == "" {
		return nil
	}
	rows, err := tx.QueryContext(ctx, s.integrity)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if line != "ok" {
			r.add(Problem{Kind: "file", Text: line})
		}
	}
	return rows.Err()
}

// references are queries for rows that refer to nothing. The engine guards them; a damaged file may break them.
var references = []struct{ table, query string }{
	{"host_addrs", `SELECT DISTINCT a.host FROM host_addrs a LEFT JOIN hosts h ON h.id = a.host WHERE h.id IS NULL`},
	{"trails", `SELECT t.host FROM trails t LEFT JOIN hosts h ON h.id = t.host WHERE h.id IS NULL`},
	{"finding_hosts", `SELECT DISTINCT a.finding FROM finding_hosts a LEFT JOIN findings f ON f.id = a.finding WHERE f.id IS NULL`},
	{"access_keys", `SELECT DISTINCT a.account FROM access_keys a LEFT JOIN accounts p ON p.id = a.account WHERE p.id IS NULL`},
	{"finding_events", `SELECT DISTINCT a.finding FROM finding_events a LEFT JOIN findings f ON f.id = a.finding WHERE f.id IS NULL`},
}

func checkReferences(ctx context.Context, tx *sql.Tx, r *Report) error {
	for _, ref := range references {
		err := eachRow(ctx, tx, ref.query, 1, func(cells []any) error {
			id := fmt.Sprint(cells[0])
			r.add(Problem{Kind: "reference", Table: ref.table, ID: id, Text: ref.table + " refers to " + id + ", which is not there"})
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// checkDocuments reads every document and makes its row again: what differs is damaged.
func checkDocuments(ctx context.Context, tx *sql.Tx, r *Report) error {
	for _, c := range []struct {
		table table
		row   func(cells []any) ([]any, error)
	}{
		{accountsTable, func(c []any) ([]any, error) {
			return remade(c, 0, func(p model.Account, doc, sum string) []any { return []any{p.ID, p.Login, sum, doc} })
		}},
		{keysTable, func(c []any) ([]any, error) { return remade(c, 2, keyRow) }},
		{hostsTable, func(c []any) ([]any, error) {
			return remade(c, 0, func(h model.Host, doc, sum string) []any { return hostRow(h, doc, sum) })
		}},
		{bindingsTable, func(c []any) ([]any, error) {
			return remade(c, 0, func(b bindingDoc, doc, sum string) []any { return bindingRow(c[0].(int64), model.Binding(b), doc, sum) })
		}},
		{findingsTable, func(c []any) ([]any, error) {
			return remade(c, 0, func(f model.Finding, doc, sum string) []any { return findingRow(f, doc, sum, c[6].(int64)) })
		}},
		{patrolsTable, func(c []any) ([]any, error) {
			return remade(c, 1, func(p model.Patrol, doc, sum string) []any { return patrolRow(c[0].(int64), p, doc, sum) })
		}},
		{ledgersTable, func(c []any) ([]any, error) {
			return remade(c, 0, func(l model.Ledger, doc, sum string) []any { return ledgerRow(l, doc, sum) })
		}},
		{batchesTable, func(c []any) ([]any, error) {
			return remade(c, 1, func(b model.Batch, doc, sum string) []any { return batchRow(b, doc, sum) })
		}},
		{marksTable, func(c []any) ([]any, error) {
			return remade(c, 0, func(m model.Mark, doc, sum string) []any { return []any{columnText(m.Host), sum, doc} })
		}},
		{inquiryTable, func(c []any) ([]any, error) {
			return remade(c, 0, func(q model.Inquiry, doc, sum string) []any { return inquiryRow(q, doc, sum) })
		}},
		{silenceTable, func(c []any) ([]any, error) {
			return remade(c, 0, func(x model.Suppression, doc, sum string) []any { return []any{x.ID, sum, doc} })
		}},
		{uploadsTable, func(c []any) ([]any, error) { return remade(c, 0, uploadRow) }},
		{roundsTable, func(c []any) ([]any, error) { return remade(c, 0, roundRow) }},
		{watchesTable, func(c []any) ([]any, error) { return remade(c, 0, watchRow) }},
		{schedulesTable, func(c []any) ([]any, error) { return remade(c, 0, scheduleRow) }},
		{trailsTable, remadeTrail},
		{channelsTable, func(c []any) ([]any, error) {
			return remade(c, 0, func(x model.Channel, doc, sum string) []any { return []any{x.ID, sum, doc} })
		}},
		{outboxTable, func(c []any) ([]any, error) {
			return remade(c, 0, func(d model.Delivery, doc, sum string) []any { return deliveryRow(d, doc, sum) })
		}},
	} {
		if err := checkTable(ctx, tx, c.table, c.row, r); err != nil {
			return err
		}
	}
	return nil
}

// remade decodes the document in the last two cells and makes the row from it.
func remade[T any](cells []any, id int, row func(v T, doc, sum string) []any) ([]any, error) {
	sum, _ := cells[len(cells)-2].(string)
	doc, _ := cells[len(cells)-1].(string)
	var v T
	if err := decode("row", fmt.Sprint(cells[id]), doc, sum, &v); err != nil {
		return nil, err
	}
	return row(v, doc, sum), nil
}

func remadeTrail(cells []any) ([]any, error) {
	host, _ := cells[0].(string)
	sum, _ := cells[3].(string)
	doc, _ := cells[4].(string)
	t, err := decodeTrail(host, doc, sum)
	if err != nil {
		return nil, err
	}
	return trailRow(t, encodeTrail(t), sum), nil
}

func checkTable(ctx context.Context, tx *sql.Tx, t table, row func([]any) ([]any, error), r *Report) error {
	return eachRow(ctx, tx, `SELECT `+t.list()+` FROM `+t.name, len(t.cols), func(cells []any) error {
		id := fmt.Sprint(cells[0])
		for i, c := range t.cols {
			_, number := cells[i].(int64)
			if number != c.isNumber() {
				r.add(Problem{Kind: "column", Table: t.name, ID: id, Text: fmt.Sprintf("%s %s: column %s has the wrong type", t.name, id, c.name())})
				return nil
			}
		}
		want, err := row(cells)
		if err != nil {
			var e *Error
			errors.As(err, &e)
			r.add(Problem{Kind: "document", Table: t.name, ID: id, Text: fmt.Sprintf("%s %s: document: %v", t.name, id, e.Err)})
			return nil
		}
		if i := firstDifference(cells, want); i >= 0 {
			r.add(Problem{Kind: "column", Table: t.name, ID: id, Text: fmt.Sprintf("%s %s: column %s differs from the document", t.name, id, t.cols[i].name())})
		}
		return nil
	})
}

// firstDifference gives the first index at which a and b differ, -1 if there is none.
func firstDifference(a, b []any) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

// eachRow calls f with the cells of every row: int64 and string.
func eachRow(ctx context.Context, tx *sql.Tx, query string, n int, f func(cells []any) error, args ...any) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	cells, into := make([]any, n), make([]any, n)
	for i := range cells {
		into[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, c := range cells {
			if b, ok := c.([]byte); ok {
				cells[i] = string(b)
			}
		}
		if err := f(cells); err != nil {
			return err
		}
	}
	return rows.Err()
}
