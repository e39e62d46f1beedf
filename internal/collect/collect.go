// Package collect reads everything seen that is not packets and comes as a text file: address tables of computers and
// switches, DHCP lease lists, Zeek and Suricata logs. It gives the same observations, bindings and conversations as packets
// do, each with the name of its source.
//
// It does not read the ledger, opens no files, and draws no conclusions. Files are streamed: memory is bounded by the
// limits below and by those of dissect.Recorder. A line that can't be read becomes a model.Trouble and the rest goes on.
// Interface names such as "Vlan10" are not taken for VLAN numbers of frames: entries of tables have VLAN 0.
package collect

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Limits of one file.
const (
	MaxLine          = 1 << 20    // bytes; longer lines are passed over and counted
	MaxRows          = 50_000_000 // lines; what follows is not read
	MaxConversations = 200_000
	MaxLeases        = 200_000 // addresses of one lease file
	maxTroubles      = 20      // named one by one, the others are counted
)

// Kind is a format that is recognised.
type Kind string

// The formats.
const (
	ARP            Kind = "arp" // arp -a, ip neigh, /proc/net/arp, show arp and their like
	Dnsmasq        Kind = "dnsmasq"
	ISC            Kind = "isc" // dhcpd.leases
	Kea            Kind = "kea" // memfile, DHCPv4 and DHCPv6
	WindowsCSV     Kind = "windows-csv"
	Netsh          Kind = "netsh" // netsh dhcp server scope N show clients
	FortiGateLease Kind = "fortigate-lease"
	YamahaLease    Kind = "yamaha-lease"
	ZeekTSV        Kind = "zeek-tsv"
	ZeekJSON       Kind = "zeek-json"
	Suricata       Kind = "suricata" // eve.json
)

// Family is the value of model.Source.Kind for k: arp, dhcp, zeek or suricata.
func (k Kind) Family() string {
	switch k {
	case ARP, Suricata:
		return string(k)
	case ZeekTSV, ZeekJSON:
		return "zeek"
	}
	return "dhcp"
}

// Result is what one file says. Entries are sorted and each is there once.
type Result struct {
	Source        model.Source
	Observations  []model.Observation
	Bindings      []model.Binding
	Conversations []model.Conversation
}

// ErrKind says that a file is none of the formats of this package.
var ErrKind = errors.New("not an address table, lease list or log that can be read here")

// Read reads one file, which may be compressed with gzip or zstd. at is the time of entries that carry none, usually the
// file's modification time. Lines that can't be read are in Result.Source.Errors. The error is not nil if nothing could
// be read at all.
func Read(name string, r io.Reader, at time.Time) (Result, error) { return ReadFlows(name, r, at, nil) }

// ReadFlows is Read that shows each connection of a log to onFlow, which may be nil. The flow is reused after the call returns.
func ReadFlows(name string, r io.Reader, at time.Time, onFlow func(*model.Flow)) (Result, error) {
	in, err := open(r)
	if err != nil {
		return Result{}, fmt.Errorf("read %s: %w", name, err)
	}
	defer in.close()
	kind, ok := Sniff(in.head)
	if !ok {
		return Result{}, fmt.Errorf("read %s: %w", name, ErrKind)
	}
	s := newSink(name, kind, at)
	s.onFlow = onFlow
	p := parserOf(kind, s)
	for {
		line, err := in.next()
		if err != nil {
			s.ended(in, err)
			break
		}
		if s.rows++; s.rows > MaxRows {
			s.trouble("collect_rows", strconv.Itoa(MaxRows))
			break
		}
		s.line = in.line
		p.row(line)
	}
	p.end()
	return s.result(), nil
}

// parser is told one line after the other. It may keep parts of them: lines are strings.
type parser interface {
	row(line string)
	end()
}

func parserOf(k Kind, s *sink) parser {
	switch k {
	case Dnsmasq:
		return &dnsmasq{sink: s}
	case ISC:
		return newISC(s)
	case Kea:
		return newKea(s)
	case WindowsCSV:
		return &windowsCSV{sink: s}
	case Netsh:
		return &netsh{sink: s}
	case FortiGateLease:
		return &fortigate{sink: s}
	case YamahaLease:
		return &yamaha{sink: s}
	case ZeekTSV, ZeekJSON:
		return newZeek(s, k == ZeekJSON)
	case Suricata:
		return newSuricata(s)
	}
	return &arp{sink: s}
}

// address reads an address as tables write it: with zone, in brackets or parentheses, IPv4 mapped.
func address(t string) (netip.Addr, bool) {
	if len(t) > 2 && (t[0] == '(' || t[0] == '[') {
		t = t[1 : len(t)-1]
	}
	a, err := netip.ParseAddr(t)
	if err != nil {
		return netip.Addr{}, false
	}
	return model.Normal(a), true
}

// hosty reports addresses that one machine can have.
func hosty(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLoopback() && a != broadcast
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// single reports MAC addresses that one machine can have.
func single(m model.MAC) bool { return !m.IsZero() && !m.IsGroup() }
