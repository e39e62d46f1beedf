// Package detect draws conclusions from traffic: outside lines nobody declared, dangerous services, scans, secret channels to the
// outside, a capture that does not see. It is pure: Seen, hosts and the ledger in, findings out. It keeps nothing between patrols (package triage and
// the store do) and it compares no hosts with the ledger (package inventory does).
//
// Rules are plain functions in the list below; what they say in words is data in catalog/detections.
package detect

import (
	"cmp"
	"slices"

	"github.com/mimawari/mimawari/internal/detect/rhythm"
	"github.com/mimawari/mimawari/internal/indicator"
	"github.com/mimawari/mimawari/internal/model"
)

// Input is what the rules look at. Nothing in it is changed.
type Input struct {
	Seen   *model.Seen
	Hosts  []model.Host
	Ledger *model.Ledger // nil if there is none
	Tools  []Tool        // remote-control tools; see LoadTools
	// Rhythm has heard of the flows to the internet; nil if nobody listened.
	Rhythm *rhythm.Recorder
	Known  *indicator.Set // what feeds name as bad; nil if there are none
}

// Rule is one detection.
type Rule struct {
	ID string
	// Covered says whether this input is enough to see the cause if it were there; if not, an earlier finding stays open.
	Covered func(*View) bool
	Find    func(*View) []model.Finding
}

// Rules are all detections of this package.
var Rules = []Rule{
	{"line.unapproved_exit", traffic, unapprovedExit},
	{"line.rogue_dhcp", traffic, rogueDHCP},
	{"line.rogue_router_advertisement", traffic, rogueRouter},
	{"line.tethering", always, tethering},
	{"line.tunnel", traffic, tunnels},
	{"line.remote_control", traffic, remoteControl},
	{"service.smb1", traffic, smb1},
	{"service.telnet", traffic, telnet},
	{"service.cleartext_login", traffic, cleartextLogin},
	{"service.rdp_from_outside", traffic, rdpFromOutside},
	{"service.dicom_cleartext_between_zones", traffic, dicomBetweenZones},
	{"capture.blind", captured, blind},
	{"detect.scan.hosts", twoWay, scanHostsRule},
	{"detect.scan.ports", twoWay, scanPortsRule},
	{"detect.c2.beacon", heard, beacon},
	{"detect.c2.known_bad", told, knownBad},
	{"detect.c2.dns_tunnel", traffic, dnsTunnel},
	{"detect.c2.dga", traffic, dga},
	{"detect.c2.tor", traffic, tor},
	{"detect.c2.long_connection", traffic, longConnection},
	{"detect.exfiltration", traffic, exfiltration},
	{"detect.modality.internet", traffic, modalityInternet},
	{"detect.lateral.service", traffic, serviceCalls.find},
	{"detect.lateral.task", traffic, taskCalls.find},
	{"detect.lateral.wmi", traffic, wmiCalls.find},
	{"detect.lateral.dcom", traffic, dcomCalls.find},
	{"detect.lateral.winrm", traffic, winrm},
	{"detect.lateral.remote_registry", traffic, registryCalls.find},
	{"detect.lateral.rdp_chain", traffic, rdpChain},
	{"detect.lateral.rdp_fanout", traffic, rdpFanout},
	{"detect.cred.dcsync", traffic, dcsyncCalls.find},
	{"detect.cred.dcshadow", traffic, dcshadowCalls.find},
	{"detect.cred.backupkey", traffic, secretCalls.find},
	{"detect.cred.relay_coercion", traffic, coercionCalls.find},
	{"detect.cred.zerologon", traffic, zerologon},
	{"detect.cred.bruteforce", traffic, bruteForce},
	{"detect.cred.spray", traffic, spray},
	{"detect.cred.same_local_admin", traffic, sameLocalAdmin},
	{"detect.discovery.ad", traffic, discoveryAD},
	{"detect.discovery.shares", traffic, discoveryShares},
}

func always(*View) bool    { return true }
func traffic(v *View) bool { return len(v.Seen.Conversations) > 0 }
func captured(v *View) bool {
	return slices.ContainsFunc(v.Seen.Sources, func(s model.Source) bool { return s.Mirror.Packets > 0 })
}

// Run applies all rules. The findings are sorted by severity (worst first) and id.
func Run(in Input) []model.Finding {
	v := NewView(in)
	var all []model.Finding
	for _, r := range Rules {
		all = append(all, r.Find(v)...)
	}
	slices.SortFunc(all, func(a, b model.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// Covered reports which rules could have fired on in; findings of other rules say nothing about being mended.
func Covered(in Input) map[string]bool {
	v := NewView(in)
	m := make(map[string]bool, len(Rules))
	for _, r := range Rules {
		m[r.ID] = r.Covered(v)
	}
	return m
}
