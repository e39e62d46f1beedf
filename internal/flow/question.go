package flow

import (
	"encoding/binary"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// asked gives the name of the only question of a DNS query (RFC 1035 section 4.1), "" if there is none. It is a fact of the flow for
// who listens; what DNS says of machines is proto's.
func asked(b []byte) string {
	if len(b) < 12 || b[2]&0x80 != 0 || binary.BigEndian.Uint16(b[4:]) != 1 {
		return ""
	}
	var name strings.Builder
	for b = b[12:]; len(b) > 0 && b[0] != 0; {
		n := int(b[0])
		if n > 63 || len(b) <= n || name.Len()+n > 253 { // a question has no pointers
			return ""
		}
		if name.Len() > 0 {
			name.WriteByte('.')
		}
		name.Write(b[1 : 1+n])
		b = b[1+n:]
	}
	if len(b) < 5 {
		return ""
	}
	return model.Clean(strings.ToLower(name.String()))
}
