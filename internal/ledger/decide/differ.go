package decide

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Difference is one field in which a declared row and the seen machine differ.
type Difference struct {
	Field    string // of ledger.KindHosts
	Declared string
	Seen     string
	Empty    bool // nothing is declared: the ledger could know more, but says nothing wrong
	Kept     bool // a person said that the declared value is right
	KeptWhy  string
}

// comparison is one field that both sides can have. seen gives what would be written into the ledger.
type comparison struct {
	field string
	seen  func(*model.Host) string
	agree func(*model.LedgerHost, *model.Host) bool // asked only if both sides say something
}

var comparisons = []comparison{
	{"name", seenName, sameName},
	{"ip", seenIPs, sameIP},
	{"mac", seenMACs, sameMAC},
	{"kind", seenKind, sameClass},
	{"os", seenOS, sameOS},
	{"maker", func(h *model.Host) string { return h.Maker }, nil},
	{"model", func(h *model.Host) string { return h.Model }, nil},
}

// Comparable are the fields that can differ, in order.
func Comparable() (out []string) {
	for _, c := range comparisons {
		out = append(out, c.field)
	}
	return append(out, "status")
}

func differences(d *model.LedgerHost, h *model.Host, mark *model.Mark, now time.Time) (out []Difference) {
	row := ledger.RowOf(d)
	for _, c := range comparisons {
		declared, seen := row.Value(c.field), c.seen(h)
		switch {
		case seen == "":
		case declared == "":
			if !(c.field == "ip" && ranged(d)) {
				out = append(out, Difference{Field: c.field, Seen: seen, Empty: true})
			}
		case c.agree != nil && !c.agree(d, h):
			out = append(out, kept(Difference{Field: c.field, Declared: declared, Seen: seen}, mark, now))
		}
	}
	if d.Retired {
		out = append(out, kept(Difference{Field: "status", Declared: cmp.Or(d.Status, d.Note), Seen: h.Last.Format(time.DateOnly)}, mark, now))
	}
	return out
}

// kept notes what a person said of this very difference; another value is another difference.
func kept(d Difference, mark *model.Mark, now time.Time) Difference {
	if mark == nil {
		return d
	}
	for _, k := range mark.Kept {
		if k.Field == d.Field && k.Declared == d.Declared && k.Seen == d.Seen && (now.IsZero() || now.Before(k.Until)) {
			d.Kept, d.KeptWhy = true, mark.Why
		}
	}
	return d
}

// ranged reports whether the row declares no single address: a pool, a range.
func ranged(d *model.LedgerHost) bool {
	return d.DHCP || slices.ContainsFunc(d.Addrs, func(r model.AddrRange) bool { return !r.Single() })
}

func seenName(h *model.Host) string {
	if len(h.Names) == 0 {
		return ""
	}
	return h.Names[0]
}

// sameName compares only what is written as a host name: 受付のパソコン is a description.
func sameName(d *model.LedgerHost, h *model.Host) bool {
	if ranged(d) && len(d.MACs) == 0 {
		return true
	}
	key := ledger.NameKey(d.Name)
	if key == "" || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return true
	}
	return slices.ContainsFunc(h.Names, func(n string) bool {
		k := ledger.NameKey(n)
		return k == key || k == ledger.NameKey(d.AssetNo) || len(k) == netBIOS && strings.HasPrefix(key, k)
	})
}

// netBIOS names are cut after so many letters.
const netBIOS = 15

// seenIPs are the addresses that belong into a ledger: IPv4 if there is any, never link-local.
func seenIPs(h *model.Host) string {
	var four, six []string
	for _, a := range h.IPs {
		switch {
		case a.IsLinkLocalUnicast():
		case a.Is4():
			four = append(four, a.String())
		default:
			six = append(six, a.String())
		}
	}
	if len(four) == 0 {
		four = six
	}
	return strings.Join(four[:min(len(four), maxSeen)], ", ")
}

// maxSeen bounds the addresses that are taken from what is seen: a router answers for hundreds.
const maxSeen = 8

func sameIP(d *model.LedgerHost, h *model.Host) bool {
	if d.DHCP {
		return true
	}
	return slices.ContainsFunc(h.IPs, func(a netip.Addr) bool {
		return slices.ContainsFunc(d.Addrs, func(r model.AddrRange) bool { return r.Contains(a) })
	})
}

// seenMACs leaves out what is made up: random addresses of phones, and those of router groups.
func seenMACs(h *model.Host) string {
	var out []string
	for _, m := range h.MACs {
		if !m.IsLocal() && !m.IsGroup() && !m.IsVirtualRouter() {
			out = append(out, m.String())
		}
	}
	return strings.Join(out[:min(len(out), maxSeen)], ", ")
}

func sameMAC(d *model.LedgerHost, h *model.Host) bool {
	return slices.ContainsFunc(h.MACs, func(m model.MAC) bool { return slices.Contains(d.MACs, m) })
}

// sureClass is from which confidence on a seen class may contradict a declared one.
const sureClass = 0.6

// seenKind is the seen class in the words of the ledger.
func seenKind(h *model.Host) string {
	if h.Class == model.ClassUnknown {
		return ""
	}
	return locale.T(locale.Japanese, "class."+string(h.Class))
}

// kin are classes that are told apart by purpose rather than by what is seen.
var kin = [][]model.Class{
	{model.ClassServer, model.ClassHIS, model.ClassPACS, model.ClassNAS, model.ClassVMHost},
	{model.ClassModality, model.ClassMedical, model.ClassPC, model.ClassServer, model.ClassPACS},
	{model.ClassRouter, model.ClassFirewall, model.ClassVPN, model.ClassMobileRtr, model.ClassSwitch},
	{model.ClassPhone, model.ClassTablet},
	{model.ClassIoT, model.ClassSBC, model.ClassIndustry},
	{model.ClassHIS, model.ClassPC},
}

func sameClass(d *model.LedgerHost, h *model.Host) bool {
	if d.Class == model.ClassUnknown || d.Class == h.Class || h.Confidence < sureClass {
		return true
	}
	return slices.ContainsFunc(kin, func(k []model.Class) bool { return slices.Contains(k, d.Class) && slices.Contains(k, h.Class) })
}

func seenOS(h *model.Host) string {
	if h.OS == "" || h.Version == "" || len(numbers(h.OS)) > 0 {
		return h.OS
	}
	return h.OS + " " + h.Version
}

// families are the words by which systems are told apart.
var families = []string{"windows", "linux", "macos", "ios", "ipados", "android", "freebsd", "vmware", "esxi", "vxworks", "cisco", "fortios"}

// sameOS compares families, and versions where both name one in words: what a protocol tells as version (10.0.17763) is
// another numbering than that of the product (Windows Server 2019).
func sameOS(d *model.LedgerHost, h *model.Host) bool {
	a, b := fold(d.OS), fold(h.OS)
	fa, fb := family(a), family(b)
	if fa == "" || fb == "" {
		return true
	}
	if fa != fb {
		return false
	}
	va, vb := numbers(a), numbers(b)
	return len(va) == 0 || len(vb) == 0 || slices.ContainsFunc(va, func(n string) bool { return slices.Contains(vb, n) })
}

func family(s string) string {
	if strings.HasPrefix(s, "win") {
		return "windows"
	}
	for _, f := range families {
		if strings.Contains(s, f) {
			return f
		}
	}
	return ""
}

// numbers are the words that are a version, each to its first dot: 10 of "Windows 10.0".
func numbers(s string) (out []string) {
	for _, f := range strings.Fields(s) {
		if n, _, _ := strings.Cut(strings.TrimLeft(f, "v"), "."); n != "" && strings.Trim(n, "0123456789") == "" {
			out = append(out, n)
		}
	}
	return out
}
