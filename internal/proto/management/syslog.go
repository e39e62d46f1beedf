package management

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

const (
	maxHost = 255 // RFC 5424, 6.2.4
	maxTag  = 48  // RFC 5424 APP-NAME; RFC 3164 says 32 and nobody keeps to it
	maxPRI  = 191 // facility 23, severity 7
	// maxLine is the longest message over TCP that is waited for.
	maxLine = 8 << 10
)

// syslog decodes one message. Away from its port the timestamp must be there too. A relay passes on names of others as
// if they were its own: that cannot be told from the packet.
func syslog(c *dissect.Ctx, b []byte) dissect.Verdict {
	body, ok := priority(b)
	if !ok {
		return dissect.No
	}
	host, tag, ok := fields(body)
	if !ok && c.DstPort != 514 && c.SrcPort != 514 {
		return dissect.No
	}
	if hostName(host) {
		c.Say(model.NameSyslog, dissect.View(host))
	}
	if len(tag) > 0 && len(tag) <= maxTag {
		c.Say(model.SyslogTag, dissect.View(tag))
	}
	return dissect.Yes
}

// priority takes <PRI> off.
func priority(b []byte) ([]byte, bool) {
	if len(b) < 4 || b[0] != '<' {
		return nil, false
	}
	n := 0
	for i, x := range b[1:min(len(b), 5)] {
		if x == '>' && i > 0 && n <= maxPRI {
			return b[i+2:], true
		}
		if x < '0' || x > '9' {
			return nil, false
		}
		n = n*10 + int(x-'0')
	}
	return nil, false
}

// fields finds host and tag in the forms of RFC 5424, RFC 3164 and Fortinet's key=value. ok is false if it is none.
func fields(b []byte) (host, tag []byte, ok bool) {
	switch {
	case len(b) > 2 && b[0] == '1' && b[1] == ' ':
		_, rest := word(b[2:]) // timestamp
		host, rest = word(rest)
		tag, _ = word(rest)
		return host, nonNil(tag), true
	case bytes.HasPrefix(b, []byte("date=")):
		return keyValue(b, "devname="), nil, true
	}
	rest, ok := bsdTime(b)
	if !ok {
		return nil, nil, false
	}
	host, rest = word(rest)
	if n := len(host); n > 0 && host[n-1] == ':' { // no host: the tag came first
		return nil, tagOf(host), true
	}
	tag, _ = word(rest)
	return host, tagOf(tag), true
}

func nonNil(b []byte) []byte {
	if string(b) == "-" {
		return nil
	}
	return b
}

// tagOf gives the program's name before "[pid]" or ":"; nil if neither follows.
func tagOf(b []byte) []byte {
	if i := bytes.IndexAny(b, "[:"); i > 0 {
		return b[:i]
	}
	return nil
}

func word(b []byte) (w, rest []byte) {
	b = bytes.TrimLeft(b, " ")
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// keyValue gives the value of a key, without quotes.
func keyValue(b []byte, key string) []byte {
	_, v, ok := bytes.Cut(b, []byte(key))
	if !ok {
		return nil
	}
	if len(v) > 0 && v[0] == '"' {
		v, _, _ = bytes.Cut(v[1:], []byte(`"`))
		return v
	}
	v, _ = word(v)
	return v
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// bsdTime passes over "Mmm dd hh:mm:ss ", with a year before the time as Cisco's ASA writes it (RFC 3164, 4.1.2).
func bsdTime(b []byte) ([]byte, bool) {
	if len(b) < 16 || bytes.Index([]byte(months), b[:3])%3 != 0 || b[3] != ' ' {
		return nil, false
	}
	_, b = word(b[4:])
	clock, rest := word(b)
	if len(clock) == 4 {
		clock, rest = word(rest)
	}
	if len(clock) < 8 || clock[2] != ':' || clock[5] != ':' {
		return nil, false
	}
	return rest, true
}

// hostName reports whether the host field is a name and not an address or nothing.
func hostName(b []byte) bool {
	if len(b) == 0 || len(b) > maxHost || string(b) == "-" || b[0] == '%' || b[0] == '*' {
		return false
	}
	letters := false
	for _, x := range b {
		if x <= ' ' || x > '~' || x == '=' || x == '"' || x == ':' {
			return false
		}
		letters = letters || x != '.' && (x < '0' || x > '9')
	}
	return letters // else an IPv4 address; those of IPv6 have colons
}

// syslogStream is syslog over TCP (RFC 6587): octet counting, or messages that end with a line feed or NUL.
type syslogStream struct{}

// matchSyslog wants a priority and a known form behind it.
func matchSyslog(c *dissect.Ctx, b []byte) dissect.Verdict {
	if !c.ToServer {
		return dissect.No
	}
	_, head := frame(b)
	if head == cut {
		return dissect.Maybe
	}
	if head < 0 || len(b) > head && b[head] != '<' {
		return dissect.No
	}
	if len(b) < head+32 {
		return dissect.Maybe
	}
	body, ok := priority(b[head:])
	if !ok {
		return dissect.No
	}
	if _, _, ok = fields(body); !ok && c.DstPort != 514 && c.DstPort != 601 {
		return dissect.No
	}
	return dissect.Yes
}

// What frame says instead of a length.
const (
	broken = -1
	cut    = -2 // more bytes are needed
)

// frame reads the byte count before a message: its value and how long it is; 0, 0 if the message just begins.
func frame(b []byte) (n, head int) {
	if len(b) == 0 || b[0] == '<' {
		return 0, 0
	}
	for i, x := range b {
		if x == ' ' && i > 0 {
			return n, i + 1
		}
		if x < '0' || x > '9' || i > 4 {
			return 0, broken
		}
		n = n*10 + int(x-'0')
	}
	return 0, cut
}

func (*syslogStream) Data(c *dissect.Ctx, b []byte) (int, bool) {
	if !c.ToServer {
		return len(b), true
	}
	done := 0
	for done < len(b) {
		size, ok := message(b[done:])
		if !ok {
			return done, false
		}
		if size == 0 || done+size > len(b) {
			break
		}
		_, head := frame(b[done:])
		line := bytes.TrimRight(b[done+head:done+size], "\r\n\x00")
		if len(line) > 0 && syslog(c, line) == dissect.No {
			return done, false
		}
		done += size
	}
	return done, len(b)-done <= maxLine
}

// message gives the size of the message at the start of b with its frame; 0 if its end is not there yet.
func message(b []byte) (int, bool) {
	n, head := frame(b)
	switch {
	case head == cut:
		return 0, true
	case head == broken || n > maxLine:
		return 0, false
	case head > 0:
		return head + n, true
	}
	return bytes.IndexAny(b, "\n\x00") + 1, true
}

func (*syslogStream) Gap(*dissect.Ctx, int) bool { return false }
