package intake

import (
	"errors"
	"syscall"
)

// full turns a full disk into words: ERROR_HANDLE_DISK_FULL (39) and ERROR_DISK_FULL (112).
func full(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) && (no == 39 || no == 112) {
		return refuse("full")
	}
	return err
}
