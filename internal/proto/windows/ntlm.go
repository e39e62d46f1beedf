package windows

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

var ntlmMark = []byte("NTLMSSP\x00")

// Flags of NTLM messages (MS-NLMP 2.2.2.5).
const (
	ntlmUnicode     = 0x00000001
	ntlmWorkstation = 0x00002000
	ntlmVersion     = 0x02000000
)

// maxNTLM bounds how far into a security token the NTLM message is looked for.
const maxNTLM = 4 << 10

// NTLM finds an NTLM message (MS-NLMP) in a security token, plain or inside SPNEGO (RFC 4178), and records what it says of
// the sender: the server's names, domain and version in a challenge, the client's workstation and version otherwise.
// The account is read by ntlmAccount.
func NTLM(c *dissect.Ctx, token []byte) {
	i := bytes.Index(token[:min(len(token), maxNTLM)], ntlmMark)
	if i < 0 {
		return
	}
	m := token[i:]
	switch l32(m, 8) {
	case 1:
		ntlmNegotiate(c, m)
	case 2:
		ntlmChallenge(c, m)
	case 3:
		ntlmAuthenticate(c, m)
	}
}

// field is a length, a maximum and an offset.
func field(m []byte, at int) []byte { return span(m, int(l32(m, at+4)), l16(m, at)) }

func ntlmNegotiate(c *dissect.Ctx, m []byte) {
	flags := l32(m, 12)
	if ws := field(m, 24); flags&ntlmWorkstation != 0 && len(ws) > 0 {
		c.Say(model.NameNTLM, dissect.View(ws))
	}
	sayNTLMVersion(c, m, 32, flags)
}

func ntlmChallenge(c *dissect.Ctx, m []byte) {
	sayNTLMVersion(c, m, 48, l32(m, 20))
	var av [8]string
	for b := field(m, 40); len(b) >= 4; {
		id, n := l16(b, 0), l16(b, 2)
		v := span(b, 4, n)
		if id == 0 || v == nil {
			break
		}
		if id < len(av) {
			av[id] = wide(v)
		}
		b = b[4+n:]
	}
	say := func(k model.Kind, v string) {
		if v != "" {
			c.Say(k, v)
		}
	}
	say(model.NameNTLM, av[1])
	say(model.NameNTLMDNS, av[3])
	if av[2] != av[1] { // a machine outside any domain names itself as its domain
		say(model.DomainNetBIOS, av[2])
	}
	if av[4] != av[3] {
		say(model.DomainDNS, av[4])
	}
}

func ntlmAuthenticate(c *dissect.Ctx, m []byte) {
	flags := l32(m, 60)
	ws := field(m, 44)
	switch {
	case len(ws) == 0:
	case flags&ntlmUnicode != 0:
		c.Say(model.NameNTLM, wide(ws))
	default:
		c.Say(model.NameNTLM, dissect.View(ws))
	}
	sayNTLMVersion(c, m, 64, flags)
}

// ntlmAccount gives the account of an authenticate message in a token, as account does; "" if there is none.
func ntlmAccount(token []byte) string {
	i := bytes.Index(token[:min(len(token), maxNTLM)], ntlmMark)
	if i < 0 || l32(token[i:], 8) != 3 {
		return ""
	}
	m := token[i:]
	domain, who := field(m, 28), field(m, 36)
	if l32(m, 60)&ntlmUnicode != 0 {
		return account(wide(domain), wide(who))
	}
	return account(string(domain), string(who))
}

// account is DOMAIN\name; "" for the anonymous log-in.
func account(domain, who string) string {
	switch {
	case who == "":
		return ""
	case domain == "" || strings.Contains(who, "@"):
		return who
	}
	return domain + `\` + who
}

// sayNTLMVersion records major.minor.build (MS-NLMP 2.2.2.10). Other makers leave the field empty or put in the
// revision but no build.
func sayNTLMVersion(c *dissect.Ctx, m []byte, at int, flags uint32) {
	v := span(m, at, 8)
	if flags&ntlmVersion == 0 || v == nil || v[0] < 5 || v[0] > 20 || l16(v, 2) == 0 || v[7] != 15 {
		return
	}
	b := strconv.AppendUint(c.Scratch(), uint64(v[0]), 10)
	b = strconv.AppendUint(append(b, '.'), uint64(v[1]), 10)
	b = strconv.AppendUint(append(b, '.'), uint64(l16(v, 2)), 10)
	c.Say(model.OSNTLM, dissect.View(b))
}
