package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// table describes one table for the statements that are the same for all: writing many rows, copying, comparing.
type table struct {
	name string
	keys int      // the first columns are the primary key
	cols []column // in the order of the rows given to upsert
}

// column is a column; the ones of numbers start with "#".
type column string

func (c column) name() string   { return strings.TrimPrefix(string(c), "#") }
func (c column) isNumber() bool { return c[0] == '#' }

var (
	hostsTable    = table{"hosts", 1, []column{"id", "ip_key", "class", "declared", "search", "#last_us", "sum", "doc"}}
	addrsTable    = table{"host_addrs", 2, []column{"value", "host"}}
	bindingsTable = table{"bindings", 1, []column{"#n", "addr", "mac", "#last_us", "sum", "doc"}}
	findingsTable = table{"findings", 1, []column{"id", "rule", "#severity", "state", "search", "#last_us", "#touched", "sum", "doc"}}
	concernsTable = table{"finding_hosts", 2, []column{"finding", "host"}}
	eventsTable   = table{"finding_events", 2, []column{"finding", "#n", "#at_us", "from_state", "to_state", "who", "reason"}}
	patrolsTable  = table{"patrols", 1, []column{"#n", "id", "#started_us", "sum", "doc"}}
	ledgersTable  = table{"ledgers", 1, []column{"#version", "#imported_us", "made_by", "file", "#hosts", "why", "sum", "doc"}}
	silenceTable  = table{"suppressions", 1, []column{"id", "sum", "doc"}}
	settingsTable = table{"settings", 1, []column{"name", "value"}}
	notesTable    = table{"host_notes", 1, []column{"host", "place", "note", "photo", "who", "#at_us"}}
	trailsTable   = table{"trails", 1, []column{"host", "#last_us", "#talks", "sum", "doc"}}
	batchesTable  = table{"batches", 1, []column{"#n", "id", "#at_us", "sum", "doc"}}
	marksTable    = table{"marks", 1, []column{"host", "sum", "doc"}}
	inquiryTable  = table{"inquiries", 1, []column{"id", "host", "state", "#made_us", "sum", "doc"}}
	channelsTable = table{"notify_channels", 1, []column{"id", "sum", "doc"}}
	toldTable     = table{"notify_told", 1, []column{"finding", "#episode", "#at_us"}}
	pendingTable  = table{"notify_pending", 2, []column{"channel", "finding", "#urgent", "#at_us"}}
	outboxTable   = table{"notify_outbox", 1, []column{"id", "channel", "kind", "cause", "state", "#next_us", "#made_us", "sum", "doc"}}
	metaTable     = table{"meta", 1, []column{"name", "#value"}}
)

// tables are all tables but migrations, each after those it refers to.
var tables = []table{
	accountsTable, keysTable, attemptsTable, auditTable, treeTable,
	hostsTable, addrsTable, bindingsTable, findingsTable, concernsTable, eventsTable, patrolsTable, ledgersTable,
	channelsTable, toldTable, pendingTable, outboxTable,
	silenceTable, settingsTable, metaTable,
	uploadsTable, roundsTable, watchesTable, schedulesTable,
	trailsTable,
	batchesTable, marksTable, inquiryTable,
	notesTable,
}

// maxParams is how many values one statement carries. More rows in a statement save round trips to a server, but the
// SQLite driver looks through all parameters for each: measured on 120,000 rows, 4000 values took 85 s, 160 take 5.
const maxParams = 160

func (t table) list() string {
	names := make([]string, len(t.cols))
	for i, c := range t.cols {
		names[i] = c.name()
	}
	return strings.Join(names, ", ")
}

// upsertSQL is an INSERT of n rows that replaces rows with the same key.
func (t table) upsertSQL(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", t.name, t.list())
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(holders(i*len(t.cols)+1, len(t.cols)))
	}
	var key, set []string
	for i, c := range t.cols {
		if i < t.keys {
			key = append(key, c.name())
		} else {
			set = append(set, c.name()+" = excluded."+c.name())
		}
	}
	fmt.Fprintf(&b, " ON CONFLICT (%s) DO ", strings.Join(key, ", "))
	if len(set) == 0 {
		b.WriteString("NOTHING")
	} else {
		b.WriteString("UPDATE SET " + strings.Join(set, ", "))
	}
	return b.String()
}

// holders gives "($from, $from+1, ...)" for n values.
func holders(from, n int) string {
	b := []byte{'('}
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(from+i), 10)
	}
	return string(append(b, ')'))
}

// upsert writes many rows with few statements. No two rows may have the same key.
func (t table) upsert(ctx context.Context, tx *sql.Tx, rows [][]any) error {
	size := maxParams / len(t.cols)
	var full *sql.Stmt
	for len(rows) > 0 {
		n := min(size, len(rows))
		args := make([]any, 0, n*len(t.cols))
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		rows = rows[n:]
		var err error
		switch {
		case n < size:
			_, err = tx.ExecContext(ctx, t.upsertSQL(n), args...)
		case full == nil:
			if full, err = tx.PrepareContext(ctx, t.upsertSQL(size)); err != nil {
				break
			}
			defer full.Close()
			fallthrough
		default:
			_, err = full.ExecContext(ctx, args...)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", t.name, err)
		}
	}
	return nil
}

// byKey sorts rows by their first column, a text: B-trees grow faster at the end than in the middle.
func byKey(rows [][]any) {
	slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(a[0].(string), b[0].(string)) })
}

// distinct refuses a key that comes twice, or none: a statement can't write the same row twice.
type distinct map[string]bool

func (d distinct) check(what, id string) error {
	if id == "" || d[id] {
		return fmt.Errorf("BUG: %s id %q is empty or there twice", what, id)
	}
	d[id] = true
	return nil
}

// inChunks calls f with pieces of ids that fit into one statement.
func inChunks(ids []string, f func(piece []any, in string) error) error {
	for len(ids) > 0 {
		n := min(maxParams, len(ids))
		piece := make([]any, n)
		for i, id := range ids[:n] {
			piece[i] = id
		}
		ids = ids[n:]
		if err := f(piece, holders(1, n)); err != nil {
			return err
		}
	}
	return nil
}

// deleteBy deletes the rows of a table whose column col has one of the values.
func (t table) deleteBy(ctx context.Context, tx *sql.Tx, col string, values []string) error {
	return inChunks(values, func(piece []any, in string) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM "+t.name+" WHERE "+col+" IN "+in, piece...)
		return err
	})
}

// where collects conditions and their values; "?" in a condition stands for the next value.
type where struct {
	conds []string
	args  []any
}

func (w *where) add(cond string, values ...any) {
	w.conds = append(w.conds, w.number(cond, values...))
}

func (w *where) number(cond string, values ...any) string {
	for _, v := range values {
		w.args = append(w.args, v)
		cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(w.args)), 1)
	}
	return cond
}

func (w *where) String() string {
	if len(w.conds) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conds, " AND ")
}

// anyOf adds the condition that col is one of the values, or starts with one that ends in "*".
func (w *where) anyOf(col string, values []string) {
	if len(values) == 0 {
		return
	}
	var or []string
	for _, v := range values {
		if head, ok := strings.CutSuffix(v, "*"); ok {
			or = append(or, w.number(col+` LIKE ? ESCAPE '\'`, likeEscape(head)+"%"))
		} else {
			or = append(or, w.number(col+" = ?", v))
		}
	}
	w.conds = append(w.conds, "("+strings.Join(or, " OR ")+")")
}

// words adds the condition that every word of text is in col, which must have been made by fold.
func (w *where) words(col, text string) {
	for _, word := range searchWords(text) {
		w.add(col+` LIKE ? ESCAPE '\'`, "%"+likeEscape(word)+"%")
	}
}

func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
