package capture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/mimawari/mimawari/internal/model"
)

// Options bound what a source uses. Zero fields take their default.
type Options struct {
	Batches int // batches in flight, default 4 of 512 KiB: Next waits until one is released
}

// maxWindow bounds the memory that a zstd file may ask for.
const maxWindow = 32 << 20

// Open opens a capture file, or standard input (in) if name is "-". All its errors are *Damage. It recognises the format
// by the first bytes, never by the name.
func Open(name string, in io.Reader, opts Options) (Source, error) {
	f := &file{name: name, pool: newPool(max(cmp.Or(opts.Batches, fileBatches), 1), fileBytes)}
	f.info.Name = name
	raw, err := f.raw(in)
	if err != nil {
		f.Close()
		return nil, err
	}
	if err := f.begin(raw); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// file reads a capture in pieces of one batch.
type file struct {
	tally
	name   string
	pool   *pool
	disk   witness        // the input as it comes
	in     io.Reader      // the same, decompressed
	close  []func() error // in the order they were opened
	dec    decoder
	carry  []byte // the start of a record whose end was not read yet
	off    int64  // of carry in the decompressed file
	skip   int64  // bytes to pass over before anything else
	frames uint64
	ended  error // of reading: what is in carry may still hold frames
	wait   bool  // fill whole batches: true for files, false for pipes, which may be live
	err    error // of Next
}

func (f *file) raw(in io.Reader) (io.Reader, error) {
	if f.name == "-" {
		if h, ok := in.(*os.File); ok {
			st, err := h.Stat()
			f.wait = err == nil && st.Mode().IsRegular()
		}
		return in, nil
	}
	st, err := os.Stat(f.name)
	if err != nil {
		return nil, f.openDamage(err)
	}
	if st.IsDir() {
		return nil, &Damage{Name: f.name, Code: "directory", Err: errors.New("is a directory")}
	}
	h, err := os.Open(f.name)
	if err != nil {
		return nil, f.openDamage(err)
	}
	f.wait = st.Mode().IsRegular()
	f.close = append(f.close, h.Close)
	return h, nil
}

func (f *file) openDamage(err error) *Damage {
	code := "unreadable"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code = "not_found"
	case errors.Is(err, fs.ErrPermission):
		code = "permission"
	}
	return &Damage{Name: f.name, Code: code, Err: err}
}

// begin recognises the format, at most one layer of compression deep.
func (f *file) begin(raw io.Reader) error {
	f.disk.r = raw
	f.in = &f.disk
	if err := f.fillHead(); err != nil {
		return err
	}
	format := Sniff(f.carry)
	if format == Gzip || format == Zstd {
		if err := f.unpack(format); err != nil {
			return err
		}
		if err := f.fillHead(); err != nil {
			return err
		}
		format = Sniff(f.carry)
	}
	switch format {
	case Pcap:
		if len(f.carry) < pcapHeaderLen {
			return f.damage("truncated", io.ErrUnexpectedEOF)
		}
		f.dec = newPcap(f.carry)
		f.carry, f.off = f.carry[pcapHeaderLen:], pcapHeaderLen
	case Pcapng:
		f.dec = &pcapng{}
	case Empty:
		return f.damage("empty", errors.New("the file is empty"))
	default:
		format = SniffName(f.name, f.carry)
		return f.damage("looks_"+string(format), fmt.Errorf("not a capture, looks like %s", format))
	}
	f.info.Kind = string(format)
	return nil
}

// fillHead reads the first bytes into carry: as many as a format needs to be known, more if they are there already.
func (f *file) fillHead() error {
	head := make([]byte, SniffLen)
	least := pcapHeaderLen
	if f.wait {
		least = len(head)
	}
	n, err := io.ReadAtLeast(f.in, head, least)
	f.carry = head[:n]
	if err == nil || errors.Is(err, io.EOF) {
		return nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) && n > 0 {
		return nil // short; if it was cut inside the compression, the next read says so again
	}
	return f.readDamage(err)
}

// unpack puts the decompressor between the bytes and the decoder.
func (f *file) unpack(format Format) error {
	z, done, err := Decompress(format, io.MultiReader(newPiece(f.carry), &f.disk))
	if err != nil {
		return f.readDamage(err)
	}
	f.in = z
	f.close = append(f.close, func() error { done(); return nil })
	return nil
}

// Decompress reads gzip (RFC 1952, several members) or zstd (RFC 8878, several frames) with bounded memory. done gives
// the memory back.
func Decompress(format Format, r io.Reader) (z io.Reader, done func(), err error) {
	if format == Gzip {
		z, err = gzip.NewReader(r)
		return z, func() {}, err
	}
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, nil, err
	}
	return d, d.Close, nil
}

// piece reads a byte slice once and lets go of it.
type piece struct{ b []byte }

func newPiece(b []byte) *piece { return &piece{b: b} }

func (p *piece) Read(b []byte) (int, error) {
	if len(p.b) == 0 {
		p.b = nil
		return 0, io.EOF
	}
	n := copy(b, p.b)
	p.b = p.b[n:]
	return n, nil
}

func (f *file) damage(code string, err error) *Damage {
	return &Damage{Name: f.name, Offset: f.off, Frame: f.frames, Code: code, Err: err}
}

// readDamage turns an error of read() or of a decompressor into words.
func (f *file) readDamage(err error) *Damage {
	switch {
	case f.disk.err != nil:
		return f.damage("unreadable", err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return f.damage("truncated", err)
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		d := f.damage("zstd_window", err)
		d.Args = []string{strconv.Itoa(maxWindow >> 20)}
		return d
	}
	return f.damage("corrupt_compressed", err)
}

// witness remembers errors of the input itself, to tell them from what a decompressor thinks of it.
type witness struct {
	r   io.Reader
	err error
}

func (w *witness) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// Next implements Source. The end of ctx is noticed between reads: a pipe that sends nothing keeps it waiting.
func (f *file) Next(ctx context.Context) (*Batch, error) {
	if f.err != nil {
		return nil, f.err
	}
	b, err := f.pool.get(ctx)
	if err != nil {
		return nil, err
	}
	for len(b.Frames) == 0 && f.err == nil {
		if err := ctx.Err(); err != nil {
			b.Release()
			return nil, err
		}
		f.step(b)
	}
	if len(b.Frames) == 0 {
		b.Release()
		return nil, f.err
	}
	return b, nil
}

// step reads once into b and decodes what is there. What remains goes to carry, because b may be in other hands by the
// time it is completed.
func (f *file) step(b *Batch) {
	n := f.fill(b.buf)
	used, bad := 0, (*fault)(nil)
	if n > 0 {
		used, bad = f.dec.decode(b.buf[:n], b)
	}
	f.frames += uint64(len(b.Frames))
	f.carry = append(f.carry[:0], b.buf[min(used, n):n]...)
	f.off += int64(used)
	f.skip += int64(used - min(used, n))
	f.account(b)
	switch {
	case bad != nil:
		f.err = f.damage(bad.code, bad.err)
	case f.ended == io.EOF && len(b.Frames) < cap(b.Frames):
		f.err = f.end()
	case f.ended != nil && len(b.Frames) < cap(b.Frames):
		f.err = f.readDamage(f.ended)
	}
}

func (f *file) end() error {
	if len(f.carry) > 0 || f.skip > 0 {
		return f.damage("truncated", io.ErrUnexpectedEOF)
	}
	return io.EOF
}

// fill puts carry and what can be read behind it into buf. f.ended says why no more will come.
func (f *file) fill(buf []byte) int {
	n := copy(buf, f.carry)
	for idle := 0; f.ended == nil && n < len(buf); {
		m, err := f.in.Read(buf[n:])
		drop := int(min(f.skip, int64(m)))
		copy(buf[n:], buf[n+drop:n+m])
		f.skip -= int64(drop)
		n += m - drop
		f.ended = err
		if idle++; m > 0 {
			idle = 0
		} else if idle == 100 && err == nil {
			f.ended = io.ErrNoProgress
		}
		if n > 0 && m > 0 && !f.wait {
			break
		}
	}
	return n
}

func (f *file) account(b *Batch) {
	cut, dropped, clock := f.dec.counters()
	f.add(b, cut)
	if dropped == 0 && clock == 0 {
		return
	}
	f.change(func(s *model.Source) {
		s.Mirror.Dropped = dropped
		if clock > 0 {
			s.Errors = append(s.Errors[:0], model.Trouble{
				Code: "frame_time", Where: f.name, Args: []string{strconv.FormatUint(clock, 10)},
				Text: fmt.Sprintf("%s: %d frames have a time that cannot be read; the time before it was used", f.name, clock),
			})
		}
	})
}

// Close implements Source. Batches given out stay valid.
func (f *file) Close() error {
	var errs []error
	for i := len(f.close) - 1; i >= 0; i-- {
		errs = append(errs, f.close[i]())
	}
	f.close = nil
	if f.err == nil {
		f.err = fs.ErrClosed
	}
	return errors.Join(errs...)
}
