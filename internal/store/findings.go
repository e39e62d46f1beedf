package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Event is the model's, under the name that the callers of this package know.
type Event = model.Event

// storedFinding is what saveFindings needs to know of a row.
type storedFinding struct {
	state   model.State
	sum     string
	touched int64
	events  int64
}

// saveFindings writes the findings that differ from what is stored and notes each change of state.
func saveFindings(ctx context.Context, tx *sql.Tx, fs []model.Finding, known int64, at time.Time) error {
	old, err := storedFindings(ctx, tx)
	if err != nil {
		return err
	}
	fs = slices.Clone(fs) // the caller's are not changed
	if err := keepPeoplesWord(ctx, tx, fs, old, known); err != nil {
		return err
	}
	var b findingBatch
	twice := distinct{}
	for _, f := range fs {
		if err := twice.check("finding", f.ID); err != nil {
			return err
		}
		if f.State == "" {
			f.State = model.Open
		}
		doc, sum, err := encode("finding", f.ID, f)
		if err != nil {
			return err
		}
		was, stored := old[f.ID]
		if stored && was.sum == sum || !stored && byPeople(f) {
			continue
		}
		b.add(f, doc, sum, was, at)
		if stored {
			b.changed = append(b.changed, f.ID)
		}
	}
	return b.write(ctx, tx)
}

// byPeople reports findings that only people make. One that is not there was taken back while the patrol went on.
func byPeople(f model.Finding) bool { return strings.HasPrefix(f.Rule, "decision.") }

// findingBatch collects the rows of the findings to be written.
type findingBatch struct {
	rows, concerns, events [][]any
	changed                []string
}

func (b *findingBatch) add(f model.Finding, doc, sum string, was storedFinding, at time.Time) {
	b.rows = append(b.rows, findingRow(f, doc, sum, was.touched))
	b.concerns = append(b.concerns, concernRows(f)...)
	if f.State != was.state {
		b.events = append(b.events, []any{f.ID, was.events + 1, micros(at), string(was.state), string(f.State), "", ""})
	}
}

func (b *findingBatch) write(ctx context.Context, tx *sql.Tx) error {
	if err := concernsTable.deleteBy(ctx, tx, "finding", b.changed); err != nil {
		return err
	}
	if err := findingsTable.upsert(ctx, tx, b.rows); err != nil {
		return err
	}
	if err := concernsTable.upsert(ctx, tx, b.concerns); err != nil {
		return err
	}
	return eventsTable.upsert(ctx, tx, b.events)
}

func storedFindings(ctx context.Context, tx *sql.Tx) (map[string]storedFinding, error) {
	rows, err := tx.QueryContext(ctx, `SELECT f.id, f.state, f.sum, f.touched,
		(SELECT coalesce(max(e.n), 0) FROM finding_events e WHERE e.finding = f.id) FROM findings f`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	m := map[string]storedFinding{}
	for rows.Next() {
		var id string
		var x storedFinding
		if err := rows.Scan(&id, &x.state, &x.sum, &x.touched, &x.events); err != nil {
			return nil, err
		}
		m[id] = x
	}
	return m, rows.Err()
}

// keepPeoplesWord puts what people said since LoadKnown into the findings: a patrol can take hours, and
// nobody's word may be lost to one that started before it. A counter tells, not the clock, which may jump.
func keepPeoplesWord(ctx context.Context, tx *sql.Tx, fs []model.Finding, old map[string]storedFinding, known int64) error {
	for i, f := range fs {
		if old[f.ID].touched <= known {
			continue
		}
		now, err := one[model.Finding](ctx, tx, "finding", findingByID, f.ID)
		if err != nil {
			return err
		}
		fs[i].State, fs[i].Owner, fs[i].Reason, fs[i].Until = now.State, now.Owner, now.Reason, now.Until
	}
	return nil
}

const findingByID = `SELECT id, doc, sum FROM findings WHERE id = $1`

func findingRow(f model.Finding, doc, sum string, touched int64) []any {
	parts := []string{f.Rule, f.Owner, f.Reason}
	for _, a := range f.Assets {
		parts = append(parts, a.Label, a.IP, a.MAC)
		if m, err := model.ParseMAC(a.MAC); err == nil {
			parts = append(parts, macForms(m)...)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(f.Params)) { // in order: the check compares the column with the document
		if !strings.HasSuffix(k, "_key") {
			parts = append(parts, f.Params[k])
		}
	}
	return []any{f.ID, columnText(f.Rule), int64(f.Severity), string(f.State), searchText(parts...), micros(f.Last), touched, sum, doc}
}

func concernRows(f model.Finding) (rows [][]any) {
	seen := map[string]bool{"": true}
	for _, a := range f.Assets {
		if !seen[a.Host] {
			seen[a.Host] = true
			rows = append(rows, []any{f.ID, columnText(a.Host)})
		}
	}
	return rows
}

// FindingQuery is the model's, under the name that the callers of this package know.
type FindingQuery = model.FindingQuery

// FindingPage is the model's, under the name that the callers of this package know.
type FindingPage = model.FindingPage

// Findings gives findings, the most severe first, of these the latest. A page goes on where the last one ended even if
// findings came or went in between.
func (s *Store) Findings(ctx context.Context, q FindingQuery) (p FindingPage, err error) {
	err = s.view(ctx, "read findings", func(tx *sql.Tx) error {
		w := findingConditions(q)
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM findings`+w.String(), w.args...).Scan(&p.Total); err != nil {
			return err
		}
		if err := w.after(q.After); err != nil {
			return err
		}
		limit := pageSize(q.Limit)
		query := w.number(`SELECT id, doc, sum FROM findings`+w.String()+` ORDER BY severity DESC, last_us DESC, id LIMIT ?`, limit+1)
		p.Findings, err = documents[model.Finding](ctx, tx, "finding", query, w.args...)
		if int64(len(p.Findings)) > limit {
			p.Findings = p.Findings[:limit]
			f := p.Findings[limit-1]
			p.Next = fmt.Sprintf("%d.%d.%s", f.Severity, micros(f.Last), f.ID)
		}
		return err
	})
	return p, err
}

func findingConditions(q FindingQuery) *where {
	w := &where{}
	states := make([]string, len(q.States))
	for i, st := range q.States {
		states[i] = columnText(string(st))
	}
	rules := make([]string, len(q.Rules))
	for i, r := range q.Rules {
		rules[i] = columnText(r)
	}
	w.anyOf("state", states)
	w.anyOf("rule", rules)
	if q.MinSeverity > model.Info {
		w.add("severity >= ?", int64(q.MinSeverity))
	}
	if q.Host != "" {
		w.add("id IN (SELECT finding FROM finding_hosts WHERE host = ?)", columnText(q.Host))
	}
	w.words("search", q.Text)
	return w
}

// ErrCursor is returned for an After that no page gave.
var ErrCursor = model.ErrCursor

// after adds the condition that a finding comes after the place that a page ended at.
func (w *where) after(cursor string) error {
	if cursor == "" {
		return nil
	}
	p := strings.SplitN(columnText(cursor), ".", 3)
	if len(p) != 3 {
		return ErrCursor
	}
	sev, err1 := strconv.ParseInt(p[0], 10, 64)
	last, err2 := strconv.ParseInt(p[1], 10, 64)
	if err1 != nil || err2 != nil {
		return ErrCursor
	}
	w.add("(severity < ? OR severity = ? AND (last_us < ? OR last_us = ? AND id > ?))", sev, sev, last, last, p[2])
	return nil
}

// FindingCount is the model's, under the name that the callers of this package know.
type FindingCount = model.FindingCount

// FindingCounts counts all findings by state and severity.
func (s *Store) FindingCounts(ctx context.Context) (cs []FindingCount, err error) {
	err = s.view(ctx, "count findings", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT state, severity, count(*) FROM findings GROUP BY state, severity ORDER BY severity DESC, state`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var c FindingCount
			if err := rows.Scan(&c.State, &c.Severity, &c.Count); err != nil {
				return err
			}
			cs = append(cs, c)
		}
		return rows.Err()
	})
	return cs, err
}

// Finding gives one finding by id with its history, oldest first.
func (s *Store) Finding(ctx context.Context, id string) (f model.Finding, es []Event, err error) {
	err = s.view(ctx, "read finding "+id, func(tx *sql.Tx) error {
		if f, err = one[model.Finding](ctx, tx, "finding", findingByID, columnText(id)); err != nil {
			return err
		}
		es, err = findingEvents(ctx, tx, f.ID)
		return err
	})
	return f, es, err
}

func findingEvents(ctx context.Context, tx *sql.Tx, id string) (es []Event, err error) {
	rows, err := tx.QueryContext(ctx, `SELECT at_us, from_state, to_state, who, reason FROM finding_events WHERE finding = $1 ORDER BY n`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e Event
		var at int64
		if err := rows.Scan(&at, &e.From, &e.To, &e.Who, &e.Reason); err != nil {
			return nil, err
		}
		e.At = time.UnixMicro(at).UTC()
		es = append(es, e)
	}
	return es, rows.Err()
}

// SetFindingState stores what a person decided on a finding and notes it in its history. Whether the step makes sense
// is for triage to say before.
func (s *Store) SetFindingState(ctx context.Context, id string, to model.State, who, reason, owner string, until time.Time) error {
	return s.SetFindingStateSeen(ctx, id, 0, to, who, reason, owner, until)
}

// SetFindingStateSeen is SetFindingState by somebody who saw a history of so many events; 0 does not say. If the history is
// another by now nothing is stored and the error is model.ErrChanged.
func (s *Store) SetFindingStateSeen(ctx context.Context, id string, seen int, to model.State, who, reason, owner string, until time.Time) error {
	return s.update(ctx, "change finding "+id, func(tx *sql.Tx) error {
		f, err := one[model.Finding](ctx, tx, "finding", findingByID, columnText(id))
		if err != nil {
			return err
		}
		if seen > 0 {
			n, err := steps(ctx, tx, f.ID)
			if err == nil && n != int64(seen) {
				err = model.ErrChanged
			}
			if err != nil {
				return err
			}
		}
		touched, err := nextChange(ctx, tx)
		if err != nil {
			return err
		}
		return setStanding(ctx, tx, f, model.Standing{State: to, Owner: owner, Reason: reason, Until: until.UTC()}, touched, event{s.now(), who, reason})
	})
}

// event is who made a step in the life of a finding, when and why.
type event struct {
	at          time.Time
	who, reason string
}

// nextChange counts what people change on findings; a patrol keeps what has a higher number than it started with.
func nextChange(ctx context.Context, tx *sql.Tx) (n int64, err error) {
	err = tx.QueryRowContext(ctx, `UPDATE meta SET value = value + 1 WHERE name = 'changes' RETURNING value`).Scan(&n)
	return n, err
}

// steps is how many events the history of a finding has.
func steps(ctx context.Context, tx *sql.Tx, id string) (n int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT coalesce(max(n), 0) FROM finding_events WHERE finding = $1`, id).Scan(&n)
	return n, err
}

// setStanding writes f with what a person says of it now, and notes the step.
func setStanding(ctx context.Context, tx *sql.Tx, f model.Finding, to model.Standing, touched int64, e event) error {
	was := f.State
	events, err := steps(ctx, tx, f.ID)
	if err != nil {
		return err
	}
	f.State, f.Owner, f.Reason, f.Until = to.State, to.Owner, to.Reason, to.Until
	doc, sum, err := encode("finding", f.ID, f)
	if err != nil {
		return err
	}
	if err := findingsTable.upsert(ctx, tx, [][]any{findingRow(f, doc, sum, touched)}); err != nil {
		return err
	}
	return eventsTable.upsert(ctx, tx, [][]any{{f.ID, events + 1, micros(e.at), string(was), string(to.State), columnText(e.who), columnText(e.reason)}})
}
