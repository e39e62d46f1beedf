package memory

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/mimawari/mimawari/internal/model"
)

// batchRows is how many rows wait in memory before they are written; as many again may be on their way.
const batchRows = 16 << 10

// AppendOptions bound what is taken. Zero times bound nothing.
type AppendOptions struct {
	Oldest time.Time // flows that began before are not kept: they would expire at once
	Newest time.Time // nor those after: a clock that runs wild must not fill the disk with folders
}

// Written is what became of the flows that a Writer was shown.
type Written struct {
	Rows    uint64 // stored, or on their way
	Outside uint64 // older or newer than what is kept
	Lost    uint64 // could not be written
}

// Writer takes flows. Any number of goroutines may use it.
type Writer struct {
	files          *Files
	oldest, newest int64

	mu    sync.Mutex
	rows  []Row
	spare []Row
	names addresses
	count Written
	busy  chan struct{} // holds one token while a batch is written

	failed sync.Mutex // guards lost and err; never held together with a wait
	lost   uint64
	err    error
}

// Append implements FlowStore.
func (s *Files) Append(o AppendOptions) *Writer {
	w := &Writer{files: s, names: addresses{}, busy: make(chan struct{}, 1)}
	w.Bound(o)
	return w
}

// Bound sets what is taken from now on.
func (w *Writer) Bound(o AppendOptions) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.oldest, w.newest = 0, 1<<62
	if !o.Oldest.IsZero() {
		w.oldest = o.Oldest.UnixMilli()
	}
	if !o.Newest.IsZero() {
		w.newest = o.Newest.UnixMilli()
	}
}

// Flow takes a flow and keeps nothing of it but text. When a batch is full it is written in the background; if the disk is slower
// than the flows come, Flow waits.
func (w *Writer) Flow(f *model.Flow) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ms := f.First.UnixMilli(); ms < w.oldest || ms > w.newest || ms < 0 {
		w.count.Outside++
		return
	}
	if w.rows == nil {
		w.rows = make([]Row, 0, batchRows/8)
	}
	w.rows = append(w.rows, w.names.row(f))
	w.count.Rows++
	if len(w.rows) >= batchRows {
		w.send()
	}
}

// send hands the batch over, once the one before is done. It is called with mu held.
func (w *Writer) send() {
	if len(w.rows) == 0 {
		return
	}
	w.busy <- struct{}{}
	rows := w.rows
	w.rows, w.spare = w.spare[:0], rows
	clear(w.names)
	go func() {
		lost, err := w.files.write(rows)
		clear(rows) // what they name may go
		w.failed.Lock()
		w.lost += uint64(lost)
		w.err = cmp.Or(w.err, err)
		w.failed.Unlock()
		<-w.busy
	}()
}

// Flush writes what waits, and waits until it is stored. The error is the first that befell any batch.
func (w *Writer) Flush() (Written, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.send()
	w.busy <- struct{}{}
	<-w.busy
	w.rows, w.spare = nil, nil // what comes next, joining files, needs room too
	w.failed.Lock()
	defer w.failed.Unlock()
	n := w.count
	n.Rows, n.Lost = n.Rows-w.lost, w.lost
	return n, w.err
}

// write stores rows, a file for each day. A day that can't be written does not keep the others from it.
func (s *Files) write(rows []Row) (lost int, err error) {
	slices.SortFunc(rows, func(a, b Row) int {
		if c := cmp.Compare(dayOf(a.First), dayOf(b.First)); c != 0 {
			return c
		}
		return compare(&a, &b)
	})
	for len(rows) > 0 {
		day, n := dayOf(rows[0].First), 1
		for n < len(rows) && dayOf(rows[n].First) == day {
			n++
		}
		part := rows[:n]
		rows = rows[n:]
		_, werr := s.create(day, zstd.SpeedFastest, func(w *parquet.GenericWriter[Row]) error {
			_, err := w.Write(part)
			return err
		})
		if werr != nil {
			lost += len(part)
			err = cmp.Or(err, werr)
		}
	}
	return lost, err
}
