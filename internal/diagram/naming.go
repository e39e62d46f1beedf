package diagram

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// hostTitle is what a person would call the host.
func hostTitle(h *model.Host) string {
	switch {
	case h.Ledger != nil && h.Ledger.Name != "":
		return h.Ledger.Name
	case len(h.Names) > 0:
		return h.Names[0]
	case len(h.IPs) > 0:
		return h.IPs[0].String()
	case len(h.MACs) > 0:
		return h.MACs[0].String()
	}
	return h.ID
}

func productOf(h *model.Host) string { return joinWords(h.Maker, h.Model) }

func joinWords(s ...string) string { return strings.Join(strings.Fields(strings.Join(s, " ")), " ") }

// addrsText names the first addresses and counts the rest; IPv4 first, link-local ones only if there is no other.
func addrsText(as []netip.Addr) string {
	var good, rest []netip.Addr
	for _, a := range as {
		if a.IsLinkLocalUnicast() {
			rest = append(rest, a)
		} else {
			good = append(good, a)
		}
	}
	good = append(good, rest...)
	switch len(good) {
	case 0:
		return ""
	case 1:
		return good[0].String()
	}
	s := good[0].String() + ", " + good[1].String()
	if len(good) > 2 {
		s += " +" + strconv.Itoa(len(good)-2)
	}
	return s
}
