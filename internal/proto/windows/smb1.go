package windows

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// SMB1 commands (MS-CIFS 2.2.2.1).
const (
	smb1Negotiate    = 0x72
	smb1SessionSetup = 0x73
	smb1TreeConnect  = 0x75
	smb1None         = 0xff
	smb1Transaction  = 0x25
	smb1Read         = 0x2e
	smb1Write        = 0x2f
)

const smb1Header = 32

// smb1 decodes one SMB1 message with the commands that are chained to it by AndX.
func (s *smb) smb1(c *dissect.Ctx, m []byte) {
	if len(m) < smb1Header+3 {
		return
	}
	cmd, at := m[4], smb1Header
	for range 4 {
		p, ok := smb1Part(m, at)
		if !ok {
			return
		}
		s.smb1Command(c, cmd, p)
		if cmd != smb1SessionSetup && cmd != smb1TreeConnect || len(p.words) < 4 || p.words[0] == smb1None {
			return
		}
		next := l16(p.words, 2)
		if next <= at {
			return
		}
		cmd, at = p.words[0], next
	}
}

// part is one command: its parameter words and its bytes, which begin at data of the message.
type part struct {
	m, words, bytes []byte
	data            int
	unicode, reply  bool
	failed          bool
}

func smb1Part(m []byte, at int) (p part, ok bool) {
	r := dissect.Read(m)
	r.Skip(at)
	p.words = r.Bytes(2 * int(r.U8()))
	n := int(r.L16())
	if r.Short {
		return p, false
	}
	p.m, p.data = m, r.Off
	p.bytes = r.Bytes(min(n, r.Len()))
	p.reply, p.unicode = m[9]&0x80 != 0, l16(m, 10)&0x8000 != 0
	p.failed = l32(m, 5) != 0
	return p, true
}

func (s *smb) smb1Command(c *dissect.Ctx, cmd byte, p part) {
	switch {
	case cmd == smb1Negotiate && p.reply:
		smb1Chosen(c, p)
	case cmd == smb1Negotiate:
		if !bytes.Contains(p.bytes, []byte("SMB 2.")) && len(p.bytes) > 0 {
			c.Say(model.SMBOffer, "1")
		}
	case cmd == smb1SessionSetup:
		s.smb1Session(c, p)
	case cmd == smb1TreeConnect && p.reply:
		if !p.failed {
			s.confirm(c)
		}
		s.share = ""
	case cmd == smb1Transaction:
		s.smb1Pipe(c, p)
	case cmd == smb1Write && !p.reply && len(p.words) >= 24: // MS-CIFS 2.2.4.43.1
		s.pipes.pdu(c, smb1File(p.words[4:6]), span(p.m, l16(p.words, 22), l16(p.words, 20)))
	case cmd == smb1Read && p.reply && len(p.words) >= 14: // MS-CIFS 2.2.4.42.2
		s.pipes.pdu(c, [16]byte{}, span(p.m, l16(p.words, 12), l16(p.words, 10)))
	case cmd == smb1TreeConnect && len(p.words) >= 8:
		path, _ := p.text(l16(p.words, 6))
		s.share = shareOf(path)
	}
}

// smb1Chosen reads a NEGOTIATE response (MS-CIFS 2.2.4.52.2): 17 words for NT LM 0.12, 13 for LAN Manager.
func smb1Chosen(c *dissect.Ctx, p part) {
	if p.failed || l16(p.words, 0) == 0xffff {
		return
	}
	name := "1"
	switch len(p.words) {
	case 34:
		name = "1 NT LM 0.12"
		mode := p.words[2]
		saySigning(c, mode&4 != 0, mode&8 != 0)
		if l32(p.words, 19)&0x80000000 == 0 {
			smb1Names(c, p)
		}
	case 26:
		name = "1 LANMAN"
	case 0:
		return
	}
	c.SayAt(model.SMBDialect, name)
	c.Fact(model.SMBDialect, name)
}

// smb1Names: without extended security the domain and the server's name follow the challenge.
func smb1Names(c *dissect.Ctx, p part) {
	at := int(p.words[33])
	u := p
	u.unicode = l32(p.words, 19)&4 != 0
	domain, at := u.textAt(at, false)
	name, _ := u.textAt(at, false)
	if domain != "" {
		c.Say(model.DomainNetBIOS, domain)
	}
	if name != "" {
		c.Say(model.NameNetBIOS, name)
	}
}

// smb1Session finds the security token and the two system names. Words: 12 request and 4 response with extended
// security, 13 and 3 without (MS-SMB 2.2.4.6, MS-CIFS 2.2.4.53).
func (s *smb) smb1Session(c *dissect.Ctx, p part) {
	at := 0
	if p.reply {
		defer s.loggedIn(c, l32(p.m, 5))
	}
	switch n := len(p.words) / 2; {
	case n == 12 && !p.reply:
		at = l16(p.words, 14)
	case n == 4 && p.reply:
		at = l16(p.words, 6)
	case n == 13 && !p.reply:
		who, at := p.text(l16(p.words, 14) + l16(p.words, 16))
		domain, at := p.text(at)
		s.asking = account(domain, who)
		sayNative(c, p, at)
		return
	case n == 3 && p.reply:
		at = sayNative(c, p, 0)
		if domain, _ := p.text(at); domain != "" {
			c.Say(model.DomainNetBIOS, domain)
		}
		return
	default:
		return
	}
	token := span(p.bytes, 0, at)
	Token(c, token)
	if !p.reply {
		s.login(token)
	}
	sayNative(c, p, at)
}

func sayNative(c *dissect.Ctx, p part, at int) int {
	system, at := p.text(at)
	lanman, at := p.text(at)
	if system != "" {
		c.Say(model.OSSMB, system)
	}
	if lanman != "" {
		c.Say(model.LanManSMB, lanman)
	}
	return at
}

// text reads a string at an offset of the bytes and gives the offset after it. Unicode is aligned to 2 in the message.
func (p *part) text(at int) (string, int) { return p.textAt(at, true) }

func (p *part) textAt(at int, align bool) (string, int) {
	if !p.unicode {
		rest := span(p.bytes, at, len(p.bytes)-at)
		i := bytes.IndexByte(rest, 0)
		if i < 0 {
			return string(rest[:min(len(rest), model.MaxText)]), len(p.bytes)
		}
		return string(rest[:min(i, model.MaxText)]), at + i + 1
	}
	if align && (p.data+at)%2 != 0 {
		at++
	}
	end := at
	for end+1 < len(p.bytes) && (p.bytes[end] != 0 || p.bytes[end+1] != 0) {
		end += 2
	}
	return wide(span(p.bytes, at, end-at)), min(end+2, len(p.bytes))
}

// smb1Pipe looks at a transaction on a named pipe (MS-CIFS 2.2.4.33, 2.2.5.6): the request has two set-up words, function and file.
func (s *smb) smb1Pipe(c *dissect.Ctx, p part) {
	if p.reply && len(p.words) >= 20 {
		s.pipes.pdu(c, [16]byte{}, span(p.m, l16(p.words, 14), l16(p.words, 12)))
		return
	}
	if p.reply || len(p.words) < 32 {
		return
	}
	s.pipes.pdu(c, smb1File(p.words[30:32]), span(p.m, l16(p.words, 24), l16(p.words, 22)))
}

// smb1File widens the number of an open file to the form that SMB2 has.
func smb1File(fid []byte) (id [16]byte) {
	copy(id[:], fid)
	return id
}
