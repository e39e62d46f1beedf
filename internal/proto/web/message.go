package web

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// message is what the head of the message being read says.
type message struct {
	request  bool
	status   int
	question question // of a request
	absolute bool     // target in absolute form or CONNECT: the server is a proxy
	length   int      // Content-Length, -1 if there is none
	chunked  bool
	encoded  bool // Content-Encoding other than identity and gzip
	gzip     bool
	upgrade  upgrade
	content  content
	charset  string
	api      medicalAPI
}

type upgrade uint8

const (
	noUpgrade upgrade = iota
	toWebSocket
	toTLS
	toOther
)

// content is what a body may tell.
type content uint8

const (
	otherContent content = iota
	htmlContent
	xmlContent
	ippContent
)

// begin reads a request line or status line.
func (v *conversation) begin(c *dissect.Ctx, h *half, b []byte) (more bool) {
	h.msg = message{length: -1}
	if bytes.HasPrefix(b, []byte("HTTP/1.")) && len(b) >= 12 {
		status, err := strconv.Atoi(dissect.View(b[9:12]))
		if err != nil {
			return false
		}
		h.msg.status, h.phase = status, inHeader
		h.question = v.responses
		return true
	}
	method, rest, ok := bytes.Cut(b, []byte{' '})
	target, version, ok2 := bytes.Cut(rest, []byte{' '})
	if !ok || !ok2 || !bytes.HasPrefix(version, []byte("HTTP/1.")) {
		return false
	}
	h.msg.request, h.phase = true, inHeader
	h.msg.question = ask(dissect.View(method), dissect.View(target))
	h.msg.absolute = h.msg.question.connect || bytes.HasPrefix(target, []byte("http://"))
	if bytes.HasPrefix(target, []byte("/wsman")) {
		c.App = dissect.WinRM
	}
	h.msg.api = apiOf(dissect.View(target))
	return true
}

// medicalAPI is a web API of medicine that a message belongs to.
type medicalAPI uint8

const (
	noAPI medicalAPI = iota
	dicomWeb
	fhir
	orca
)

var apiNames = [...]string{"", "dicomweb", "fhir", "orca"}

// apiOf knows the API of ORCA, the receipt computer of the Japan Medical Association, by its paths.
func apiOf(target string) medicalAPI {
	for _, p := range [...]string{"/api01rv2/", "/api21/medical", "/orca01", "/orca06", "/orca11", "/orca12", "/orca14"} {
		if strings.HasPrefix(target, p) {
			return orca
		}
	}
	return noAPI
}

// apiOfType knows DICOMweb (PS3.18) and FHIR by media types.
func apiOfType(v []byte) medicalAPI {
	switch {
	case containsFold(v, "application/dicom"):
		return dicomWeb
	case containsFold(v, "application/fhir+"):
		return fhir
	}
	return noAPI
}

// ask keeps of a request what its answer will need.
func ask(method, target string) question {
	return question{head: method == "HEAD", connect: method == "CONNECT", entrance: isEntrance(target), portal: portalOf(target)}
}

// isEntrance says that a target is a page which everybody sees before logging in. Titles of other pages are not kept.
func isEntrance(target string) bool {
	if rest, ok := strings.CutPrefix(target, "http://"); ok {
		_, path, _ := strings.Cut(rest, "/")
		target = "/" + path
	}
	target, query, _ := strings.Cut(target, "?")
	if target == "/" {
		return true
	}
	if query != "" || len(target) > 64 {
		return false
	}
	target = strings.ToLower(target)
	for _, w := range [...]string{"/index.", "/default.", "login", "logon", "signin", "/top.", "/main.", "/home.", "welcome", "/start."} {
		if strings.Contains(target, w) {
			return true
		}
	}
	return false
}

// portals are paths of log-in pages that SSL-VPN products are known by, as their documentation gives them.
var portals = []struct{ path, product string }{
	{"/remote/login", "FortiGate"},
	{"/remote/fgt_lang", "FortiGate"},
	{"/dana-na/", "Ivanti Connect Secure"},
	{"/+CSCOE+/", "Cisco ASA"},
	{"/+webvpn+/", "Cisco ASA"},
	{"/global-protect/", "GlobalProtect"},
	{"/vpn/tmindex.html", "Citrix Gateway"},
	{"/logon/LogonPoint/", "Citrix Gateway"},
	{"/my.policy", "F5 BIG-IP APM"},
	{"/my.logon.php3", "F5 BIG-IP APM"},
	{"/cgi-bin/sslvpnclient", "SonicWall"},
	{"/sslvpnLogin.html", "SonicWall"},
	{"/api/sonicos/", "SonicWall"},
	{"/prx/000/http/", "Array AG"},
	{"/sslvpn_logon.shtml", "WatchGuard"},
	{"/sslvpn/Login/Login", "Check Point"},
}

// portalOf finds the product whose log-in page a target is: its index plus one, 0 for other targets.
func portalOf(target string) uint8 {
	for i, p := range portals {
		if strings.HasPrefix(target, p.path) {
			return uint8(i + 1)
		}
	}
	return 0
}

// headDone is called at the end of a head: what kind of body follows (RFC 9112 section 6.3).
func (v *conversation) headDone(c *dissect.Ctx, h *half) (more bool) {
	m := &h.msg
	if m.request {
		if v.requests < maxMessages {
			m.question.api = m.api
			v.asked[v.requests] = m.question
		}
		v.requests++
		v.expectBody(h, question{}, m.chunked, max(m.length, 0))
		return true
	}
	q := v.asked[min(h.question, maxMessages-1)]
	if api := max(m.api, q.api); api != noAPI && m.status/100 == 2 {
		c.SayTo(model.MedicalAPI, apiNames[api])
	}
	if m.status == 101 {
		return v.upgraded(c, m)
	}
	if m.status/100 == 1 { // interim: the answer is still to come
		h.phase = atStart
		return true
	}
	v.responses++
	if m.status/100 == 2 && q.connect {
		c.Handover = true
		return false
	}
	if m.status == 200 && q.portal > 0 {
		sayPortal(c, q.portal)
	}
	switch {
	case q.head || m.status == 204 || m.status == 304:
		v.expectBody(h, q, false, 0)
	case m.chunked || m.length >= 0:
		v.expectBody(h, q, m.chunked, m.length)
	default:
		h.phase = untilClose
		h.startSniff(q)
	}
	return true
}

// upgraded: RFC 9110 section 7.8. TLS (RFC 2817, used by IPP) goes on in the TLS decoder.
func (v *conversation) upgraded(c *dissect.Ctx, m *message) (more bool) {
	switch m.upgrade {
	case toWebSocket:
		c.App = dissect.WebSocket
	case toTLS:
		c.Handover = true
	}
	return false
}

func sayPortal(c *dissect.Ctx, portal uint8) {
	c.SayAt(model.VPNService, dissect.View(append(append(c.Scratch(), "sslvpn "...), portals[portal-1].product...)))
}

// expectBody prepares for a body of known length.
func (v *conversation) expectBody(h *half, q question, chunked bool, length int) {
	switch {
	case chunked:
		h.phase = inChunkSize
		h.startSniff(q)
	case length > 0:
		h.phase, h.left = inBody, length
		h.startSniff(q)
	default:
		h.phase = atStart
	}
}

// startSniff begins to gather a body if it may tell something.
func (h *half) startSniff(q question) {
	h.sniffed = nil
	if h.msg.encoded || h.msg.gzip && h.msg.content != htmlContent || !h.msg.tells(q) {
		return
	}
	h.sniffed = make([]byte, 0, 512)
}

// tells says whether the body of an answer to q, or of a request, is worth looking at.
func (m *message) tells(q question) bool {
	switch m.content {
	case htmlContent:
		return !m.request && m.status/100 == 2 && q.entrance
	case xmlContent:
		return !m.request && m.status == 200
	}
	return m.content == ippContent
}
