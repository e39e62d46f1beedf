package store

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// A trail's document has one line for each entry, the fields separated by tabs, times in microseconds since 1970:
//
//	d DROPPED
//	a ADDRESS MAC FIRST LAST                                       a stay
//	c PEER PEER-ADDRESS ADDRESS PROTO PORT APP FLOWS OUT IN FIRST LAST   a talk of which the host is the client
//	s (the same)                                                   ... the server
//
// PEER is the id of a host, or empty. An empty field is a value that is not known.

func encodeTrail(t model.Trail) string {
	b := make([]byte, 0, 32+64*len(t.Stays)+120*len(t.Talks))
	if t.Dropped > 0 {
		b = append(b, "d\t"...)
		b = append(strconv.AppendUint(b, t.Dropped, 10), '\n')
	}
	for i := range t.Stays {
		b = appendStay(b, &t.Stays[i])
	}
	for i := range t.Talks {
		b = appendTalk(b, t.Host, &t.Talks[i])
	}
	return string(b)
}

func appendStay(b []byte, s *model.Stay) []byte {
	b = append(b, "a\t"...)
	b = append(appendAddr(b, s.Addr), '\t')
	b = append(append(b, s.MAC.String()...), '\t')
	b = append(strconv.AppendInt(b, micros(s.First), 10), '\t')
	return append(strconv.AppendInt(b, micros(s.Last), 10), '\n')
}

func appendTalk(b []byte, host string, t *model.Talk) []byte {
	mark, own, peer := byte('c'), t.Client.Addr, t.Server
	if t.Client.Host != host {
		mark, own, peer = 's', t.Server.Addr, t.Client
	}
	b = append(b, mark, '\t')
	b = append(append(b, peer.Host...), '\t')
	b = append(appendAddr(b, peer.Addr), '\t')
	b = append(appendAddr(b, own), '\t')
	b = append(strconv.AppendUint(b, uint64(t.Proto), 10), '\t')
	b = append(strconv.AppendUint(b, uint64(t.Port), 10), '\t')
	b = append(append(b, lineText(t.App)...), '\t')
	for _, n := range [...]uint64{t.Flows, t.BytesOut, t.BytesIn} {
		b = append(strconv.AppendUint(b, n, 10), '\t')
	}
	b = append(strconv.AppendInt(b, micros(t.First), 10), '\t')
	return append(strconv.AppendInt(b, micros(t.Last), 10), '\n')
}

// lineText makes text fit for a field. Only names that we give come here; it holds for others too.
func lineText(s string) string {
	if !strings.ContainsAny(s, "\t\n\x00") {
		return s
	}
	return columnText(strings.NewReplacer("\t", " ", "\n", " ").Replace(s))
}

func appendAddr(b []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return b
	}
	return a.AppendTo(b)
}

var errLine = errors.New("a line is not as it was written")

// decodeTrail reads a document. What it can't read is damage: only we write documents.
func decodeTrail(host, doc, sum string) (model.Trail, error) {
	t := model.Trail{Host: host}
	err := error(nil)
	if digest([]byte(doc)) != sum {
		err = errDigest
	}
	for err == nil && doc != "" {
		line, rest, whole := strings.Cut(doc, "\n")
		doc = rest
		if !whole || !readLine(&t, line) {
			err = fmt.Errorf("%w: %q", errLine, line)
		}
	}
	if err != nil {
		return t, &Error{Code: Corrupt, Where: "trail " + host, Err: err}
	}
	return t, nil
}

func readLine(t *model.Trail, line string) bool {
	f := fields{rest: line, ok: true}
	switch mark := f.next(); mark {
	case "d":
		t.Dropped = f.number(64)
	case "a":
		t.Stays = append(t.Stays, model.Stay{Addr: f.addr(), MAC: f.mac(), First: f.time(), Last: f.time()})
	case "c", "s":
		t.Talks = append(t.Talks, f.talk(t.Host, mark == "c"))
	default:
		return false
	}
	return f.ok && f.rest == ""
}

// fields reads the fields of a line one after the other.
type fields struct {
	rest string
	ok   bool
}

func (f *fields) next() string {
	s, rest, _ := strings.Cut(f.rest, "\t")
	f.rest = rest
	return s
}

func (f *fields) number(bits int) uint64 {
	n, err := strconv.ParseUint(f.next(), 10, bits)
	f.ok = f.ok && err == nil
	return n
}

func (f *fields) time() time.Time {
	n, err := strconv.ParseInt(f.next(), 10, 64)
	f.ok = f.ok && err == nil
	return time.UnixMicro(n).UTC()
}

func (f *fields) addr() netip.Addr {
	s := f.next()
	if s == "" {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(s)
	f.ok = f.ok && err == nil
	return a
}

func (f *fields) mac() (m model.MAC) {
	f.ok = m.UnmarshalText([]byte(f.next())) == nil && f.ok
	return m
}

func (f *fields) talk(host string, client bool) model.Talk {
	peer := model.Party{Host: f.next(), Addr: f.addr()}
	own := model.Party{Host: host, Addr: f.addr()}
	t := model.Talk{Client: own, Server: peer}
	if !client {
		t.Client, t.Server = peer, own
	}
	t.Proto, t.Port, t.App = uint8(f.number(8)), uint16(f.number(16)), f.next()
	t.Flows, t.BytesOut, t.BytesIn = f.number(64), f.number(64), f.number(64)
	t.First, t.Last = f.time(), f.time()
	return t
}
