package hospitalsim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// subnet is one network of the hospital.
type subnet struct {
	name, zone string
	prefix     netip.Prefix
	vlan       int
	gateway    netip.Addr
	router     model.MAC
	dynamic    bool
}

// machine is a host, inside or outside. Those outside have no network.
type machine struct {
	name    string // as it calls itself
	ip      netip.Addr
	mac     model.MAC
	net     *subnet
	class   model.Class
	os      stack
	dynamic bool
	row     row       // what the ledger says of it
	exit    model.MAC // another way out than its network's, if not zero
	ident   uint16
	last    uint16 // the last client port
}

// row is what the ledger says besides name and addresses; no row for an empty kind.
type row struct {
	kind, maker, model, os, place, department, system, purpose, owner, vendor, note string
}

func (m *machine) stack() stack { return m.os }
func (m *machine) ttl() uint8   { return m.os.ttl }

func (m *machine) router() model.MAC {
	if !m.exit.IsZero() {
		return m.exit
	}
	return m.net.router
}

// port gives the next client port, as Windows counts them (RFC 6335: dynamic ports).
func (m *machine) port() uint16 {
	if m.last < 49152 || m.last == 65535 {
		m.last = 49152
	}
	m.last++
	return m.last
}

// town is everything that exists.
type town struct {
	rng      *rand.Rand
	machines []*machine // inside, in the order in which they were made
	nets     []*subnet
	byName   map[string]*machine

	core, office, medical, manage, facility, vendor, guest *subnet
}

// The firewall and the virtual router of the two core switches.
var (
	firewallMAC = model.MAC{0x00, 0x09, 0x0f, 0x52, 0x10, 0x01}
	vrrpMAC     = model.MAC{0x00, 0x00, 0x5e, 0x00, 0x01, 0x0a} // RFC 9568, 7.3
)

func newTown(rng *rand.Rand) *town {
	t := &town{rng: rng, byName: map[string]*machine{}}
	add := func(name, zone, prefix string, vlan int, router model.MAC, dynamic bool) *subnet {
		p := netip.MustParsePrefix(prefix)
		n := &subnet{name, zone, p, vlan, p.Addr().Next(), router, dynamic}
		t.nets = append(t.nets, n)
		return n
	}
	t.core = add("基幹系", "基幹系", "10.1.0.0/16", 10, vrrpMAC, true)
	t.office = add("情報系", "情報系", "10.2.0.0/16", 20, firewallMAC, true)
	t.medical = add("医療機器", "医療機器", "10.3.0.0/16", 30, firewallMAC, false)
	t.manage = add("管理", "管理", "10.4.0.0/24", 40, firewallMAC, false)
	t.facility = add("設備", "設備", "10.5.0.0/16", 50, firewallMAC, false)
	t.vendor = add("業者", "業者", "10.9.0.0/24", 90, firewallMAC, false)
	t.guest = add("来客Wi-Fi", "来客", "192.168.50.0/24", 150, firewallMAC, true)
	t.servers()
	t.clients()
	t.imaging()
	t.devices()
	t.equipment()
	return t
}

// mac makes an address with the prefix of a maker.
func (t *town) mac(prefix uint32) model.MAC {
	n := t.rng.Uint32()
	return model.MAC{byte(prefix >> 16), byte(prefix >> 8), byte(prefix), byte(n), byte(n >> 8), byte(n >> 16)}
}

// Prefixes of makers (IEEE Registration Authority).
const (
	ouiDell      = 0xa4bb6d
	ouiHP        = 0x3c5282
	ouiFujitsu   = 0xe446b0
	ouiNEC       = 0x8cdf9d
	ouiVMware    = 0x000c29
	ouiFortinet  = 0x00090f
	ouiCisco     = 0x00562b
	ouiAllied    = 0x0000cd
	ouiAruba     = 0x001a1e
	ouiFujifilm  = 0x1c7d22
	ouiRicoh     = 0x002673
	ouiAxis      = 0xaccc8e
	ouiAPC       = 0x00c0b7
	ouiSynology  = 0x001132
	ouiBuffalo   = 0x4ce676
	ouiPi        = 0xb827eb
	ouiSiemens   = 0x20e791
	ouiGE        = 0x444b5d
	ouiYealink   = 0x001565
	ouiSIMCom    = 0x3095e3
	ouiPanasonic = 0x001267
	ouiYamaha    = 0x00a0de
)

// put adds a machine inside. The address is the n-th of its network.
func (t *town) put(name string, n *subnet, host int, oui uint32, os stack, class model.Class, r row) *machine {
	b := n.prefix.Addr().As4()
	b[2] += byte(host >> 8)
	b[3] = byte(host)
	m := &machine{
		name: name, ip: netip.AddrFrom4(b), mac: t.mac(oui), net: n, class: class, os: os, row: r, ident: uint16(t.rng.Uint32()),
		last: 49152 + uint16(t.rng.IntN(8000)),
	}
	if _, ok := t.byName[name]; ok {
		panic("BUG: two machines " + name)
	}
	t.byName[name] = m
	t.machines = append(t.machines, m)
	return m
}

// abroad makes a machine outside.
func (t *town) abroad(ip string) *machine {
	return &machine{ip: netip.MustParseAddr(ip), os: internet, last: 50000}
}

// of gives a machine by its name.
func (t *town) of(name string) *machine {
	m := t.byName[name]
	if m == nil {
		panic("BUG: no machine " + name)
	}
	return m
}

// all gives the machines of some classes in the order of their making.
func (t *town) all(classes ...model.Class) []*machine {
	var out []*machine
	for _, m := range t.machines {
		if slices.Contains(classes, m.class) {
			out = append(out, m)
		}
	}
	return out
}

func (t *town) servers() {
	sv := func(name string, host int, class model.Class, system, purpose, os string, st stack) {
		t.put(name, t.core, host, ouiVMware, st, class, row{
			kind: "サーバ", maker: "VMware", os: os, place: "B1F サーバ室", department: "情報管理室",
			system: system, purpose: purpose, owner: "情報管理室", vendor: "みどり医療情報株式会社",
		})
	}
	sv("DC01", 0x0a, model.ClassServer, "ドメイン", "AD・DNSサーバ", "Windows Server 2019", windows)
	sv("DC02", 0x0b, model.ClassServer, "ドメイン", "AD・DNSサーバ(予備系)", "Windows Server 2019", windows)
	sv("DHCP01", 0x0c, model.ClassServer, "ドメイン", "DHCPサーバ", "Windows Server 2019", windows)
	sv("FILE01", 0x14, model.ClassServer, "部門共有", "ファイルサーバ", "Windows Server 2019", windows)
	sv("WSUS01", 0x15, model.ClassServer, "ドメイン", "更新配布・ウイルス対策", "Windows Server 2019", windows)
	sv("KARTE-AP1", 0x1f, model.ClassHIS, "電子カルテ", "電子カルテサーバ", "Windows Server 2019", windows)
	sv("KARTE-AP2", 0x20, model.ClassHIS, "電子カルテ", "電子カルテサーバ", "Windows Server 2019", windows)
	sv("KARTE-DB", 0x21, model.ClassHIS, "電子カルテ", "電子カルテDBサーバ", "Red Hat Enterprise Linux 8", linux)
	sv("HL7-GW", 0x28, model.ClassHIS, "部門連携", "連携サーバ(HL7)", "Windows Server 2019", windows)
	sv("LIS01", 0x2d, model.ClassServer, "検査", "検査部門サーバ", "Windows Server 2016", windows)
	sv("ORCA01", 0x32, model.ClassHIS, "医事", "レセコン(ORCA)", "Ubuntu 22.04", linux)
	sv("BACKUP01", 0x3c, model.ClassServer, "バックアップ", "バックアップサーバ", "Windows Server 2019", windows)
	t.put("PACS01", t.medical, 0x0a, ouiDell, linux, model.ClassPACS, row{
		kind: "サーバ", maker: "Dell", os: "CentOS 7", place: "2F 放射線科", department: "放射線科",
		system: "PACS", purpose: "画像サーバ(PACS)", owner: "放射線科", vendor: "あおば画像システムズ",
	})
	t.put("NAS-SOUMU", t.office, 0x1e, ouiSynology, linux, model.ClassNAS, row{
		kind: "NAS", maker: "Synology", model: "DS920+", place: "3F 総務課",
		department: "総務課", purpose: "共有フォルダ", owner: "総務課",
	})
	t.put("NAS-HOUSYA", t.medical, 0x1e, ouiBuffalo, linux, model.ClassNAS, row{
		kind: "NAS", maker: "バッファロー", model: "TS3420DN", place: "2F 放射線科",
		department: "放射線科", purpose: "画像の一時保管", owner: "放射線科", vendor: "あおば画像システムズ",
	})
}

var wards = []struct{ code, place, department string }{
	{"W2E", "2F 東病棟", "2階東病棟"},
	{"W3E", "3F 東病棟", "3階東病棟"},
	{"W3W", "3F 西病棟", "3階西病棟"},
	{"W4E", "4F 東病棟", "4階東病棟"},
	{"GAI", "1F 外来", "外来"},
	{"IJI", "1F 医事課", "医事課"},
	{"YAK", "1F 薬剤科", "薬剤科"},
	{"KEN", "2F 検査科", "検査科"},
}

const (
	wardPCs   = 11 // of each ward
	officePCs = 28
	guests    = 14
)

func (t *town) clients() {
	makers := []struct {
		oui         uint32
		name, model string
	}{{ouiDell, "Dell", "OptiPlex 3080"}, {ouiHP, "HP", "ProDesk 400"}, {ouiFujitsu, "富士通", "ESPRIMO D"}, {ouiNEC, "NEC", "Mate"}}
	for i, ward := range wards {
		k := makers[i%len(makers)]
		for n := range wardPCs {
			m := t.put(fmt.Sprintf("%s-PC%02d", ward.code, n+1), t.core, (20+i)<<8|(11+n), k.oui, windows, model.ClassPC,
				row{
					kind: "電子カルテ端末", maker: k.name, model: k.model, os: "Windows 10", place: ward.place, department: ward.department, system: "電子カルテ",
					purpose: "電子カルテ端末", owner: ward.department, vendor: "みどり医療情報株式会社",
				})
			m.dynamic = true
		}
	}
	for n := range officePCs {
		k := makers[n%len(makers)]
		place, dep := "3F 総務課", "総務課"
		if n >= 14 {
			place, dep = "3F 地域連携室", "地域連携室"
		}
		m := t.put(fmt.Sprintf("SOM-PC%02d", n+1), t.office, 20<<8|(11+n), k.oui, windows, model.ClassPC,
			row{kind: "事務PC", maker: k.name, model: k.model, os: "Windows 11", place: place, department: dep, purpose: "事務・インターネット", owner: dep})
		m.dynamic = true
	}
	for n := range guests {
		m := t.put(fmt.Sprintf("guest-%02d", n+1), t.guest, 20+n, 0, linux, model.ClassPhone, row{})
		m.mac[0] = m.mac[0]&^1 | 2 // phones make up their addresses
		m.mac[0], m.dynamic = 0xda+byte(n%2)*4, true
	}
}
