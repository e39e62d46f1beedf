package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteTo writes the document as JSON with two spaces of indentation, piece by piece: the bytes are those of one encoder,
// but no more than one host or finding of them is in memory.
func (d Document) WriteTo(w io.Writer) (int64, error) {
	p := newPieces(w)
	p.field("schema", d.Schema)
	p.field("patrol", d.Patrol)
	p.field("sources", d.Sources)
	p.field("stats", d.Stats)
	p.field("limits", d.Limits)
	pieces(p, "hosts", d.Hosts)
	pieces(p, "findings", d.Findings)
	return p.end()
}

// pieceWriter writes the fields of one object.
type pieceWriter struct {
	out   *bufio.Writer
	n     int64
	err   error
	sep   string
	value [2]encoder // of fields, of elements
}

// encoder gives values with the indentation of their place.
type encoder struct {
	text strings.Builder
	json *json.Encoder
}

func newPieces(w io.Writer) *pieceWriter {
	p := &pieceWriter{out: bufio.NewWriterSize(w, 64<<10), sep: "{\n"}
	for i := range p.value {
		e := &p.value[i]
		e.json = json.NewEncoder(&e.text)
		e.json.SetIndent(strings.Repeat("  ", i+1), "  ")
		e.json.SetEscapeHTML(false)
	}
	return p
}

func (p *pieceWriter) put(parts ...string) {
	for _, s := range parts {
		n, err := p.out.WriteString(s)
		p.n += int64(n)
		if p.err == nil && err != nil {
			p.err = fmt.Errorf("write JSON: %w", err)
		}
	}
}

// encode writes v as it looks at the given depth.
func (p *pieceWriter) encode(depth int, v any) {
	e := &p.value[depth]
	e.text.Reset()
	if err := e.json.Encode(v); err != nil && p.err == nil {
		p.err = fmt.Errorf("write JSON: %w", err)
	}
	p.put(strings.TrimSuffix(e.text.String(), "\n"))
}

func (p *pieceWriter) name(s string) {
	p.put(p.sep, `  "`, s, `": `)
	p.sep = ",\n"
}

func (p *pieceWriter) field(name string, v any) {
	p.name(name)
	p.encode(0, v)
}

// pieces writes a list one element after the other.
func pieces[T any](p *pieceWriter, name string, all []T) {
	if len(all) == 0 {
		p.field(name, []T{})
		return
	}
	p.name(name)
	sep := "[\n    "
	for i := range all {
		if p.err != nil {
			return
		}
		p.put(sep)
		p.encode(1, &all[i])
		sep = ",\n    "
	}
	p.put("\n  ]")
}

func (p *pieceWriter) end() (int64, error) {
	p.put("\n}\n")
	if err := p.out.Flush(); p.err == nil && err != nil {
		p.err = fmt.Errorf("write JSON: %w", err)
	}
	return p.n, p.err
}
