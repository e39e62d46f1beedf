package store_test

import (
	"errors"

	"github.com/mimawari/mimawari/internal/store"
)

func asError(err error, e **store.Error) bool { return errors.As(err, e) }

// limitFiles has no counterpart on Windows; no test asks for it there.
func limitFiles(uint64) error { return errors.New("Windows has no limit on the size of files") }
