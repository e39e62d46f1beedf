package model

import (
	"net/netip"
	"strings"
	"time"
)

// Class is what kind of machine a host is. The values are stable: they appear in JSON, rules and words.
type Class string

// The classes. ClassUnknown stays unknown until a signal says otherwise.
const (
	ClassUnknown   Class = ""
	ClassServer    Class = "server"
	ClassPC        Class = "pc"
	ClassPrinter   Class = "printer"
	ClassIPPhone   Class = "ip_phone"
	ClassCamera    Class = "camera"
	ClassRouter    Class = "router"
	ClassSwitch    Class = "switch"
	ClassFirewall  Class = "firewall"
	ClassVPN       Class = "vpn_appliance"
	ClassAP        Class = "access_point"
	ClassNAS       Class = "nas"
	ClassModality  Class = "modality" // imaging device
	ClassMedical   Class = "medical_device"
	ClassPACS      Class = "pacs"
	ClassHIS       Class = "his" // EHR, order entry, receipt computer server
	ClassPhone     Class = "phone"
	ClassTablet    Class = "tablet"
	ClassIoT       Class = "iot"
	ClassSBC       Class = "single_board_computer"
	ClassMobileRtr Class = "mobile_router" // LTE/5G router, hotspot
	ClassUPS       Class = "ups"
	ClassVMHost    Class = "hypervisor"
	ClassIndustry  Class = "industrial"
)

// Signal is one reason for what is believed of a host.
type Signal struct {
	About  string  `json:"about"`  // class, maker, model, os, role, name, identity
	Says   string  `json:"says"`   // the value it supports
	Kind   Kind    `json:"kind"`   // which observation; "oui", "port", "binding" where it is none
	Value  string  `json:"value"`  // what was seen
	Weight float64 `json:"weight"` // 0..1
	Rule   string  `json:"rule"`   // id in catalog/products, "" for built-in reasoning
}

// Said is one thing that a host said of itself.
type Said struct {
	Kind  Kind   `json:"kind"`
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// Host is one machine: several addresses, MACs and names may be its own.
type Host struct {
	ID         string       `json:"id"` // stable: derived from the strongest identity when first seen
	IPs        []netip.Addr `json:"ips"`
	MACs       []MAC        `json:"macs"`
	Names      []string     `json:"names"` // best first
	VLANs      []uint16     `json:"vlans,omitempty"`
	Class      Class        `json:"class"`
	Maker      string       `json:"maker"`
	Model      string       `json:"model"`
	OS         string       `json:"os"`
	Version    string       `json:"version"`
	Roles      []string     `json:"roles"` // domain_controller dns_server dhcp_server file_server database dicom_scp dicom_scu hl7_sender hl7_receiver ntp_server gateway web_server print_server syslog_server rdp_server ssh_server vpn_server
	Confidence float64      `json:"confidence"`
	Signals    []Signal     `json:"signals"`
	Says       []Said       `json:"says"` // what it said of itself in the patrol that saw it last, bounded
	First      time.Time    `json:"first"`
	Last       time.Time    `json:"last"`
	Ledger     *LedgerRef   `json:"ledger"` // the declared host it is matched with, nil if none
}

// LedgerRef points at the declared host that a seen host is.
type LedgerRef struct {
	Key   string `json:"key"`   // LedgerHost.Key
	Name  string `json:"name"`  // declared name
	By    string `json:"by"`    // ip, mac, name: what matched
	Place string `json:"place"` // sheet and row
}

// Brief is the little of a host that a picture of all of them needs.
type Brief struct {
	ID       string
	IP       netip.Addr // the first, invalid if there is none
	Class    Class
	Declared string // LedgerHost.Key, "" if it is not in the ledger
	Last     time.Time
}

// Is reports whether text is one of the host's addresses or names as written, or mac one of its MACs.
func (h Host) Is(text string, mac MAC) bool {
	for _, m := range h.MACs {
		if m == mac && !mac.IsZero() {
			return true
		}
	}
	for _, a := range h.IPs {
		if a.String() == text {
			return true
		}
	}
	for _, n := range h.Names {
		if strings.EqualFold(n, text) {
			return true
		}
	}
	return false
}
