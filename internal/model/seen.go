package model

import (
	"net/netip"
	"time"
)

// Seen is what one patrol saw: the only input of the conclusions besides the ledger and the memory of earlier patrols.
// It is complete before anything reads it and is not changed afterwards. All slices are sorted by the fields that
// identify an entry, so equal traffic gives equal Seen whatever the number of shards.
type Seen struct {
	Sources       []Source
	Stats         Stats
	First, Last   time.Time
	Bindings      []Binding
	Observations  []Observation
	Conversations []Conversation
	Transactions  []Transaction
	Gateways      []Gateway
	Limits        []Limit
	Passed        []string // files of directories that were passed over because they are of another kind
}

// Source is one input of a patrol: a capture file, an interface, an address table, a log.
type Source struct {
	Name    string    `json:"name"`    // as the user gave it
	Kind    string    `json:"kind"`    // pcap, pcapng, live, arp, dhcp, zeek, suricata
	Packets uint64    `json:"packets"` // or rows, for what is not packets
	Bytes   uint64    `json:"bytes"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Errors  []Trouble `json:"errors"`
	// Answered is how many TCP connections with payload were seen in both directions: what shows that a mirror port mirrors.
	Answered uint64 `json:"answered"`
	Mirror   Mirror `json:"-"` // health of the capture; zero for what is not packets
}

// Trouble is something wrong with an input that did not stop the rest: where it is and what can be done about it.
// Code selects the words (catalog/locale, key "trouble.CODE"); Args fill them.
type Trouble struct {
	Code  string   `json:"code"`
	Where string   `json:"where"` // file, or file:line, or file offset
	Args  []string `json:"args,omitempty"`
	Text  string   `json:"text"` // English, for logs and for readers without the words
}

// Mirror tells how much of the traffic a capture really shows.
type Mirror struct {
	Packets    uint64 // frames seen
	Dropped    uint64 // frames the kernel or card reported lost
	Truncated  uint64 // frames cut by the snap length
	Unknown    uint64 // frames of a link type or protocol that is only counted
	WiFi       uint64 // 802.11 frames, counted but not decoded
	TCPFlows   uint64 // TCP flows with payload
	OneWay     uint64 // of these, flows of which only one direction was seen
	TCPBytes   uint64 // TCP payload bytes that should have been there
	LostBytes  uint64 // TCP payload bytes acknowledged by the receiver but never seen
	Broadcast  uint64 // frames to group addresses
	Unicast    uint64 // frames to single addresses
	MACs       uint64 // distinct source MACs, up to a limit
	OwnUnicast uint64 // live only: unicast frames to or from the capturing interface itself
}

// Stats counts the traffic of a patrol.
type Stats struct {
	Packets   uint64 `json:"packets"`
	IPPackets uint64 `json:"ip_packets"`
	Bytes     uint64 `json:"bytes"`
	Flows     uint64 `json:"flows"`
}

// Limit tells that a stated limit was reached and what was left out because of it.
type Limit struct {
	Name    string `json:"name"` // flows, hosts, conversations, observations, buffers, fragments, gateways
	Max     uint64 `json:"max"`
	Dropped uint64 `json:"dropped"`
}

// BindingKind says how an address and a MAC were seen together.
type BindingKind string

// The kinds of binding, strongest first.
const (
	BindARP   BindingKind = "arp"   // the host itself said so in ARP (RFC 826)
	BindNDP   BindingKind = "ndp"   // the same in IPv6 neighbour discovery (RFC 4861)
	BindDHCP  BindingKind = "dhcp"  // a DHCP server gave the address to it (RFC 2131)
	BindTable BindingKind = "table" // an address table or lease list says so, NetBIOS node status, RADIUS accounting
	BindFrame BindingKind = "frame" // an IP packet came in a frame from this MAC: may be a router's
)

// Binding is one MAC seen with one address.
type Binding struct {
	MAC         MAC
	Addr        netip.Addr
	VLAN        uint16
	Kind        BindingKind
	First, Last time.Time
	Count       uint64
	// Moves counts how often the address came (back) to this MAC from another one, ARP and NDP only.
	Moves  uint32
	Source string // name of the Source for tables, "" for packets
}

// Gateway is a MAC that carries packets of addresses that are not its own.
type Gateway struct {
	MAC         MAC
	VLAN        uint16
	First, Last time.Time
	External    uint64       // packets to the internet sent through it (destination MAC is the gateway's)
	Bytes       uint64       // bytes of these
	Inbound     uint64       // packets from the internet that came from it
	Clients     []netip.Addr // internal senders, at most 64
	Peers       []netip.Addr // external destinations, at most 16, the first seen
	PeerCount   uint64       // distinct external destinations, counted up to 4096
}

// Observation is one thing a machine said of itself, or that its peer said of it.
type Observation struct {
	Subject     netip.Addr // the machine; invalid if only the MAC is known
	MAC         MAC        // source MAC of the frame: the machine's own only if Subject is on the same segment
	VLAN        uint16
	Kind        Kind
	Value       string
	Peer        netip.Addr // the other side where it matters (server of an SNI, client of a clear-text login)
	Port        uint16     // server port where it matters
	First, Last time.Time
	Count       uint64
	Source      string // name of the Source for tables and logs, "" for packets
}

// Conversation sums the flows between a client and a server on one port.
type Conversation struct {
	Client, Server       netip.Addr
	ClientMAC, ServerMAC MAC
	VLAN                 uint16
	Proto                uint8 // IP protocol number
	Port                 uint16
	App                  string // "" if not known
	Flows                uint64
	Answered             uint64 // flows in which the server sent payload, or completed the TCP handshake
	PacketsOut           uint64 // client to server
	PacketsIn            uint64
	BytesOut             uint64 // IP bytes
	BytesIn              uint64
	First, Last          time.Time
	Tunnel               string // outer encapsulation if any: gre, ipip, 6in4, vxlan, gtp, mpls, pppoe
}
