package model

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
)

// MAC is an IEEE 802 48-bit address. The zero MAC means "not known".
type MAC [6]byte

// ErrMAC is returned by ParseMAC for text that is not a 48-bit address.
var ErrMAC = errors.New("not a MAC address")

var macMarks = strings.NewReplacer(":", "", "-", "", ".", "")

// ParseMAC reads the spellings that switches, routers and people use: 00:11:22:33:44:55, 00-11-22-33-44-55,
// 0011.2233.4455, 001122334455, 001122-334455 and macOS's 0:1:2:3:4:5.
func ParseMAC(s string) (MAC, error) {
	var m MAC
	s = strings.TrimSpace(s)
	if f := strings.FieldsFunc(s, func(r rune) bool { return r == ':' || r == '-' }); len(f) == 6 {
		var sb strings.Builder
		for _, p := range f {
			if len(p) == 1 {
				sb.WriteByte('0')
			}
			sb.WriteString(p)
		}
		s = sb.String()
	} else {
		s = macMarks.Replace(s)
	}
	if len(s) != 12 {
		return m, ErrMAC
	}
	if _, err := hex.Decode(m[:], []byte(s)); err != nil {
		return MAC{}, ErrMAC
	}
	return m, nil
}

// String gives the form aa:bb:cc:dd:ee:ff, and "" for the zero MAC.
func (m MAC) String() string {
	if m.IsZero() {
		return ""
	}
	const digits = "0123456789abcdef"
	b := make([]byte, 0, 17)
	for i, x := range m {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, digits[x>>4], digits[x&15])
	}
	return string(b)
}

// MarshalText implements encoding.TextMarshaler.
func (m MAC) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler; "" is the zero MAC.
func (m *MAC) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*m = MAC{}
		return nil
	}
	*m, err = ParseMAC(string(b))
	return err
}

// IsZero reports whether the address is not known.
func (m MAC) IsZero() bool { return m == MAC{} }

// IsGroup reports whether m is a multicast or broadcast address (I/G bit, IEEE 802).
func (m MAC) IsGroup() bool { return m[0]&1 != 0 }

// IsLocal reports whether m is locally administered (U/L bit): random addresses of phones, virtual machines.
func (m MAC) IsLocal() bool { return m[0]&2 != 0 }

// IsVirtualRouter reports whether m belongs to VRRP (RFC 9568), HSRP or GLBP: an address that moves by design.
func (m MAC) IsVirtualRouter() bool {
	return m[0] == 0 && (m[1] == 0 && m[2] == 0x5e && m[3] == 0 && (m[4] == 1 || m[4] == 2) ||
		m[1] == 0 && m[2] == 0x0c && m[3] == 0x07 && m[4] == 0xac ||
		m[1] == 0 && m[2] == 0x0c && m[3] == 0x9f && m[4] >= 0xf0 ||
		m[1] == 0x07 && m[2] == 0xb4)
}

// Normal returns a in the form the model keeps: no zone, IPv4 unmapped.
func Normal(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

var cgnat = netip.MustParsePrefix("100.64.0.0/10")

// IsInternal reports whether a is an address that an institution gives out itself: RFC 1918, RFC 6598, RFC 3927,
// RFC 4193, link-local IPv6.
func IsInternal(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLinkLocalUnicast() || a.Is4() && cgnat.Contains(a)
}

// IsExternal reports whether a is a unicast address of the internet.
func IsExternal(a netip.Addr) bool {
	return a.IsValid() && a.IsGlobalUnicast() && !IsInternal(a) && !unroutable(a)
}

var reserved = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("240.0.0.0/4")}

// unroutable reports addresses that are never routed. RFC 5737 ranges are not among them: tests use them as "outside".
func unroutable(a netip.Addr) bool {
	for _, p := range reserved {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
