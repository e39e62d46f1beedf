package banner

import (
	"bytes"
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// nothing is the stream of protocols that are recognised and no more.
type nothing struct{}

func named() dissect.Stream { return nothing{} }

// Data implements dissect.Stream.
func (nothing) Data(_ *dissect.Ctx, b []byte) (n int, more bool) { return len(b), false }

// Gap implements dissect.Stream.
func (nothing) Gap(*dissect.Ctx, int) bool { return false }

func matchRsync(_ *dissect.Ctx, b []byte) dissect.Verdict { return hasPrefix(b, "@RSYNCD: ") }

// matchGit wants a pkt-line with a request (gitprotocol-pack).
func matchGit(_ *dissect.Ctx, b []byte) dissect.Verdict {
	for _, x := range b[:min(len(b), 4)] {
		if !(x >= '0' && x <= '9' || x >= 'a' && x <= 'f') {
			return dissect.No
		}
	}
	if len(b) <= 4 {
		return dissect.Maybe
	}
	return anyPrefix(b[4:], "git-upload-pack ", "git-receive-pack ", "git-upload-archive ")
}

// matchIRC knows registration (RFC 2812 section 3.1) and a server's first notices.
func matchIRC(c *dissect.Ctx, b []byte) dissect.Verdict {
	if c.ToServer {
		v := anyPrefix(b, "NICK ", "CAP LS", "CAP REQ")
		if v == dissect.No && (contains(b, "\nNICK ") || hasPrefix(b, "USER ") == dissect.Yes && contains(b, " :")) {
			v = dissect.Yes
		}
		return v
	}
	if v := anyPrefix(b, "NOTICE AUTH ", "NOTICE * "); v != dissect.No {
		return v
	}
	if b[0] != ':' {
		return dissect.No
	}
	line, _, whole := bytes.Cut(b, []byte{'\n'})
	switch {
	case contains(line, " NOTICE "), contains(line, " 001 "), contains(line, " PRIVMSG "):
		return dissect.Yes
	case whole || len(line) > maxLine:
		return dissect.No
	}
	return dissect.Maybe
}

// matchXMPP knows the opening of a stream, RFC 6120 section 4.2.
func matchXMPP(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if v := anyPrefix(b, "<?xml", "<stream:stream"); v != dissect.Yes {
		return v
	}
	switch {
	case contains(b, "<stream:stream"):
		return dissect.Yes
	case len(b) < 128:
		return dissect.Maybe
	}
	return dissect.No
}

// xmpp looks for TLS, RFC 6120 section 5.
type xmpp struct{ calls int }

// Data implements dissect.Stream.
func (x *xmpp) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	i := bytes.Index(b, []byte("<proceed"))
	if !c.ToServer && i >= 0 {
		end := bytes.IndexByte(b[i:], '>')
		if end < 0 {
			return i, len(b)-i < maxLine
		}
		c.Handover = true
		return i + end + 1, false
	}
	x.calls++
	keep := 0
	if j := bytes.LastIndexByte(b, '<'); j >= 0 && len(b)-j < len("<proceed") {
		keep = len(b) - j
	}
	return len(b) - keep, x.calls < 4096
}

// Gap implements dissect.Stream.
func (x *xmpp) Gap(*dissect.Ctx, int) bool { return true }

// matchRedis knows a request, an array of bulk strings (RESP).
func matchRedis(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !c.ToServer || b[0] != '*' {
		return dissect.No
	}
	head, rest, ok := bytes.Cut(b, []byte("\r\n"))
	if len(head) > 8 || bytes.ContainsFunc(head[1:], func(r rune) bool { return r < '0' || r > '9' }) && ok {
		return dissect.No
	}
	if !ok || len(rest) == 0 {
		return dissect.Maybe
	}
	if rest[0] == '$' && len(head) > 1 {
		return dissect.Yes
	}
	return dissect.No
}

// redis notices AUTH, which sends a password.
type redis struct{ calls int }

// Data implements dissect.Stream.
func (r *redis) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	r.calls++
	if c.ToServer && contains(b[:min(len(b), 64)], "\r\n$4\r\nAUTH\r\n") {
		c.SayOf(model.CleartextLogin, "redis")
		return len(b), false
	}
	if c.ToServer && len(b) < 14 && r.calls < 32 {
		return 0, true
	}
	return len(b), r.calls < 8
}

// Gap implements dissect.Stream.
func (r *redis) Gap(*dissect.Ctx, int) bool { return false }

// matchMongoDB checks the message header and the start of the usual messages (MongoDB wire protocol).
func matchMongoDB(_ *dissect.Ctx, b []byte) dissect.Verdict {
	const (
		opReply = 1
		opQuery = 2004
		opMsg   = 2013
	)
	if len(b) < 21 {
		if len(b) >= 4 && (binary.LittleEndian.Uint32(b) < 21 || b[3] != 0) {
			return dissect.No
		}
		return dissect.Maybe
	}
	r := dissect.Read(b)
	size, _, to, op, flags, next := r.L32(), r.L32(), r.L32(), r.L32(), r.L32(), r.U8()
	if size < 21 || size > 48<<20 {
		return dissect.No
	}
	ok := op == opMsg && flags&^0x10003 == 0 && next <= 1 || op == opQuery && (to == 0 || to == 1<<32-1) && flags <= 0xff && next > ' ' && next < 0x7f ||
		op == opReply && to != 0 && flags <= 0xf && len(b) >= 36
	if ok {
		return dissect.Yes
	}
	return dissect.No
}

// matchElasticsearch knows the header of the transport protocol: "ES", length, request id, status, version.
func matchElasticsearch(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if v := hasPrefix(b, "ES"); v != dissect.Yes {
		return v
	}
	if len(b) < 19 {
		return dissect.Maybe
	}
	if binary.BigEndian.Uint32(b[2:]) < 1<<26 && b[6] == 0 && b[14] <= 0x0f && b[15] == 0 {
		return dissect.Yes
	}
	return dissect.No
}

// matchMemcached knows the text commands and the binary header, on its port only: both are weak.
func matchMemcached(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !atHome(c, 11211) {
		return dissect.No
	}
	if b[0] == 0x80 || b[0] == 0x81 {
		return dissect.Yes
	}
	return anyPrefix(b, "get ", "gets ", "set ", "add ", "stats", "version", "delete ", "incr ", "VALUE ", "STAT ", "STORED", "END\r\n", "VERSION ", "ERROR\r\n")
}

// memcachedDatagram: 8 bytes of frame header (request id, sequence, count, zero), then text.
func memcachedDatagram(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) > 10 && b[6] == 0 && b[7] == 0 && matchMemcached(c, b[8:]) == dissect.Yes {
		return dissect.Yes
	}
	return dissect.No
}
