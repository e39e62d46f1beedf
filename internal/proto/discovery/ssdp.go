package discovery

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

const maxHeaders = 40

var (
	notify  = []byte("NOTIFY * HTTP/1.")
	msearch = []byte("M-SEARCH * HTTP/1.")
	found   = []byte("HTTP/1.1 200 OK")
)

// ssdp decodes one announcement, search or answer. An answer looks like HTTP and is told by its ST header.
func ssdp(c *dissect.Ctx, b []byte) dissect.Verdict {
	switch {
	case bytes.HasPrefix(b, notify):
		announce(c, b)
	case bytes.HasPrefix(b, msearch):
		if v := header(b, "USER-AGENT"); len(v) > 0 {
			c.Say(model.HTTPUserAgent, dissect.View(v))
		}
	case bytes.HasPrefix(b, found):
		if c.SrcPort != 1900 && c.DstPort != 1900 && header(b, "ST") == nil {
			return dissect.No
		}
		announce(c, b)
	default:
		return dissect.No
	}
	return dissect.Yes
}

// announce records the sender's software and what it offers: NT in announcements, ST in answers.
func announce(c *dissect.Ctx, b []byte) {
	if bytes.Equal(header(b, "NTS"), []byte("ssdp:byebye")) {
		return
	}
	for _, h := range [...]struct {
		name string
		kind model.Kind
	}{
		{"SERVER", model.SSDPServer},
		{"NT", model.SSDPType},
		{"ST", model.SSDPType},
		{"X-MODELNAME", model.UPnPModel},
		{"MODEL-NAME", model.UPnPModel},
		{"MODELNAME", model.UPnPModel},
	} {
		if v := header(b, h.name); len(v) > 0 && !bytes.HasPrefix(v, []byte("uuid:")) {
			c.Say(h.kind, dissect.View(v))
		}
	}
}

// header finds a header by name, whatever its case; nil if it is not there.
func header(b []byte, name string) []byte {
	for range maxHeaders {
		_, rest, ok := bytes.Cut(b, []byte("\n"))
		if !ok {
			return nil
		}
		b = rest
		if len(b) > len(name) && b[len(name)] == ':' && bytes.EqualFold(b[:len(name)], []byte(name)) {
			line, _, _ := bytes.Cut(b[len(name)+1:], []byte("\n"))
			return bytes.TrimSpace(line)
		}
	}
	return nil
}
