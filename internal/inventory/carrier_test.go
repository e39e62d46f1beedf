package inventory

import (
	"slices"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// A router that nobody asked by ARP while we looked: its own address is the one in its neighbours' segment.
func TestRoutersOwnAddress(t *testing.T) {
	w := newWorld()
	w.bind(model.BindARP, "b4:96:91:00:00:05", "192.168.1.5")
	w.bind(model.BindFrame, "00:a0:de:00:00:01", "192.168.1.1")
	w.bind(model.BindFrame, "00:a0:de:00:00:01", "10.9.0.7")
	w.seen.Gateways = []model.Gateway{{MAC: mac("00:a0:de:00:00:01"), External: 50}}
	hosts := w.hosts()
	if h := at(t, hosts, "192.168.1.1"); !slices.Contains(h.MACs, mac("00:a0:de:00:00:01")) || !slices.Contains(h.Roles, "gateway") {
		t.Errorf("the router's address belongs to %v with %v", h.MACs, h.Roles)
	}
	if h := at(t, hosts, "10.9.0.7"); len(h.MACs) != 0 {
		t.Errorf("a machine behind the router was given its card: %v", h.MACs)
	}

	w.bind(model.BindFrame, "00:a0:de:00:00:01", "192.168.1.2") // two of them: nobody knows which is its own
	if h := at(t, w.hosts(), "192.168.1.1"); len(h.MACs) != 0 {
		t.Errorf("one of two addresses was given to the router: %v", h.MACs)
	}
}

// A PC's Wi-Fi card answers for its virtual machines: their addresses stay theirs, and the PC is no router.
func TestGuestsOnWiFi(t *testing.T) {
	w := newWorld()
	const pc, guest = "b0:c0:90:00:00:01", "08:00:27:00:00:02"
	w.bind(model.BindARP, guest, "192.168.1.62").Moves = 4
	w.bind(model.BindARP, pc, "192.168.1.62").Moves = 4
	w.bind(model.BindFrame, pc, "192.168.1.61")
	hosts := w.hosts()
	if h := at(t, hosts, "192.168.1.62"); !slices.Equal(h.MACs, []model.MAC{mac(guest)}) {
		t.Errorf("the guest's address belongs to %v", h.MACs)
	}
	if h := at(t, hosts, "192.168.1.61"); !slices.Equal(h.MACs, []model.MAC{mac(pc)}) || h.Class == model.ClassRouter {
		t.Errorf("the PC is %q with %v", h.Class, h.MACs)
	}
	for _, f := range w.drift() {
		if f.Rule == RuleDuplicateIP && f.Severity != model.Medium {
			t.Errorf("a guest and its PC are a conflict of severity %s", f.Severity)
		}
	}
}

// One strange frame is no second machine, two machines in turn are.
func TestConflictNeedsMoreThanOneFrame(t *testing.T) {
	f := func(strange uint64, moves uint32, want model.Severity, found bool) {
		t.Helper()
		w := newWorld()
		w.bind(model.BindARP, "00:30:54:00:34:56", "192.168.1.1").Count = 15
		b := w.bindAt(model.BindARP, "00:43:54:00:34:56", "192.168.1.1", 10*time.Minute, 20*time.Minute)
		b.Count, b.Moves = strange, moves
		all := w.drift()
		i := slices.IndexFunc(all, func(x model.Finding) bool { return x.Rule == RuleDuplicateIP })
		if (i >= 0) != found || found && all[i].Severity != want {
			t.Errorf("%d strange frames, %d moves: %v", strange, moves, all)
		}
	}
	f(1, 1, 0, false)
	f(2, 2, model.Medium, true)
	f(9, 6, model.High, true)
}

// A short change between two addresses behind one card is a router's, a long pause may be a new lease; other segments are never a lease.
func TestAddressesInTurn(t *testing.T) {
	f := func(a, b string, pause time.Duration, router bool) {
		t.Helper()
		w := newWorld()
		w.bindAt(model.BindFrame, "b4:96:91:00:00:05", a, 0, time.Minute)
		w.bindAt(model.BindFrame, "b4:96:91:00:00:05", b, time.Minute+pause, 2*time.Minute+pause)
		if h := at(t, w.hosts(), a); (len(h.MACs) == 0) != router {
			t.Errorf("%s, then %s after %s: %v", a, b, pause, h.MACs)
		}
	}
	f("192.168.1.5", "192.168.1.9", time.Second, true)
	f("192.168.1.5", "192.168.1.9", time.Hour, false)
	f("192.168.1.5", "10.10.10.5", time.Hour, true)
}
