package windows

import (
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// SMB2 commands (MS-SMB2 2.2.1.2).
const (
	smb2Negotiate    = 0
	smb2SessionSetup = 1
	smb2TreeConnect  = 3
	smb2Read         = 8
	smb2Write        = 9
	smb2Ioctl        = 11
)

// maxPipe is the longest message that is looked into for an MSRPC bind on a named pipe; file data comes in longer ones.
const maxPipe = 2048

const smb2Header = 64

var smb2Dialects = map[int]string{0x0202: "2.0.2", 0x0210: "2.1", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}

// smb2 decodes the requests or responses of one message; several may be chained (MS-SMB2 3.3.4.1.3).
func (s *smb) smb2(c *dissect.Ctx, m []byte) bool {
	for range 8 {
		if len(m) < smb2Header || l16(m, 4) != smb2Header {
			return true
		}
		next := int(l32(m, 20))
		one := m
		if next >= smb2Header && next < len(m) {
			one = m[:next]
		}
		if l32(m, 16)&1 != 0 {
			s.smb2Response(c, one)
		} else {
			s.smb2Request(c, one)
		}
		if next < smb2Header || next >= len(m) {
			break
		}
		m = m[next:]
	}
	return true
}

func (s *smb) smb2Request(c *dissect.Ctx, m []byte) {
	b := m[smb2Header:]
	switch l16(m, 12) {
	case smb2SessionSetup:
		token := span(m, l16(b, 12), l16(b, 14))
		Token(c, token)
		s.login(token)
	case smb2TreeConnect:
		s.share = shareOf(wide(span(m, l16(b, 4), l16(b, 6))))
	case smb2Write:
		s.pipes.pdu(c, fileID(b, 16), span(m, l16(b, 2), int(l32(b, 4))))
	case smb2Ioctl:
		s.pipes.pdu(c, fileID(b, 8), span(m, int(l32(b, 24)), int(l32(b, 28))))
	}
}

func (s *smb) smb2Response(c *dissect.Ctx, m []byte) {
	b := m[smb2Header:]
	ok := l32(m, 8) == 0
	switch l16(m, 12) {
	case smb2Negotiate:
		if ok {
			smb2Chosen(c, b)
		}
	case smb2SessionSetup:
		Token(c, span(m, l16(b, 4), l16(b, 6)))
		s.loggedIn(c, l32(m, 8))
	case smb2TreeConnect:
		if ok {
			s.confirm(c)
		}
		s.share = ""
	case smb2Read:
		if len(b) > 2 {
			s.pipes.pdu(c, [16]byte{}, span(m, int(b[2]), int(l32(b, 4))))
		}
	case smb2Ioctl:
		s.pipes.pdu(c, [16]byte{}, span(m, int(l32(b, 32)), int(l32(b, 36))))
	}
}

// fileID is the 16 bytes that name an open file or pipe; zero if they are not there.
func fileID(b []byte, at int) (id [16]byte) {
	copy(id[:], span(b, at, 16))
	return id
}

// smb2Chosen reads a NEGOTIATE response (MS-SMB2 2.2.4). 0x02FF means that the real negotiation follows.
func smb2Chosen(c *dissect.Ctx, b []byte) {
	d, ok := smb2Dialects[l16(b, 4)]
	if !ok {
		return
	}
	c.SayAt(model.SMBDialect, d)
	c.Fact(model.SMBDialect, d)
	saySigning(c, l16(b, 2)&1 != 0, l16(b, 2)&2 != 0)
}

func saySigning(c *dissect.Ctx, enabled, required bool) {
	switch {
	case required:
		c.SayAt(model.SMBSigning, "required")
	case enabled:
		c.SayAt(model.SMBSigning, "enabled")
	default:
		c.SayAt(model.SMBSigning, "off")
	}
}
