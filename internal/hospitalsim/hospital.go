package hospitalsim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Size is how much traffic is made.
type Size string

// The sizes: a working day of about 30 MB, and the same day with as much traffic as asked for.
const (
	Small Size = "small"
	Large Size = "large"
)

// Options say which hospital is made. The zero value is a small one.
type Options struct {
	Size  Size
	Seed  uint64
	Start time.Time // the beginning of the working day; zero means Opening
	Bytes int64     // Large only: how many bytes of packets, roughly; 0 means 1 GB
	// Progress, if not nil, is told now and then how many bytes of packets are written, of about how many.
	Progress func(done, about int64)
}

// Opening is the beginning of the day if Options have none: a Wednesday, 8:00 in Japan.
var Opening = time.Date(2026, 10, 7, 8, 0, 0, 0, japan)

var japan = time.FixedZone("JST", 9*3600)

// MinBytes and MaxBytes bound Options.Bytes.
const (
	MinBytes     = onceBytes + routineBytes
	MaxBytes     = 1 << 40
	defaultBytes = 1 << 30
)

// dayLength is how long the working day is.
const dayLength = 9 * time.Hour

// What the day weighs, measured: what happens once whatever the size, and the routine that a large day has more of.
const (
	onceBytes    = 7_400_000
	routineBytes = 34_200_000
)

// Version changes when the same options give other files than before.
const Version = 1

func (o Options) normal() (Options, error) {
	if o.Size == "" {
		o.Size = Small
	}
	if o.Start.IsZero() {
		o.Start = Opening
	}
	if o.Start.Year() < 1990 || o.Start.Year() > 2100 {
		return o, fmt.Errorf("make hospital: start %s is not between 1990 and 2100", o.Start.Format(time.DateOnly))
	}
	o.Start = o.Start.UTC().Truncate(time.Second)
	switch o.Size {
	case Small:
		o.Bytes = 0
	case Large:
		if o.Bytes == 0 {
			o.Bytes = defaultBytes
		}
		if o.Bytes < MinBytes || o.Bytes > MaxBytes {
			return o, fmt.Errorf("make hospital: %d bytes asked for: give between %d and %d", o.Bytes, int64(MinBytes), int64(MaxBytes))
		}
	default:
		return o, fmt.Errorf("make hospital: unknown size %q: use small or large", o.Size)
	}
	return o, nil
}

// The files that Write makes.
const (
	MorningFile   = "mirror-am.pcapng"
	AfternoonFile = "mirror-pm.pcap"
	LedgerFile    = "ledger.xlsx"
	ARPFile       = "arp.txt"
	DHCPFile      = "dhcp.txt"
	ManifestFile  = "manifest.json"
)

// Write makes the hospital in dir, which is made if it is not there. Files of an earlier hospital are replaced; the
// manifest is written last, so that it is there only if all the rest is.
func Write(ctx context.Context, dir string, o Options) (m Manifest, err error) {
	if o, err = o.normal(); err != nil {
		return m, err
	}
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return m, fmt.Errorf("make hospital in %s: %w", dir, err)
	}
	if err = os.Remove(filepath.Join(dir, ManifestFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return m, fmt.Errorf("make hospital in %s: %w", dir, err)
	}
	w := newWorld(o)
	if err = w.day(ctx, dir); err != nil {
		return m, fmt.Errorf("make hospital in %s: %w", dir, err)
	}
	if err = w.papers(dir); err != nil {
		return m, fmt.Errorf("make hospital in %s: %w", dir, err)
	}
	return w.manifest(dir)
}

// papers writes what is not packets.
func (w *world) papers(dir string) error {
	return errors.Join(
		writeLedger(filepath.Join(dir, LedgerFile), w.town),
		os.WriteFile(filepath.Join(dir, ARPFile), arpTable(w.town), 0o600),
		os.WriteFile(filepath.Join(dir, DHCPFile), leaseTable(w.town), 0o600),
		w.date(dir))
}

// date gives the tables the time of the end of the day: they have no other, and a patrol takes them for that old.
func (w *world) date(dir string) error {
	end := time.Unix(0, w.end)
	return errors.Join(os.Chtimes(filepath.Join(dir, ARPFile), end, end), os.Chtimes(filepath.Join(dir, DHCPFile), end, end))
}
