package inventory

import (
	"fmt"

	"github.com/mimawari/mimawari/internal/model"
)

// refer finds the declared host that h is: by MAC, then by an address that it alone declares, then by name, then by a
// range that holds the address. nil if none.
func refer(l Ledger, h *model.Host) *model.LedgerRef {
	if l == nil {
		return nil
	}
	for _, m := range h.MACs {
		if hs := l.ByMAC(m); len(hs) > 0 {
			return ref(hs[0], "mac")
		}
	}
	var ranged *model.LedgerHost
	for _, a := range h.IPs {
		for _, d := range l.ByIP(a) {
			if declaresAlone(d, h) {
				return ref(d, "ip")
			}
			if ranged == nil {
				ranged = d
			}
		}
	}
	for _, n := range h.Names {
		if splitName(n).generic() {
			continue
		}
		if hs := l.ByName(n); len(hs) > 0 {
			return ref(hs[0], "name")
		}
	}
	if ranged != nil {
		return ref(ranged, "ip")
	}
	return nil
}

func declaresAlone(d *model.LedgerHost, h *model.Host) bool {
	for _, r := range d.Addrs {
		if !r.Single() {
			continue
		}
		for _, a := range h.IPs {
			if r.From == a {
				return true
			}
		}
	}
	return false
}

func ref(d *model.LedgerHost, by string) *model.LedgerRef {
	place := fmt.Sprintf("%s %d", d.Place.Sheet, d.Place.Row)
	if d.Place.Sheet == "" {
		place = fmt.Sprintf("%s %d", d.Place.File, d.Place.Row)
	}
	return &model.LedgerRef{Key: d.Key, Name: d.Name, By: by, Place: place}
}
