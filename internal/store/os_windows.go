package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockOffset is far behind what is written: Windows lets nobody else read a locked range, and the note must be readable.
const lockOffset = 1 << 30

// lockFile takes an exclusive lock on the open file without waiting.
func lockFile(f *os.File) error {
	at := &windows.Overlapped{Offset: lockOffset}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errHeld
	}
	return err
}

// syncDir does nothing: NTFS keeps names in its own log.
func syncDir(string) error { return nil }
