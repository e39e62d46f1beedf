package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// joined is how many files are read at once when they are joined; each takes about a megabyte.
const joined = 16

// youngFiles is how many files the day that still goes on may have before they are joined.
const youngFiles = 12

// joinedBytes is how much one call joins at most: a flood of flows must not keep a patrol waiting. The rest is for the next call.
const joinedBytes = 32 << 20

// leftover is how old a file must be that is not whole before it counts as left by a process that died.
const leftover = 24 * time.Hour

// Compact joins the files of each day that is over, and of today if there are many. Rows told twice are dropped. It may end at any
// point, also by the death of the process: the files that were joined go after the new one is there, and rows that are in both are
// told twice, which readers know. One call does a bounded amount of work.
func (s *Files) Compact(ctx context.Context, today time.Time) error {
	days, err := s.days()
	if err != nil {
		return err
	}
	left := int64(joinedBytes)
	for _, day := range days {
		s.sweep(day)
		least := 2
		if day >= dayOf(today.UnixMilli()) {
			least = youngFiles
		}
		for {
			files, err := s.list(day)
			if err != nil {
				return err
			}
			if len(files) < least {
				break
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.size, b.size) })
			files = files[:min(len(files), joined)]
			for _, f := range files {
				left -= f.size
			}
			if left < 0 {
				return nil
			}
			if err := s.join(day, files); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweep removes what processes that died have left unfinished.
func (s *Files) sweep(day int64) {
	dir := filepath.Join(s.Dir, dayName(day))
	all, err := os.ReadDir(dir)
	if err != nil {
		return // whoever lists the day says so
	}
	for _, e := range all {
		if st, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), unfinished) && time.Since(st.ModTime()) > leftover {
			_ = os.Remove(filepath.Join(dir, e.Name())) // the next time is another try
		}
	}
}

// join makes one file of several.
func (s *Files) join(day int64, files []file) error {
	in, err := openRuns(files)
	defer in.close()
	if err != nil {
		return err
	}
	if _, err = s.create(day, zstd.SpeedDefault, in.mergeInto); err != nil {
		return err
	}
	in.close()
	for _, f := range files {
		if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove flows that were joined: %w", err)
		}
	}
	return nil
}

// run is a file that is read from its beginning to its end.
type run struct {
	f      *os.File
	rows   *parquet.GenericReader[Row]
	buf    []Row
	at     int
	have   int
	ending bool
}

type runs []*run

func openRuns(files []file) (runs, error) {
	var all runs
	for _, x := range files {
		f, err := os.Open(x.path)
		if err != nil {
			return all, fmt.Errorf("open flows: %w", err)
		}
		all = append(all, &run{f: f, buf: make([]Row, 512)})
		p, err := parquet.OpenFile(f, x.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
		if err != nil {
			return all, fmt.Errorf("read flows of %s: %w", x.path, err)
		}
		all[len(all)-1].rows = parquet.NewGenericReader[Row](p)
	}
	return all, nil
}

func (all runs) close() {
	for _, r := range all {
		if r.rows != nil {
			_ = r.rows.Close() // only read
			r.rows = nil
		}
		if r.f != nil {
			_ = r.f.Close()
			r.f = nil
		}
	}
}

// head gives the row that is next, nil at the end.
func (r *run) head() (*Row, error) {
	for r.at == r.have {
		if r.ending {
			return nil, nil
		}
		clear(r.buf)
		n, err := r.rows.Read(r.buf)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read flows of %s: %w", r.f.Name(), err)
		}
		r.at, r.have, r.ending = 0, n, err != nil
	}
	return &r.buf[r.at], nil
}

// mergeInto writes the rows of all files in order, each once. Of a row told twice the one with more packets counts: it was watched
// for longer.
func (all runs) mergeInto(w *parquet.GenericWriter[Row]) error {
	out := make([]Row, 0, 512)
	for {
		var least *Row
		var from *run
		for _, r := range all {
			h, err := r.head()
			if err != nil {
				return err
			}
			if h != nil && (least == nil || compare(h, least) < 0) {
				least, from = h, r
			}
		}
		if least != nil && len(out) > 0 && compare(least, &out[len(out)-1]) == 0 {
			if last := &out[len(out)-1]; least.PacketsOut+least.PacketsIn > last.PacketsOut+last.PacketsIn {
				*last = *least
			}
			from.at++
			continue
		}
		if least == nil || len(out) == cap(out) {
			if _, err := w.Write(out); err != nil {
				return err
			}
			out = out[:0]
		}
		if least == nil {
			return nil
		}
		out = append(out, *least)
		from.at++
	}
}

// Expired is what was removed.
type Expired struct {
	Days    int
	Bytes   int64
	ByQuota int // of the days
}

// Expire implements FlowStore.
func (s *Files) Expire(oldest time.Time, quota int64) (Expired, error) {
	days, err := s.days()
	if err != nil {
		return Expired{}, err
	}
	sizes, total := make([]int64, len(days)), int64(0)
	for i, d := range days {
		files, err := s.list(d)
		if err != nil {
			return Expired{}, err
		}
		for _, f := range files {
			sizes[i] += f.size
		}
		total += sizes[i]
	}
	var out Expired
	for i, d := range days {
		old := d < dayOf(oldest.UnixMilli())
		if !old && (quota <= 0 || total <= quota) {
			break
		}
		if err := os.RemoveAll(filepath.Join(s.Dir, dayName(d))); err != nil {
			return out, fmt.Errorf("remove a day of flows: %w", err)
		}
		total -= sizes[i]
		out.Days++
		out.Bytes += sizes[i]
		if !old {
			out.ByQuota++
		}
	}
	return out, nil
}
