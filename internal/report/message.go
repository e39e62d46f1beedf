package report

import (
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Message is a letter to a vendor: a draft that a person reads, changes and sends.
type Message struct {
	To      string // mail address, "" if the ledger has none
	Vendor  string // name of the company, "" if it is not known
	Subject string
	Body    string
}

// VendorMessage drafts the letter about f. The vendor is the one that the ledger names for the machine; what is not known is left for the
// person to fill in. It holds facts about machines only, no passwords and no patients' data.
func VendorMessage(l locale.Lang, z *time.Location, f model.Finding, led *model.Ledger, inst model.Institution, sender string) Message {
	w := locale.Finding(l, f)
	v := vendorOf(f, led)
	t := func(key string, pairs ...string) string { return locale.T(l, key, pairs...) }
	blank := t("message.blank")
	or := func(s string) string {
		if s == "" {
			return blank
		}
		return s
	}
	var machines []string
	for _, a := range f.Assets {
		machines = append(machines, t("message.asset", "label", a.Label, "ip", or(a.IP), "mac", or(a.MAC)))
	}
	return Message{
		To: mailAddress(v.Mail), Vendor: v.Name,
		Subject: oneLine(t("message.subject", "institution", or(inst.Name), "title", w.Title)),
		Body: t("message.body", "vendor", or(v.Name), "contact", v.Contact, "institution", or(inst.Name), "sender", or(sender), "title", w.Title, "why", w.Why,
			"assets", strings.Join(machines, "\n"), "first", Time(f.First, z), "last", Time(f.Last, z), "todo", w.Todo, "id", f.ID),
	}
}

// vendorOf finds who maintains the first machine of a finding that has somebody.
func vendorOf(f model.Finding, led *model.Ledger) model.Vendor {
	if led == nil {
		return model.Vendor{}
	}
	for _, a := range f.Assets {
		if name := maintainer(a, led); name != "" {
			for _, v := range led.Vendors {
				if v.Name == name {
					return v
				}
			}
			return model.Vendor{Name: name}
		}
	}
	return model.Vendor{}
}

func maintainer(a model.Asset, led *model.Ledger) string {
	for _, h := range led.Hosts {
		if h.Vendor == "" {
			continue
		}
		if h.Name != "" && h.Name == a.Label || declares(h, a) {
			return h.Vendor
		}
	}
	return ""
}

func declares(h model.LedgerHost, a model.Asset) bool {
	for _, m := range h.MACs {
		if a.MAC != "" && m.String() == a.MAC {
			return true
		}
	}
	for _, r := range h.Addrs {
		if a.IP != "" && r.From == r.To && r.From.String() == a.IP {
			return true
		}
	}
	return false
}

// mailAddress keeps what can only be an address: what a cell holds must not add recipients or headers.
func mailAddress(s string) string {
	s = strings.TrimSpace(s)
	if strings.Count(s, "@") != 1 || strings.ContainsAny(s, " \t\r\n,;<>\"?&") {
		return ""
	}
	return s
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
