package store

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// LockName is the name of the lock file in a data directory.
const LockName = "lock"

// DirLock is the right of one process to work with a data directory. The operating system holds it for the open file,
// so it ends with the process however that dies; the file itself stays and says who holds it.
type DirLock struct{ f *os.File }

// holder is what the lock file says.
type holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	What    string    `json:"what"`
	Since   time.Time `json:"since"`
}

var errHeld = errors.New("held by another process")

// maxHolder bounds what is read of a lock file.
const maxHolder = 4096

// Lock takes the data directory dir for this process, making it if need be. what says what for ("patrol", "serve") and
// is shown to whoever comes second: that one gets an *Error with code Locked and args pid, command, what and since,
// which are "?" where the holder's note can't be read.
func Lock(dir, what string) (*DirLock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, explainFile(dir, err)
	}
	path := filepath.Join(dir, LockName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, explainFile(path, err)
	}
	if err := lockFile(f); err != nil {
		defer f.Close()
		if errors.Is(err, errHeld) {
			return nil, &Error{Code: Locked, Where: dir, Args: readHolder(f)}
		}
		return nil, explainFile(path, err)
	}
	if err := writeHolder(f, what); err != nil {
		f.Close()
		return nil, explainFile(path, err)
	}
	return &DirLock{f}, nil
}

// Unlock gives the directory free. It may be called more than once.
func (l *DirLock) Unlock() error {
	if l == nil || l.f == nil {
		return nil
	}
	f := l.f
	l.f = nil
	return errors.Join(f.Truncate(0), f.Close())
}

func writeHolder(f *os.File, what string) error {
	b, err := json.Marshal(holder{os.Getpid(), filepath.Base(os.Args[0]), what, time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	return err
}

func readHolder(f *os.File) map[string]string {
	args := map[string]string{"pid": "?", "command": "?", "what": "?", "since": "?"}
	b, err := io.ReadAll(io.LimitReader(f, maxHolder))
	var h holder
	if err != nil || json.Unmarshal(b, &h) != nil {
		return args
	}
	args["pid"] = strconv.Itoa(h.PID)
	args["since"] = h.Since.Local().Format("2006-01-02 15:04:05")
	if s := strings.TrimSpace(columnText(h.Command)); s != "" {
		args["command"] = s
	}
	if s := strings.TrimSpace(columnText(h.What)); s != "" {
		args["what"] = s
	}
	return args
}
