package decide

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
)

// Propose gives what a ledger row of a seen machine could say. A person corrects it; place, department and owner are not
// on the wire.
func Propose(x *ledger.Index, h *model.Host) map[string]string {
	out := map[string]string{}
	set := func(field, value string) {
		if value != "" {
			out[field] = value
		}
	}
	for _, c := range comparisons {
		set(c.field, c.seen(h))
	}
	if out["mac"] == "" && len(h.MACs) > 0 && out["ip"] == "" {
		set("mac", h.MACs[0].String()) // nothing else tells it from others
	}
	set("name", cmp.Or(out["name"], SeenLabel(h)))
	if n := networkOf(x, h.IPs); n != nil {
		set("zone", n.Zone)
		if n.DHCP {
			set("ip", "DHCP")
		}
	}
	return out
}

func networkOf(x *ledger.Index, ips []netip.Addr) *model.Network {
	if len(ips) == 0 {
		return nil
	}
	return x.NetworkOf(bestIP(ips))
}

// SeenValue is what would be written into the ledger for a field of a machine.
func SeenValue(h *model.Host, field string) string {
	for _, c := range comparisons {
		if c.field == field {
			return c.seen(h)
		}
	}
	return ""
}

// choose keeps the fields of values that a person may set on a host.
func choose(values map[string]string) map[string]string {
	out := map[string]string{}
	for f, v := range values {
		if slices.Contains(ledger.Fields(ledger.KindHosts), f) {
			out[f] = v
		}
	}
	return out
}
