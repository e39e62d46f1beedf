package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Shelf keeps the files of uploads in one directory. It is safe for concurrent use.
type Shelf struct {
	Dir     string
	Free    func(dir string) (uint64, error) // how much the disk still takes
	MinFree func() int64                     // how much of it stays free

	mu   sync.Mutex
	busy map[string]bool // ids that somebody is sending to
}

// pieceLen is how much arrives between two looks at the disk.
const pieceLen = 32 << 20

// Path is where the file of an upload lies. The id must be one of ours.
func (s *Shelf) Path(id string) string {
	if !IsUploadID(id) {
		panic("BUG: not the id of an upload: " + id)
	}
	return filepath.Join(s.Dir, id)
}

// Create makes an empty file for a new upload.
func (s *Shelf) Create(id string) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("make the directory for uploads: %w", err)
	}
	f, err := os.OpenFile(s.Path(id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make a file for the upload: %w", err)
	}
	return f.Close()
}

// Size tells how many bytes have arrived; the file is the truth.
func (s *Shelf) Size(id string) (int64, error) {
	st, err := os.Stat(s.Path(id))
	if err != nil {
		return 0, fmt.Errorf("look at the file of the upload: %w", err)
	}
	return st.Size(), nil
}

// Hold makes sure that nobody else sends to the upload; the caller must call release. A second sender is told.
func (s *Shelf) Hold(id string) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[id] {
		return nil, refuse("busy")
	}
	if s.busy == nil {
		s.busy = map[string]bool{}
	}
	s.busy[id] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.busy, id)
	}, nil
}

// Append adds what r gives to the upload, which must have offset bytes now and becomes at most size bytes long. It tells how
// many bytes there are after it, also if r broke off: these are on the disk. The caller holds the upload.
func (s *Shelf) Append(id string, offset, size int64, r io.Reader) (now int64, err error) {
	f, err := os.OpenFile(s.Path(id), os.O_WRONLY, 0)
	if err != nil {
		return 0, fmt.Errorf("open the file of the upload: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if now, err = f.Seek(0, io.SeekEnd); err != nil {
		return 0, fmt.Errorf("find the end of the upload: %w", err)
	}
	if now != offset {
		return now, refuse("offset")
	}
	for err == nil && now < size {
		if err = s.room(min(pieceLen, size-now)); err != nil {
			break
		}
		var n int64
		n, err = io.CopyN(f, r, min(pieceLen, size-now))
		now += n
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if serr := f.Sync(); serr != nil && err == nil {
		err = serr
	}
	if err == nil && now == size {
		err = nothingMore(r)
	}
	return now, full(err)
}

// nothingMore refuses a sender that has more than was announced.
func nothingMore(r io.Reader) error {
	var one [1]byte
	if n, _ := io.ReadFull(r, one[:]); n > 0 {
		return refuse("too_long")
	}
	return nil
}

// room makes sure that the disk takes n more bytes.
func (s *Shelf) room(n int64) error {
	if s.Free == nil {
		return nil
	}
	free, err := s.Free(s.Dir)
	if err != nil {
		return nil // a disk that can't be asked says itself when it is full
	}
	keep := int64(DefaultMinFree)
	if s.MinFree != nil {
		keep = s.MinFree()
	}
	if !fits(free, keep, 0, n) {
		return refuse("disk_now", "free", Bytes(int64(min(free, 1<<62))), "keep", Bytes(keep))
	}
	return nil
}

// Sum256 gives the SHA-256 of the file in hex.
func (s *Shelf) Sum256(id string) (string, error) {
	f, err := os.Open(s.Path(id))
	if err != nil {
		return "", fmt.Errorf("read the upload again: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read the upload again: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Remove deletes the file; that it is gone already is no error.
func (s *Shelf) Remove(id string) error {
	if err := os.Remove(s.Path(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete the file of the upload: %w", err)
	}
	return nil
}

// Strays lists the files that belong to none of the known uploads: left behind when a process died between two steps.
func (s *Shelf) Strays(known map[string]bool) (ids []string) {
	list, err := os.ReadDir(s.Dir)
	if err != nil {
		return nil // no directory yet
	}
	for _, e := range list {
		if IsUploadID(e.Name()) && !known[e.Name()] {
			ids = append(ids, e.Name())
		}
	}
	return ids
}
