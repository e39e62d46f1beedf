// Package storetest has what the tests of several packages share about stored data: made-up results and databases on a
// test server. It knows nothing of package store.
package storetest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mimawari/mimawari/internal/model"
)

// Base is the moment at which the test data begins.
var Base = time.Date(2026, 4, 1, 9, 0, 0, 123456789, time.UTC)

// Equal compares what was stored with what came back.
var Equal = cmp.Options{cmpopts.IgnoreFields(model.Known{}, "Moment"), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }), cmpopts.EquateEmpty()}

// Result makes the result of patrol n: the same arguments give the same result, and host i is the same host for all n.
func Result(n, hosts, findings, bindings int) model.Result {
	at := Base.Add(time.Duration(n) * time.Hour)
	r := model.Result{Patrol: model.Patrol{
		ID: fmt.Sprintf("p-%d", n), Started: at, Ended: at.Add(time.Minute), First: at.Add(-time.Hour), Last: at,
		Sources: []model.Source{{
			Name: "記録.pcap", Kind: "pcap", Packets: 1000, Bytes: 1 << 40, First: at, Last: at,
			Errors: []model.Trouble{{Code: "cut", Where: "記録.pcap:24", Args: []string{"24"}, Text: "cut"}},
		}},
		Stats: model.Stats{Packets: 1 << 63, Flows: 7}, Limits: []model.Limit{{Name: "flows", Max: 10, Dropped: 3}}, Ledger: n,
	}}
	for i := range hosts {
		r.Hosts = append(r.Hosts, host(i, at))
	}
	for i := range findings {
		r.Findings = append(r.Findings, finding(i, at))
	}
	for i := range bindings {
		r.Bindings = append(r.Bindings, model.Binding{
			MAC: MAC(i), Addr: Addr(i), VLAN: uint16(i % 5), Kind: model.BindARP,
			First: Base, Last: at.Add(time.Duration(i)), Count: uint64(i), Moves: uint32(i % 3),
		})
	}
	return r
}

// Remembered is what LoadKnown must give after r was saved into an empty store.
func Remembered(r model.Result) model.Known {
	k := model.Known{Last: &r.Patrol, Hosts: slices.Clone(r.Hosts), Bindings: r.Bindings, Findings: slices.Clone(r.Findings)}
	slices.SortFunc(k.Hosts, func(a, b model.Host) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(k.Findings, func(a, b model.Finding) int { return strings.Compare(a.ID, b.ID) })
	return k
}

// Addr is the address of host i.
func Addr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// MAC is the MAC of host i.
func MAC(i int) model.MAC { return model.MAC{0x00, 0x1b, 0x8b, byte(i >> 16), byte(i >> 8), byte(i)} }

var classes = []model.Class{model.ClassUnknown, model.ClassPC, model.ClassServer, model.ClassPrinter, model.ClassModality}

func host(i int, at time.Time) model.Host {
	h := model.Host{
		ID: model.HostID(fmt.Sprint("host ", i)), IPs: []netip.Addr{Addr(i)}, MACs: []model.MAC{MAC(i)},
		Names: []string{fmt.Sprintf("PC-%04d", i), fmt.Sprintf("第%d診察室端末", i)}, VLANs: []uint16{1, 20},
		Class: classes[i%len(classes)], Maker: "Example", Model: "M-1", OS: "Windows", Version: "10", Roles: []string{"file_server"},
		Confidence: 0.75, First: Base, Last: at,
		Signals: []model.Signal{{About: "os", Says: "Windows", Kind: model.NameDHCP, Value: "MSFT 5.0", Weight: 0.5, Rule: "x"}},
	}
	if i%2 == 0 {
		h.Ledger = &model.LedgerRef{Key: fmt.Sprint("A-", i), Name: fmt.Sprintf("端末%d", i), By: "ip", Place: "台帳.xlsx 機器 5"}
	}
	if i%7 == 6 {
		h.IPs = append(h.IPs, netip.MustParseAddr("fe80::1").Next())
	}
	return h
}

var rules = []string{"line.undeclared", "line.tool", "drift.unknown_host", "auth.cleartext"}

func finding(i int, at time.Time) model.Finding {
	rule := rules[i%len(rules)]
	h := host(i, at)
	return model.Finding{
		ID: model.FindingID(rule, h.ID), Rule: rule, Severity: model.Severity(i % 5), Params: map[string]string{"host": h.Names[0], "reason_key": "x.y"},
		Assets: []model.Asset{{Host: h.ID, Label: h.Names[0], IP: h.IPs[0].String(), MAC: h.MACs[0].String()}},
		First:  Base, Last: at.Add(time.Duration(i%10) * time.Second), Count: uint64(i), State: model.Open,
		Evidence: []model.Evidence{{At: at, Source: "記録.pcap", Where: "7", Text: "SYN 10.0.0.1 > 198.51.100.1:443"}},
	}
}
