// Package capture gives out frames: from pcap and pcapng files (plain, gzip, zstd), from standard input and from live
// interfaces. It does not look inside frames and keeps none.
//
// Invariants: frames come in batches that own their bytes; memory is bounded by the number of batches in flight; a damaged
// file gives all frames before the damage and then a *Damage.
package capture

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"

	"github.com/mimawari/mimawari/internal/model"
)

// LinkType is a LINKTYPE_ value (IETF draft-ietf-opsawg-pcaplinktype).
type LinkType uint16

// Frame is one captured frame.
type Frame struct {
	At   int64  // ns since 1970 UTC
	Data []byte // captured bytes, inside the batch's buffer
	Wire uint32 // length on the wire
	Link LinkType
}

// Batch is a run of frames that share one buffer. It is read-only once given out and may be read by several goroutines.
type Batch struct {
	Frames []Frame
	buf    []byte
	refs   atomic.Int32
	free   func(*Batch)
}

// Hold adds n users of the batch.
func (b *Batch) Hold(n int) { b.refs.Add(int32(n)) }

// Release ends one use; after the last one the buffer is used again.
func (b *Batch) Release() {
	if b.refs.Add(-1) == 0 && b.free != nil {
		b.free(b)
	}
}

// Source gives out batches until io.EOF. Next returns one batch with one use held by the caller. An error of type *Damage
// means that the rest can't be read but what came before stands.
type Source interface {
	Next(ctx context.Context) (*Batch, error)
	// Info tells what was read so far: name, kind, packets, bytes, first, last, and the capture's own counters (dropped, truncated).
	Info() model.Source
	Close() error
}

// Damage says where and how a capture is broken, or why it could not be opened.
type Damage struct {
	Name   string
	Offset int64  // in the (decompressed) file
	Frame  uint64 // frames given out before it
	Code   string // truncated, corrupt, looks_xlsx, permission...: key "trouble.CODE" in the words
	Args   []string
	Err    error
}

func (d *Damage) Error() string {
	return fmt.Sprintf("%s: %s at byte %d after %d frames: %v", d.Name, d.Code, d.Offset, d.Frame, d.Err)
}

// Unwrap gives the cause.
func (d *Damage) Unwrap() error { return d.Err }

// Trouble gives d in the form that a Source's list of errors has. Without Args of its own, {a} in the words is the number
// of frames that were read and {b} the byte at which reading stopped.
func (d *Damage) Trouble() model.Trouble {
	args := d.Args
	if args == nil {
		args = []string{strconv.FormatUint(d.Frame, 10), strconv.FormatInt(d.Offset, 10)}
	}
	return model.Trouble{Code: d.Code, Where: d.Name, Args: args, Text: d.Error()}
}
