package windows

import (
	"bytes"
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Bounds of one SMB connection.
const (
	maxSMBMessages = 1 << 16
	maxSMBShares   = 8
)

// smbHeader is the NetBIOS session header: type, 24 bits of length (RFC 1002 4.3.1, MS-SMB2 2.1).
const smbHeader = 4

// NetBIOS session packet types.
const (
	nbMessage   = 0x00
	nbRequest   = 0x81
	nbPositive  = 0x82
	nbNegative  = 0x83
	nbKeepAlive = 0x85
)

// matchSMB wants the mark of an SMB message, or a NetBIOS session request.
func matchSMB(c *dissect.Ctx, b []byte) dissect.Verdict {
	switch b[0] {
	case nbMessage:
		k := min(len(b), 8)
		if k < 6 {
			if k > 1 && b[1] > 1 {
				return dissect.No
			}
			return dissect.Maybe
		}
		if (b[4] == 0xff || b[4] == 0xfe || b[4] == 0xfd) && bytes.HasPrefix([]byte("SMB"), b[5:k]) {
			if k < 8 {
				return dissect.Maybe
			}
			return dissect.Yes
		}
	case nbRequest:
		if len(b) < 6 {
			return dissect.Maybe
		}
		if b[1] == 0 && b[2] == 0 && b[3] >= 68 && b[4] == 32 {
			return dissect.Yes
		}
	}
	return dissect.No
}

// smb decodes one connection, whatever its dialect.
type smb struct {
	messages int
	shares   int
	share    string // asked for, not confirmed yet
	pipes    rpcBinds
	asking   string // the account that is logging in
}

// Data implements dissect.Stream.
func (s *smb) Data(c *dissect.Ctx, b []byte) (int, bool) {
	off := 0
	for len(b)-off >= smbHeader {
		m := b[off:]
		n := smbHeader + int(binary.BigEndian.Uint32(m)&0xffffff)
		want := wanted(m, n)
		if want == dissect.Maybe || want == dissect.Yes && n > len(m) && n <= dissect.MaxPending {
			return off, true
		}
		if want == dissect.Yes && !s.message(c, m[0], m[smbHeader:min(len(m), n)]) {
			return off, false
		}
		if s.messages++; s.messages >= maxSMBMessages {
			return off, false
		}
		off += n
	}
	return off, true
}

// Gap implements dissect.Stream: a message's end is lost with it.
func (s *smb) Gap(*dissect.Ctx, int) bool { return false }

// wanted tells from the first bytes of a message of n bytes whether its contents matter. Bulk data does not.
func wanted(m []byte, n int) dissect.Verdict {
	if m[0] != nbMessage || n < smbHeader+smb1Header {
		return dissect.Yes
	}
	if len(m) < smbHeader+smb1Header {
		return dissect.Maybe
	}
	if m[4] != 0xfe || n <= maxPipe {
		return dissect.Yes
	}
	switch l16(m, smbHeader+12) {
	case smb2Negotiate, smb2SessionSetup, smb2TreeConnect:
		return dissect.Yes
	case smb2Write, smb2Ioctl: // a call with long parameters
		if n <= dissect.MaxPending {
			return dissect.Yes
		}
	}
	return dissect.No
}

// message decodes one message; false ends the connection's decoding.
func (s *smb) message(c *dissect.Ctx, typ byte, m []byte) bool {
	switch typ {
	case nbRequest:
		sessionRequest(c, m)
		return true
	case nbPositive, nbKeepAlive:
		return true
	case nbNegative:
		return false
	}
	if typ != nbMessage || len(m) < 4 || string(m[1:4]) != "SMB" {
		return false
	}
	switch m[0] {
	case 0xff:
		s.smb1(c, m)
		return true
	case 0xfe:
		return s.smb2(c, m)
	case 0xfc: // compressed (MS-SMB2 2.2.42)
		return true
	}
	return false // 0xfd: encrypted from here on (MS-SMB2 2.2.41)
}

// sessionRequest holds the called and the calling name, first-level encoded (RFC 1001 14.1).
func sessionRequest(c *dissect.Ctx, m []byte) {
	if name, suffix, ok := netbiosName(span(m, 34, 34)); ok && suffix == 0 {
		c.Say(model.NameNetBIOS, name)
	}
	if name, suffix, ok := netbiosName(span(m, 0, 34)); ok && suffix == 0x20 && name[0] != '*' {
		c.SayAbout(model.NameNetBIOS, c.Dst, c.DstMAC, name)
	}
}

func netbiosName(b []byte) (string, byte, bool) {
	if len(b) < 33 || b[0] != 32 {
		return "", 0, false
	}
	var n [16]byte
	for i := range n {
		hi, lo := b[1+2*i]-'A', b[2+2*i]-'A'
		if hi > 15 || lo > 15 {
			return "", 0, false
		}
		n[i] = hi<<4 | lo
	}
	name := string(bytes.TrimRight(n[:15], " \x00"))
	return name, n[15], name != ""
}

// shareOf takes the share from \\server\share.
func shareOf(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '\\' {
			return path[i+1:]
		}
	}
	return path
}

// confirm records the share that the server let the client connect to.
func (s *smb) confirm(c *dissect.Ctx) {
	if s.share == "" {
		return
	}
	if s.shares < maxSMBShares {
		c.Say(model.SMBShare, s.share)
		s.shares++
	}
	s.share = ""
}
