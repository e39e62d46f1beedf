package collect

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// headLen is how much of a file Sniff is shown.
const headLen = 8 << 10

// input gives a file line by line as UTF-8.
type input struct {
	r    *bufio.Reader
	head []byte
	line int
	long int // lines passed over because of their length
	buf  []byte
	done func()
}

func open(r io.Reader) (*input, error) {
	in := &input{done: func() {}}
	b := bufio.NewReaderSize(r, 64<<10)
	head, err := b.Peek(4)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if r, err = in.unpack(head, b); err != nil {
		return nil, err
	}
	b = bufio.NewReaderSize(r, 64<<10)
	head, err = b.Peek(headLen)
	if err != nil && len(head) == 0 && err != io.EOF {
		in.close()
		return nil, err
	}
	in.head = bytes.Clone(head)
	if order, ok := utf16Of(head); ok {
		b = bufio.NewReaderSize(transform.NewReader(b, unicode.UTF16(order, unicode.UseBOM).NewDecoder()), 64<<10)
	}
	in.r = b
	return in, nil
}

func (in *input) unpack(head []byte, r io.Reader) (io.Reader, error) {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return gzip.NewReader(r)
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(32<<20))
		if err != nil {
			return nil, err
		}
		in.done = z.Close
		return z, nil
	}
	return r, nil
}

func (in *input) close() { in.done() }

// utf16Of recognises UTF-16 by its byte order mark, or by zeros in every other byte of the first ones (Windows redirects).
func utf16Of(head []byte) (unicode.Endianness, bool) {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return unicode.LittleEndian, true
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return unicode.BigEndian, true
	case len(head) >= 4 && head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0:
		return unicode.LittleEndian, true
	case len(head) >= 4 && head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0:
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
}

// next gives the next line without its end. Lines longer than MaxLine are passed over.
func (in *input) next() (string, error) {
	for {
		in.buf = in.buf[:0]
		var err error
		long := false
		for {
			var part []byte
			part, err = in.r.ReadSlice('\n')
			if long = long || len(in.buf)+len(part) > MaxLine; !long {
				in.buf = append(in.buf, part...)
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				break
			}
		}
		if err != nil && (err != io.EOF || len(in.buf) == 0 && !long) {
			return "", err // a last line cut by an error is not whole
		}
		in.line++
		if !long {
			return text(in.buf, in.line == 1), nil
		}
		in.long++
	}
}

// text decodes one line: UTF-8, else CP932, else EUC-JP, as Japanese routers and Windows write.
func text(b []byte, first bool) string {
	b = bytes.TrimRight(b, "\r\n\x00")
	if first {
		b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	}
	if utf8.Valid(b) {
		return string(b)
	}
	sjis, okS := decoded(japanese.ShiftJIS, b)
	euc, okE := decoded(japanese.EUCJP, b)
	switch {
	case okE && (!okS || halfWidth(sjis) > halfWidth(euc)):
		return euc // read as CP932 it would be half-width katakana
	case okS:
		return sjis
	}
	return string(bytes.ToValidUTF8(b, []byte("\uFFFD")))
}

func decoded(e encoding.Encoding, b []byte) (string, bool) {
	d, err := e.NewDecoder().Bytes(b)
	return string(d), err == nil && !bytes.ContainsRune(d, utf8.RuneError)
}

func halfWidth(s string) int {
	n := 0
	for _, r := range s {
		if r >= '\uFF61' && r <= '\uFF9F' {
			n++
		}
	}
	return n
}

// lines decodes the start of a file for Sniff; the last line may be cut.
func lines(head []byte) []string {
	head = head[:min(len(head), headLen)]
	if order, ok := utf16Of(head); ok {
		b, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(head[:len(head)&^1])
		if err != nil {
			return nil
		}
		head = b
	}
	var out []string
	for i, l := range bytes.Split(head, []byte("\n")) {
		out = append(out, text(l, i == 0))
	}
	return out
}
