package storetest

import (
	"database/sql"
	"errors"
	"fmt"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// NewDatabase makes the empty database name on a test server, whose address is base with %s for the name of the
// database. The function that it gives drops it again.
func NewDatabase(base, name string) (drop func() error, err error) {
	run := func(statement string) error {
		admin, err := sql.Open("pgx", fmt.Sprintf(base, "postgres"))
		if err != nil {
			return err
		}
		_, err = admin.Exec(statement)
		return errors.Join(err, admin.Close())
	}
	if err := run("CREATE DATABASE " + name); err != nil {
		return nil, fmt.Errorf("make test database %s: %w", name, err)
	}
	return func() error { return run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)") }, nil
}
