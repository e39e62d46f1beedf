package app

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/certs"
)

// Certificates gives the keeper of the pages' certificate in a data directory.
func Certificates(dir string, now func() time.Time) *certs.Keeper {
	return certs.Open(filepath.Join(dir, "tls"), now)
}

// OwnNames are the names and addresses under which this machine is reached: what its own certificate says if nobody says otherwise.
func OwnNames() []string {
	names := []string{"localhost"}
	if h, err := os.Hostname(); err == nil {
		h = strings.ToLower(h)
		names = append(names, h)
		if !strings.Contains(h, ".") {
			names = append(names, h+".local")
		}
	}
	as, err := net.InterfaceAddrs()
	if err != nil {
		as = nil // the names will have to do
	}
	for _, a := range as {
		p, err := netip.ParsePrefix(a.String())
		if err == nil && !p.Addr().IsLinkLocalUnicast() {
			names = append(names, p.Addr().Unmap().String())
		}
	}
	return distinct(names)
}

// distinct keeps the first of each name.
func distinct(names []string) (out []string) {
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
