package web

import (
	"bytes"
	"encoding/binary"
	"html"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/charset"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// sniff gathers the start of a body and reads it as soon as enough is there.
func (v *conversation) sniff(c *dissect.Ctx, h *half, b []byte) {
	if h.sniffed == nil {
		return
	}
	limit := h.msg.sniffLimit()
	h.sniffed = append(h.sniffed, b[:min(len(b), limit-len(h.sniffed))]...)
	if len(h.sniffed) >= limit || enough(h) {
		v.read(c, h)
		h.sniffed = nil
	}
}

func (m *message) sniffLimit() int {
	switch {
	case m.content == ippContent && m.request:
		return 8 // RFC 8010 section 3.1.1: version, operation, request id. What follows is a document
	case m.content == htmlContent:
		return maxTitle
	}
	return maxSniff
}

// A device description says that it is one within its first bytes; one device is read.
const (
	deviceEnd    = "</device>"
	deviceWithin = 1 << 10
)

func isDevice(b []byte) bool { return isUPnP(b) || isDPWS(b) }

func isUPnP(b []byte) bool {
	return bytes.Contains(b[:min(len(b), deviceWithin)], []byte("urn:schemas-upnp-org:device"))
}

// isDPWS knows the name spaces of Devices Profile for Web Services (2006 and OASIS 2009), with which printers, scanners and
// Windows describe themselves.
func isDPWS(b []byte) bool {
	b = b[:min(len(b), deviceWithin)]
	return bytes.Contains(b, []byte("/ws/2006/02/devprof")) || bytes.Contains(b, []byte("/ws-dd/ns/dpws/2009/01"))
}

// enough says that reading now gives what reading the whole body would give.
func enough(h *half) bool {
	switch h.msg.content {
	case htmlContent:
		return !h.msg.gzip && containsFold(h.sniffed, "</title")
	case xmlContent:
		return bytes.Contains(h.sniffed, []byte(deviceEnd)) || len(h.sniffed) >= deviceWithin && !isDevice(h.sniffed)
	}
	return false
}

// messageDone is called at the end of a body.
func (v *conversation) messageDone(c *dissect.Ctx, h *half) {
	if len(h.sniffed) > 0 {
		v.read(c, h)
	}
	h.sniffed = nil
	h.phase = atStart
}

func (v *conversation) read(c *dissect.Ctx, h *half) {
	switch h.msg.content {
	case htmlContent:
		b := h.sniffed
		if h.msg.gzip {
			b = gunzip(b)
		}
		title(c, b, h.msg.charset)
	case xmlContent:
		device(c, h.sniffed)
	case ippContent:
		if !h.msg.request {
			ippResponse(c, v.asked[min(h.question, maxMessages-1)].ippOp, h.sniffed)
		} else if len(h.sniffed) >= 8 && v.requests > 0 && v.requests <= maxMessages {
			v.asked[v.requests-1].ippOp = binary.BigEndian.Uint16(h.sniffed[2:])
		}
	}
}

// gunzip unpacks what there is, up to maxTitle: devices often keep their pages packed.
func gunzip(b []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	out := make([]byte, maxTitle)
	n, _ := io.ReadFull(z, out) // the end is missing as a rule
	return out[:n]
}

// title says the title of an HTML page.
func title(c *dissect.Ctx, b []byte, hint string) {
	text, ok := element(b, "<title", "</title")
	if !ok {
		return
	}
	if hint == "" {
		hint = metaCharset(b)
	}
	c.SayAt(model.HTTPTitle, html.UnescapeString(charset.Text(text, hint)))
}

// element gives what is between an opening tag, which may have attributes, and its end.
func element(b []byte, open, end string) ([]byte, bool) {
	i := indexFold(b, open)
	if i < 0 {
		return nil, false
	}
	b = b[i+len(open):]
	j := bytes.IndexByte(b, '>')
	if j < 0 {
		return nil, false
	}
	if b[0] != '>' && b[0] > ' ' { // a longer name
		return element(b, open, end)
	}
	b = b[j+1:]
	i = indexFold(b, end)
	if i < 0 {
		return nil, false
	}
	return bytes.TrimSpace(b[:i]), true
}

func indexFold(b []byte, s string) int {
	for i := 0; i+len(s) <= len(b); i++ {
		if b[i]|0x20 == s[0]|0x20 && bytes.EqualFold(b[i:i+len(s)], []byte(s)) {
			return i
		}
	}
	return -1
}

func metaCharset(b []byte) string {
	i := indexFold(b, "charset=")
	if i < 0 {
		return ""
	}
	return string(b[i+8 : min(len(b), i+24)])
}

// device says manufacturer and model of a device description: of UPnP (Device Architecture 2.0, section 2.3), or of
// ThisModel in DPWS (section 5.1), whose names have a prefix.
func device(c *dissect.Ctx, b []byte) {
	switch {
	case isUPnP(b):
		b, _, _ = bytes.Cut(b, []byte(deviceEnd))
		sayDevice(c, b, "<manufacturer", "<modelName", "<modelNumber")
	case isDPWS(b):
		sayDevice(c, b, ":Manufacturer", ":ModelName", ":ModelNumber")
	}
}

func sayDevice(c *dissect.Ctx, b []byte, tags ...string) {
	v := c.Scratch()
	for _, tag := range tags {
		text, ok := element(b, tag, "</")
		if ok && len(text) > 0 && len(v)+len(text) < model.MaxText && !bytes.Contains(v, text) {
			if bytes.HasPrefix(text, v) { // the model begins with the maker's name
				v = v[:0]
			} else {
				v = append(v, ' ')
			}
			v = append(v, text...)
		}
	}
	if len(v) > 0 {
		c.SayAt(model.UPnPModel, html.UnescapeString(string(v)))
	}
}

// IPP operations that bring a document, RFC 8011 section 5.4.15.
const (
	ippPrintJob     = 0x0002
	ippSendDocument = 0x0006
)

// ippResponse reads status and printer attributes, RFC 8010 section 3.
func ippResponse(c *dissect.Ctx, op uint16, b []byte) {
	r := dissect.Read(b)
	r.Skip(2)
	status := r.U16()
	r.Skip(4)
	if r.Short || status >= 0x0100 {
		return
	}
	if op == ippPrintJob || op == ippSendDocument {
		c.SayAt(model.PrinterJob, "ipp")
	}
	for !r.Short && r.Len() > 0 {
		tag := r.U8()
		if tag < 0x10 { // group delimiters
			continue
		}
		name, value := r.Bytes(int(r.U16())), r.Bytes(int(r.U16()))
		if string(name) == "printer-make-and-model" && len(value) > 0 {
			c.SayAt(model.PrinterModel, dissect.View(value))
		}
	}
}
