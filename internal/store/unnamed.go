package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// openUnnamed opens SQLite so that prepared statements have their parameters without names. The driver looks for each named
// parameter ($1) through all arguments by comparing text; unnamed ones (?) are found by number, which halves the cost of
// writing many rows. Statements are still written once, with $1, for both engines.
func openUnnamed(uri string) *sql.DB { return sql.OpenDB(unnamedConnector(uri)) }

type unnamedConnector string

func (unnamedConnector) Driver() driver.Driver { return &sqlite.Driver{} }

func (c unnamedConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.Driver().Open(string(c))
	if err != nil {
		return nil, err
	}
	full, ok := conn.(sqliteConn)
	if !ok {
		return nil, errors.Join(errors.New("BUG: the SQLite driver has changed"), conn.Close())
	}
	return unnamedConn{full}, nil
}

// sqliteConn is all that database/sql asks of the driver's connections.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type unnamedConn struct{ sqliteConn }

func (c unnamedConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	return c.sqliteConn.PrepareContext(ctx, unnamed(query))
}

// unnamed replaces $1, $2, ... by ? where they stand in this order, each once, and nothing in quotes can be meant.
func unnamed(query string) string {
	if strings.ContainsAny(query, `'"`) {
		return query
	}
	parts := strings.Split(query, "$")
	for i, p := range parts[1:] {
		n := strconv.Itoa(i + 1)
		rest, ok := strings.CutPrefix(p, n)
		if !ok || rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			return query
		}
		parts[i+1] = rest
	}
	return strings.Join(parts, "?")
}
