package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const onWindows = runtime.GOOS == "windows"

// engine is all that differs between SQLite and PostgreSQL.
type engine struct {
	code      func(error) Code // "" if nobody can do something about it
	snapshot  *sql.TxOptions   // a reading transaction that sees one moment
	serialize string           // first statement of a migration: no two at once
	ours      string           // a query that counts our table of migrations
	integrity string           // a query that gives "ok" or lines of trouble; "" if the server does that itself
}

var sqliteEngine = engine{
	code:      sqliteCode,
	serialize: `SELECT 1`, // the transaction itself is exclusive
	ours:      `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'migrations'`,
	integrity: `PRAGMA integrity_check(20)`,
}

var postgresEngine = engine{
	code:      postgresCode,
	snapshot:  &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	ours:      `SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'migrations'`,
	serialize: `SELECT pg_advisory_xact_lock(7306930)`,
}

// pragmas of every connection: wait for a lock before anything else, then durability before speed. fullfsync is for
// macOS, where fsync alone leaves data in the drive's cache.
var pragmas = []string{
	"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(1)", "foreign_keys(1)",
	"trusted_schema(0)", "journal_size_limit(67108864)",
}

// openSQLite opens one writer and several readers: SQLite has one writer at a time, a second would only wait.
func openSQLite(path string) (*Store, error) {
	s := &Store{engine: sqliteEngine, where: path, path: path}
	s.write = openUnnamed(sqliteURI(path, url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}))
	s.write.SetMaxOpenConns(1)
	var err error
	reading := append([]string{}, pragmas...)
	if s.read, err = sql.Open("sqlite", sqliteURI(path, url.Values{"_pragma": append(reading, "query_only(1)")})); err != nil {
		s.write.Close()
		return nil, err
	}
	s.read.SetMaxOpenConns(4)
	return s, nil
}

// readSQLite opens for reading only. immutable promises that nobody writes, which lets SQLite read a file in a
// directory where it can't put its own files.
func readSQLite(path string, immutable bool) (*Store, error) {
	q := url.Values{"_pragma": {"busy_timeout(10000)", "query_only(1)", "trusted_schema(0)"}, "mode": {"ro"}}
	if immutable {
		q.Set("immutable", "1")
	}
	db, err := sql.Open("sqlite", sqliteURI(path, q))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	return &Store{engine: sqliteEngine, where: path, path: path, read: db, write: db}, nil
}

// sqliteURI escapes what has a meaning in SQLite's URI file names (sqlite.org/uri.html).
func sqliteURI(path string, q url.Values) string {
	p := filepath.ToSlash(path)
	if onWindows && filepath.VolumeName(path) != "" && !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return "file:" + strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(p) + "?" + q.Encode()
}

func openPostgres(ctx context.Context, dsn string) (*Store, error) {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, wrong(Server, "PostgreSQL", err)
	}
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(8)
	s := &Store{engine: postgresEngine, where: "postgres://" + c.Host + "/" + c.Database, read: db, write: db}
	var encoding string
	if err := db.QueryRowContext(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		db.Close()
		return nil, s.explain(err)
	}
	if encoding != "UTF8" {
		db.Close()
		return nil, wrong(Encoding, s.where, errors.New(encoding))
	}
	return s, nil
}

// sqliteCode reads SQLite's result codes (sqlite.org/rescode.html): the low byte is the class, the rest the detail.
func sqliteCode(err error) Code {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		return Full
	case sqlite3.SQLITE_CORRUPT:
		return Corrupt
	case sqlite3.SQLITE_NOTADB:
		return NotData
	case sqlite3.SQLITE_READONLY:
		return ReadOnly
	case sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return Denied
	case sqlite3.SQLITE_CANTOPEN:
		return Denied
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return Busy
	case sqlite3.SQLITE_IOERR:
		return sqliteIOCode(e.Code())
	}
	return ""
}

// sqliteIOCode tells a full disk from a failing one: the index of the log reports its own code, not SQLITE_FULL, when
// the space ends under it.
func sqliteIOCode(code int) Code {
	if code == sqlite3.SQLITE_IOERR_SHMSIZE {
		return Full
	}
	return Unusable
}

// postgresCode reads SQLSTATE (PostgreSQL manual, appendix A).
func postgresCode(err error) Code {
	var connect *pgconn.ConnectError
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		if errors.As(err, &connect) {
			return Server
		}
		return ""
	}
	switch {
	case e.Code == "53100":
		return Full
	case e.Code == "25006":
		return ReadOnly
	case e.Code == "42501":
		return Denied
	case e.Code == "XX001", e.Code == "XX002":
		return Corrupt
	case e.Code == "55P03", e.Code == "40P01":
		return Busy
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "08", "28", "3D", "53", "57":
		return Server
	}
	return ""
}
