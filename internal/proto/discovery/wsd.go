package discovery

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

const maxScopes = 32

// wsd decodes one SOAP message of WS-Discovery. Types and scopes count in what a device says (Hello, ProbeMatches,
// ResolveMatches); in a Probe they are what somebody looks for.
func wsd(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 64 || b[0] != '<' && !bytes.HasPrefix(b, []byte("\xef\xbb\xbf<")) {
		return dissect.No
	}
	if !bytes.Contains(b, []byte("ws/2005/04/discovery")) && !bytes.Contains(b, []byte("ws-dd/ns/discovery")) {
		return dissect.No
	}
	if !bytes.Contains(b, []byte("Matches")) && !bytes.Contains(b, []byte("discovery/Hello")) {
		return dissect.Yes
	}
	if types := element(b, "Types"); len(types) > 0 {
		c.Say(model.WSDType, dissect.View(types))
	}
	scopes := element(b, "Scopes")
	for range maxScopes {
		var scope []byte
		scopes = bytes.TrimLeft(scopes, " \t\r\n")
		if len(scopes) == 0 {
			break
		}
		scope, scopes = cutSpace(scopes)
		sayScope(c, scope)
	}
	return dissect.Yes
}

func cutSpace(b []byte) (word, rest []byte) {
	if i := bytes.IndexAny(b, " \t\r\n"); i >= 0 {
		return b[:i], b[i:]
	}
	return b, nil
}

// sayScope records the scopes that name the device (ONVIF Core 7.3.2.2: hardware, name, type), not its place.
func sayScope(c *dissect.Ctx, scope []byte) {
	_, path, ok := bytes.Cut(scope, []byte("onvif.org/"))
	if !ok {
		return
	}
	for _, p := range [...]string{"hardware/", "name/", "type/", "model/"} {
		if bytes.HasPrefix(path, []byte(p)) {
			c.Say(model.WSDScope, dissect.View(unescape(c.Scratch(), path)))
		}
	}
}

// unescape undoes percent encoding; broken escapes stay as they are.
func unescape(v, b []byte) []byte {
	for i := 0; i < len(b) && len(v) < model.MaxText; i++ {
		if b[i] == '%' && i+2 < len(b) {
			hi, ok1 := hexDigit(b[i+1])
			lo, ok2 := hexDigit(b[i+2])
			if ok1 && ok2 {
				v = append(v, hi<<4|lo)
				i += 2
				continue
			}
		}
		v = append(v, b[i])
	}
	return v
}

func hexDigit(x byte) (byte, bool) {
	switch {
	case '0' <= x && x <= '9':
		return x - '0', true
	case 'a' <= x|0x20 && x|0x20 <= 'f':
		return x | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// element gives the text of the first element with this local name, whatever its prefix and attributes. The messages are
// small and flat, so no XML parser is needed; entities are left as they are.
func element(b []byte, local string) []byte {
	for range 512 {
		i := bytes.IndexByte(b, '<')
		if i < 0 {
			return nil
		}
		b = b[i+1:]
		end := bytes.IndexByte(b, '>')
		if end < 0 {
			return nil
		}
		tag := b[:end]
		b = b[end+1:]
		name, _ := cutSpace(tag)
		if _, after, ok := bytes.Cut(name, []byte(":")); ok {
			name = after
		}
		if string(name) != local {
			continue
		}
		if stop := bytes.IndexByte(b, '<'); stop >= 0 {
			return bytes.TrimSpace(b[:stop])
		}
		return nil
	}
	return nil
}
