package model

import (
	"net/netip"
	"time"
)

// Ledger is one version of what the institution declares. It is an immutable snapshot: importers make a new one.
type Ledger struct {
	Version     int          `json:"version"`
	Imported    time.Time    `json:"imported"`
	By          string       `json:"by"`
	File        string       `json:"file"`
	Why         string       `json:"why,omitempty"` // what a person said when making this version
	Sites       []Site       `json:"sites"`
	Departments []Department `json:"departments"`
	Zones       []Zone       `json:"zones"`
	Networks    []Network    `json:"networks"`
	Hosts       []LedgerHost `json:"hosts"`
	Systems     []System     `json:"systems"`
	Vendors     []Vendor     `json:"vendors"`
	Contracts   []Contract   `json:"contracts"`
	Lines       []Line       `json:"lines"`
	People      []Person     `json:"people"`
}

// Place is where in a workbook something was declared; it is what a person is told.
type Place struct {
	File   string `json:"file"`
	Sheet  string `json:"sheet"`  // "" for CSV
	Row    int    `json:"row"`    // 1-based as Excel shows it
	Column string `json:"column"` // letter, "" for the whole row
}

// Site is a building or campus.
type Site struct {
	Name    string `json:"name"`
	Address string `json:"address"`
	Place   Place  `json:"place"`
}

// Department is an organisational unit (病棟, 検査科, 医事課).
type Department struct {
	Name  string `json:"name"`
	Site  string `json:"site"`
	Place Place  `json:"place"`
}

// Zone is a set of networks with one purpose and trust (基幹系, 情報系, 業者).
type Zone struct {
	Name    string `json:"name"`
	Purpose string `json:"purpose"`
	Place   Place  `json:"place"`
}

// Network is a declared address range.
type Network struct {
	Name    string       `json:"name"`
	Prefix  netip.Prefix `json:"prefix"`
	VLAN    uint16       `json:"vlan"`
	Zone    string       `json:"zone"`
	Gateway netip.Addr   `json:"gateway"`
	DHCP    bool         `json:"dhcp"` // addresses are given out dynamically
	Place   Place        `json:"place"`
}

// AddrRange is a declared address, range or network of one host entry. From == To for a single address.
type AddrRange struct {
	From netip.Addr `json:"from"`
	To   netip.Addr `json:"to"`
}

// Contains reports whether a is in the range.
func (r AddrRange) Contains(a netip.Addr) bool { return r.From.Compare(a) <= 0 && a.Compare(r.To) <= 0 }

// Single reports whether the range is one address.
func (r AddrRange) Single() bool { return r.From == r.To }

// LedgerHost is one declared machine, or one row that declares a range of them.
type LedgerHost struct {
	Key         string      `json:"key"` // stable over versions: asset number, else name, else first address
	Name        string      `json:"name"`
	Addrs       []AddrRange `json:"addrs"`
	DHCP        bool        `json:"dhcp"`
	MACs        []MAC       `json:"macs"`
	Class       Class       `json:"class"` // from 区分, 種別 or 用途 where it can be read
	Kind        string      `json:"kind"`  // as written
	Site        string      `json:"site"`
	Location    string      `json:"location"`
	Department  string      `json:"department"`
	Zone        string      `json:"zone"`
	System      string      `json:"system"`
	Purpose     string      `json:"purpose"`
	Owner       string      `json:"owner"`
	Vendor      string      `json:"vendor"`
	Maker       string      `json:"maker"`
	Model       string      `json:"model"`
	OS          string      `json:"os"`
	AssetNo     string      `json:"asset_no"`
	Serial      string      `json:"serial"`
	Installed   string      `json:"installed"` // yyyy-mm-dd, yyyy-mm or yyyy where it can be read, else as written
	MaintainEnd string      `json:"maintain_end"`
	Status      string      `json:"status"`  // as written: 稼働, 予備, 廃棄...
	Retired     bool        `json:"retired"` // Status says that it should not be on the network
	Note        string      `json:"note"`
	Extra       []Extra     `json:"extra,omitempty"` // columns nobody recognised, kept for the round trip
	Place       Place       `json:"place"`
}

// Extra is a cell under a header that has no meaning to us.
type Extra struct {
	Header string `json:"header"`
	Value  string `json:"value"`
}

// System is an information system (電子カルテ, PACS, 医事).
type System struct {
	Name     string `json:"name"`
	Purpose  string `json:"purpose"`
	Vendor   string `json:"vendor"`
	Owner    string `json:"owner"`
	Critical string `json:"critical"` // importance as written
	Place    Place  `json:"place"`
}

// Vendor is a company that supplies or maintains.
type Vendor struct {
	Name    string `json:"name"`
	Contact string `json:"contact"`
	Phone   string `json:"phone"`
	Mail    string `json:"mail"`
	Note    string `json:"note"`
	Place   Place  `json:"place"`
}

// Contract is an agreement with a vendor.
type Contract struct {
	Name   string `json:"name"`
	Vendor string `json:"vendor"`
	System string `json:"system"`
	Start  string `json:"start"`
	End    string `json:"end"`
	Scope  string `json:"scope"`
	Note   string `json:"note"`
	Place  Place  `json:"place"`
}

// LineKind is what kind of outside line it is.
type LineKind string

// The kinds of line.
const (
	LineInternet    LineKind = "internet"
	LineVPN         LineKind = "vpn"
	LineLTE         LineKind = "lte"
	LineLeased      LineKind = "leased"
	LineMaintenance LineKind = "maintenance"
	LineOther       LineKind = "other"
)

// Line is a declared connection to the outside.
type Line struct {
	Name        string         `json:"name"`
	Kind        LineKind       `json:"kind"`
	Purpose     string         `json:"purpose"`
	Owner       string         `json:"owner"`
	Vendor      string         `json:"vendor"`
	Carrier     string         `json:"carrier"`
	Demarcation string         `json:"demarcation"` // 責任分界点
	Device      string         `json:"device"`      // router or modem: a name in Hosts, or free text
	Gateways    []netip.Addr   `json:"gateways"`    // inside addresses of the router
	MACs        []MAC          `json:"macs"`
	Peers       []netip.Prefix `json:"peers"` // outside addresses it may talk to (maintenance, VPN)
	Tools       []string       `json:"tools"` // remote-control tools or tunnels approved on it: "TeamViewer", "wireguard"
	Place       Place          `json:"place"`
}

// Person is somebody to be asked or called.
type Person struct {
	Name       string `json:"name"`
	Department string `json:"department"`
	Role       string `json:"role"`
	Phone      string `json:"phone"`
	Mail       string `json:"mail"`
	Place      Place  `json:"place"`
}

// Slip is something wrong in a ledger, named so that the person can mend it. Code selects the words
// (catalog/detections, rule "ledger.CODE"); Args fill them.
type Slip struct {
	Code   string            `json:"code"` // duplicate_ip, duplicate_name, invalid_ip, ...
	Places []Place           `json:"places"`
	Cell   string            `json:"cell"` // the text found
	Args   map[string]string `json:"args"`
	Fatal  bool              `json:"fatal"` // the row could not be used
}
