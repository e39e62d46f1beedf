package hospitalsim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Manifest says what was made: with which options, which files, and what is hidden in them.
type Manifest struct {
	Version    int       `json:"version"`
	Size       Size      `json:"size"`
	Seed       uint64    `json:"seed"`
	Start      time.Time `json:"start"`
	Bytes      int64     `json:"bytes"` // asked for; 0 for Small
	Packets    int64     `json:"packets"`
	Hosts      int       `json:"hosts"`
	Files      []File    `json:"files"`
	Planted    []Planted `json:"planted"`
	NearMisses []Planted `json:"near_misses"` // looks like a problem but is none: Rule must not fire on it
}

// File is one file that was made.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Planted is one problem that was hidden.
type Planted struct {
	Rule  string `json:"rule"` // rule of the finding it must yield
	IP    string `json:"ip,omitempty"`
	MAC   string `json:"mac,omitempty"`
	Value string `json:"value,omitempty"` // what else tells the cause: tool, tunnel, protocol, sheet and row
	What  string `json:"what"`
}

// Sources gives the files that a patrol reads, without the ledger.
func (m *Manifest) Sources(dir string) []string {
	var out []string
	for _, f := range m.Files {
		if f.Name != LedgerFile {
			out = append(out, filepath.Join(dir, f.Name))
		}
	}
	return out
}

// Matches reports whether m is what Write makes for o, and the files in dir still have their sizes. Contents are not read
// again: the demo must begin quickly.
func (m *Manifest) Matches(dir string, o Options) bool {
	o, err := o.normal()
	if err != nil || m.Version != Version || m.Size != o.Size || m.Seed != o.Seed || m.Bytes != o.Bytes || !m.Start.Equal(o.Start) || len(m.Files) == 0 {
		return false
	}
	for _, f := range m.Files {
		st, err := os.Stat(filepath.Join(dir, f.Name))
		if err != nil || f.Name != filepath.Base(f.Name) || st.Size() != f.Bytes {
			return false
		}
	}
	return true
}

// ReadManifest reads the manifest of dir.
func ReadManifest(dir string) (m Manifest, err error) {
	f, err := os.Open(filepath.Join(dir, ManifestFile))
	if err != nil {
		return m, fmt.Errorf("read manifest: %w", err)
	}
	defer f.Close()
	if err := json.NewDecoder(io.LimitReader(f, 1<<20)).Decode(&m); err != nil {
		return m, fmt.Errorf("read manifest %s: %w: delete the file, and the hospital is made anew", f.Name(), err)
	}
	return m, nil
}

func (w *world) manifest(dir string) (m Manifest, err error) {
	m = Manifest{
		Version: Version, Size: w.o.Size, Seed: w.o.Seed, Start: w.o.Start, Bytes: w.o.Bytes, Packets: w.packets, Hosts: len(w.town.machines),
		Planted: w.planted, NearMisses: w.misses,
	}
	for _, name := range []string{MorningFile, AfternoonFile, ARPFile, DHCPFile, LedgerFile} {
		f, err := describe(dir, name)
		if err != nil {
			return m, err
		}
		m.Files = append(m.Files, f)
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, fmt.Errorf("write manifest: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, ManifestFile), append(b, '\n'), 0o600); err != nil {
		return m, fmt.Errorf("write manifest: %w", err)
	}
	return m, nil
}

func describe(dir, name string) (File, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return File{}, fmt.Errorf("read back %s: %w", name, err)
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return File{}, fmt.Errorf("read back %s: %w", name, err)
	}
	return File{name, n, hex.EncodeToString(h.Sum(nil))}, nil
}
