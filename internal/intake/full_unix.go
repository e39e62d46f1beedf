//go:build !windows

package intake

import (
	"errors"
	"syscall"
)

// full turns a full disk into words.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return refuse("full")
	}
	return err
}
