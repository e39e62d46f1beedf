// Package oui names the maker of a network card from its MAC address, with the public assignments of the IEEE
// Registration Authority (MA-L, MA-M, MA-S and IAB). It does not say what the machine is: a card's maker is often
// not the machine's.
//
// The table is embedded compressed and unpacked once, at the first lookup, into two megabytes.
package oui

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/mimawari/mimawari/catalog"
	"github.com/mimawari/mimawari/internal/model"
)

// File is where the table is in the catalog.
const File = "products/oui/oui.zst"

// Bounds of a table: a damaged one must not take all memory.
const (
	maxPacked   = 1 << 20
	maxUnpacked = 8 << 20
	maxEntries  = 1 << 20
)

var magic = []byte("OUI1")

var errTable = errors.New("OUI table is damaged: make it again with go run ./internal/inventory/gen")

// Entry is one assignment: the first Bits bits of an address and the organisation they were given to.
type Entry struct {
	Prefix uint64 // the Bits bits, right-aligned
	Bits   int    // 24, 28 or 36
	Name   string
}

// lengths are the sizes of assignments, longest first: the longest match wins.
var lengths = [...]int{36, 28, 24}

// Table is an unpacked table.
type Table struct {
	names   string
	offsets []uint32 // of each name in names, one more than names
	parts   [len(lengths)]part
}

type part struct {
	prefixes []uint64
	name     []uint32
}

var embedded = sync.OnceValues(func() (*Table, error) {
	b, err := fs.ReadFile(catalog.FS, File)
	if err != nil {
		return nil, fmt.Errorf("read OUI table: %w", err)
	}
	return Unpack(b)
})

// Lookup gives the organisation that m was assigned to; "" for local, group and unassigned addresses.
func Lookup(m model.MAC) string {
	t, err := embedded()
	if err != nil {
		panic("BUG: embedded " + err.Error())
	}
	return t.Lookup(m)
}

// Lookup gives the organisation of m in t, by the longest assignment.
func (t *Table) Lookup(m model.MAC) string {
	if m.IsLocal() || m.IsGroup() || m.IsZero() {
		return ""
	}
	var x uint64
	for _, b := range m {
		x = x<<8 | uint64(b)
	}
	for i, bits := range lengths {
		p := &t.parts[i]
		if j, ok := slices.BinarySearch(p.prefixes, x>>(48-bits)); ok {
			return t.name(p.name[j])
		}
	}
	return ""
}

// Len is the number of assignments.
func (t *Table) Len() (n int) {
	for i := range t.parts {
		n += len(t.parts[i].prefixes)
	}
	return n
}

func (t *Table) name(i uint32) string { return t.names[t.offsets[i] : t.offsets[i+1]-1] }

// Pack makes the compressed form of entries. Equal entries give equal bytes, in any order; of two names for one prefix
// the first in the alphabet is kept.
func Pack(entries []Entry) ([]byte, error) {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b Entry) int {
		if a.Bits != b.Bits {
			return b.Bits - a.Bits
		}
		if a.Prefix != b.Prefix {
			if a.Prefix < b.Prefix {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	entries = slices.CompactFunc(entries, func(a, b Entry) bool { return a.Bits == b.Bits && a.Prefix == b.Prefix })
	raw := append([]byte(nil), magic...)
	names, index := nameList(entries)
	raw = binary.AppendUvarint(raw, uint64(len(names)))
	for _, n := range names {
		raw = append(append(raw, n...), '\n')
	}
	for _, bits := range lengths {
		raw = appendPart(raw, entries, bits, index)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, fmt.Errorf("compress OUI table: %w", err)
	}
	return enc.EncodeAll(raw, nil), nil
}

func nameList(entries []Entry) ([]string, map[string]uint64) {
	var names []string
	for _, e := range entries {
		names = append(names, strings.ReplaceAll(e.Name, "\n", " "))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	index := make(map[string]uint64, len(names))
	for i, n := range names {
		index[n] = uint64(i)
	}
	return names, index
}

func appendPart(raw []byte, entries []Entry, bits int, index map[string]uint64) []byte {
	var prefixes, names []byte
	var n, last uint64
	for _, e := range entries {
		if e.Bits != bits {
			continue
		}
		n++
		prefixes = binary.AppendUvarint(prefixes, e.Prefix-last)
		names = binary.LittleEndian.AppendUint16(names, uint16(index[e.Name]))
		last = e.Prefix
	}
	raw = binary.AppendUvarint(raw, n)
	return append(append(raw, prefixes...), names...)
}

// Unpack reads what Pack made.
func Unpack(packed []byte) (*Table, error) {
	if len(packed) > maxPacked {
		return nil, fmt.Errorf("%w: %d bytes", errTable, len(packed))
	}
	dec, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(2*maxUnpacked))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTable, err)
	}
	defer dec.Close()
	raw, err := io.ReadAll(io.LimitReader(dec, maxUnpacked))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTable, err)
	}
	return parse(raw)
}

func parse(raw []byte) (*Table, error) {
	rest, ok := bytes.CutPrefix(raw, magic)
	if !ok {
		return nil, errTable
	}
	n, rest, err := count(rest)
	if err != nil || n > 1<<16 {
		return nil, errTable
	}
	t := &Table{offsets: make([]uint32, 1, n+1)}
	end := 0
	for range n {
		i := bytes.IndexByte(rest[end:], '\n')
		if i < 0 {
			return nil, errTable
		}
		end += i + 1
		t.offsets = append(t.offsets, uint32(end))
	}
	t.names, rest = string(rest[:end]), rest[end:]
	for i := range t.parts {
		if rest, err = t.parts[i].read(rest, uint32(n)); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (p *part) read(b []byte, names uint32) ([]byte, error) {
	n, b, err := count(b)
	if err != nil {
		return nil, err
	}
	p.prefixes, p.name = make([]uint64, n), make([]uint32, n)
	var last uint64
	for i := range p.prefixes {
		d, k := binary.Uvarint(b)
		if k <= 0 || d > 1<<36 {
			return nil, errTable
		}
		last, b = last+d, b[k:]
		p.prefixes[i] = last
	}
	if len(b) < 2*n {
		return nil, errTable
	}
	for i := range p.name {
		x := uint32(binary.LittleEndian.Uint16(b[2*i:]))
		if x >= names {
			return nil, errTable
		}
		p.name[i] = x
	}
	return b[2*n:], nil
}

func count(b []byte) (int, []byte, error) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > maxEntries || n > uint64(len(b)) {
		return 0, nil, errTable
	}
	return int(n), b[k:], nil
}
