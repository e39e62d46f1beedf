// Package house makes up a large institution in the form in which the store keeps it: a ledger, hosts, findings, address
// bindings, and who talks to whom. It is for load tests, for benchmarks of the pages and for pictures of many machines.
//
// It makes no packets (package hospitalsim does), concludes nothing (the findings are made up too) and is no evidence of
// quality. Equal options give equal results. Outside addresses are of the documentation ranges (RFC 5737).
package house

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Options say how large the house is.
type Options struct {
	Hosts    int
	Findings int
	Seed     uint64
	Now      time.Time // of the last patrol
}

// House is the whole of it.
type House struct {
	Ledger *model.Ledger
	Result model.Result // Result.Trails is set
}

// zone is a kind of area: its share of the machines and what stands there.
type zone struct {
	name, purpose, place string
	share                float64
	classes              []model.Class // the first is the most frequent one
	systems              []string
}

var zones = []zone{
	{"電子カルテ系", "診療の中心", "本館", 0.30, []model.Class{model.ClassPC, model.ClassPC, model.ClassPC, model.ClassPrinter, model.ClassPC, model.ClassHIS}, []string{"電子カルテ", "オーダリング", "看護支援"}},
	{"部門システム系", "検査・薬剤・給食", "中央診療棟", 0.14, []model.Class{model.ClassPC, model.ClassPC, model.ClassServer, model.ClassMedical, model.ClassPrinter}, []string{"検査", "薬剤", "給食", "輸血", "病理"}},
	{"画像系", "PACS と撮影装置", "放射線棟", 0.08, []model.Class{model.ClassPC, model.ClassModality, model.ClassModality, model.ClassPACS}, []string{"PACS", "放射線情報"}},
	{"医療機器", "生体情報モニターなど", "病棟", 0.14, []model.Class{model.ClassMedical, model.ClassMedical, model.ClassMedical, model.ClassServer}, []string{"生体情報モニター", "輸液管理"}},
	{"情報系", "事務とメール", "管理棟", 0.16, []model.Class{model.ClassPC, model.ClassPC, model.ClassPC, model.ClassPrinter, model.ClassServer, model.ClassNAS}, []string{"医事会計", "グループウェア", "人事給与"}},
	{"院内Wi-Fi", "無線端末", "全館", 0.10, []model.Class{model.ClassTablet, model.ClassPhone, model.ClassPC, model.ClassAP}, []string{"看護支援"}},
	{"設備・カメラ", "空調、電源、防犯", "地下機械室", 0.05, []model.Class{model.ClassCamera, model.ClassCamera, model.ClassIoT, model.ClassUPS}, []string{"防犯カメラ"}},
	{"遠隔保守", "業者の接続", "サーバー室", 0.01, []model.Class{model.ClassServer, model.ClassRouter, model.ClassVPN}, []string{"遠隔保守"}},
	{"バックアップ", "控えの保管", "サーバー室", 0.01, []model.Class{model.ClassServer, model.ClassNAS}, []string{"バックアップ"}},
}

var makers = map[model.Class][2]string{
	model.ClassPC: {"Dell", "OptiPlex 7010"}, model.ClassServer: {"HPE", "ProLiant DL360"}, model.ClassPrinter: {"RICOH", "IM C3000"},
	model.ClassMedical: {"Nihon Kohden", "CNS-6801"}, model.ClassModality: {"Canon Medical", "Aquilion"}, model.ClassCamera: {"AXIS", "P3245"},
	model.ClassAP: {"Cisco", "C9120AXI"}, model.ClassNAS: {"Buffalo", "TS5410"}, model.ClassRouter: {"Yamaha", "RTX1220"},
	model.ClassVPN: {"Fortinet", "FortiGate-60F"}, model.ClassHIS: {"Fujitsu", "PRIMERGY"}, model.ClassPACS: {"Fujitsu", "PRIMERGY"},
	model.ClassTablet: {"Apple", "iPad"}, model.ClassPhone: {"Sharp", "AQUOS"}, model.ClassUPS: {"APC", "Smart-UPS"}, model.ClassIoT: {"Daikin", "iTM"},
}

const perNetwork = 220

// maker is a house being made.
type maker struct {
	Options
	rng     *rand.Rand
	l       *model.Ledger
	hosts   []model.Host
	zoneOf  []int            // of each host
	servers map[string][]int // hosts that serve a system
	users   map[string][]int
}

// Make makes a house.
func Make(o Options) House {
	if o.Now.IsZero() {
		o.Now = time.Date(2026, 10, 7, 6, 0, 0, 0, time.UTC)
	}
	m := &maker{Options: o, rng: rand.New(rand.NewPCG(o.Seed, 7)), servers: map[string][]int{}, users: map[string][]int{}}
	m.l = &model.Ledger{Version: 1, Imported: o.Now.Add(-30 * day), By: "made up", File: "台帳.xlsx"}
	m.people()
	for z := range zones {
		m.zone(z)
	}
	h := House{Ledger: m.l, Result: model.Result{Hosts: m.hosts, Findings: m.findings(), Bindings: m.bindings()}}
	h.Result.Patrol = m.patrol()
	h.Result.Trails = slices.Values(m.trails())
	return h
}

const day = 24 * time.Hour

func (m *maker) people() {
	l := m.l
	l.Sites = []model.Site{{Name: "本院", Address: "架空市中央1-1"}}
	for i, d := range []string{"医事課", "看護部", "検査部", "薬剤部", "放射線部", "情報システム室", "総務課", "栄養部"} {
		l.Departments = append(l.Departments, model.Department{Name: d, Site: "本院"})
		l.People = append(l.People, model.Person{Name: fmt.Sprintf("担当 %d", i+1), Department: d, Role: "担当", Phone: fmt.Sprintf("内線%d", 2000+i)})
	}
	for i := range 12 {
		l.Vendors = append(l.Vendors, model.Vendor{Name: fmt.Sprintf("架空システム%d", i+1), Contact: "保守窓口", Phone: fmt.Sprintf("03-0000-%04d", i)})
	}
	for zi, z := range zones {
		l.Zones = append(l.Zones, model.Zone{Name: z.name, Purpose: z.purpose})
		for i, s := range z.systems {
			if !slices.ContainsFunc(l.Systems, func(x model.System) bool { return x.Name == s }) {
				l.Systems = append(l.Systems, model.System{Name: s, Purpose: z.purpose, Vendor: l.Vendors[(zi*3+i)%12].Name, Owner: l.Departments[zi%8].Name, Critical: []string{"高", "中", "低"}[i%3]})
			}
		}
	}
	l.Lines = []model.Line{
		{Name: "インターネット回線", Kind: model.LineInternet, Purpose: "外部との通信", Carrier: "架空通信", Gateways: []netip.Addr{addr(5, 0, 1)}},
		{Name: "電子カルテ保守 VPN", Kind: model.LineVPN, Purpose: "遠隔保守", Vendor: l.Vendors[0].Name, Gateways: []netip.Addr{addr(8, 0, 1)}, Peers: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/28")}},
		{Name: "CT 保守回線", Kind: model.LineLTE, Purpose: "装置の保守", Vendor: l.Vendors[6].Name},
	}
}

func addr(zone, network, host int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(10 + zone), byte(network), byte(host)})
}

// zone fills an area: networks of at most perNetwork machines, each with a switch or router first.
func (m *maker) zone(zi int) {
	z := zones[zi]
	n := max(2, int(float64(m.Hosts)*z.share))
	if zi == len(zones)-1 {
		n = max(1, m.Hosts-len(m.hosts))
	}
	for net := 0; n > 0; net++ {
		p := netip.PrefixFrom(addr(zi+1, net, 0), 24)
		m.l.Networks = append(m.l.Networks, model.Network{
			Name: fmt.Sprintf("%s %s%dF", z.name, z.place, 1+net%9), Prefix: p, VLAN: uint16(100*(zi+1) + net%100), Zone: z.name,
			Gateway: addr(zi+1, net, 1), DHCP: zi == 4 || zi == 5,
		})
		k := min(n, perNetwork)
		for i := range k {
			m.host(zi, net, i)
		}
		n -= k
	}
}

func (m *maker) host(zi, net, i int) {
	z, n := zones[zi], len(m.hosts)
	class := z.classes[m.rng.IntN(len(z.classes))]
	switch {
	case i == 0 && net == 0:
		class = model.ClassFirewall
	case i == 0:
		class = model.ClassSwitch
	case serves(class) && i > 12: // servers stand together
		class = z.classes[0]
	}
	name := fmt.Sprintf("%s-%02d%02d-%03d", prefixes[class], zi+1, net, i)
	x := model.Host{
		ID: model.HostID(name), IPs: []netip.Addr{addr(zi+1, net, i+1)}, MACs: []model.MAC{{0x00, 0x1b, 0x8b, byte(n >> 16), byte(n >> 8), byte(n)}},
		Names: []string{name}, VLANs: []uint16{uint16(100*(zi+1) + net%100)}, Class: class, Maker: makers[class][0], Model: makers[class][1],
		Confidence: 0.6 + 0.4*m.rng.Float64(), First: m.Now.Add(-time.Duration(m.rng.IntN(300*24)) * time.Hour), Last: m.Now.Add(-time.Duration(m.rng.IntN(600)) * time.Minute),
		Signals: []model.Signal{{About: "class", Says: string(class), Kind: model.NameDHCP, Value: name, Weight: 0.5}},
	}
	if class == model.ClassPC || class == model.ClassServer {
		x.OS, x.Version = "Windows", []string{"10", "11", "Server 2019", "7"}[m.rng.IntN(4)]
	}
	system := z.systems[m.rng.IntN(len(z.systems))]
	if serves(class) || m.servers[system] == nil && i > 0 {
		m.servers[system] = append(m.servers[system], n)
		x.Roles = []string{"file_server"}
	} else if class != model.ClassSwitch && class != model.ClassFirewall {
		m.users[system] = append(m.users[system], n)
	}
	m.declare(&x, zi, net, i, system)
	m.hosts, m.zoneOf = append(m.hosts, x), append(m.zoneOf, zi)
}

var prefixes = map[model.Class]string{
	model.ClassPC: "PC", model.ClassServer: "SV", model.ClassPrinter: "PR", model.ClassMedical: "ME", model.ClassModality: "MOD", model.ClassCamera: "CAM",
	model.ClassAP: "AP", model.ClassNAS: "NAS", model.ClassRouter: "RT", model.ClassVPN: "VPN", model.ClassHIS: "HIS", model.ClassPACS: "PACS",
	model.ClassTablet: "TAB", model.ClassPhone: "TEL", model.ClassUPS: "UPS", model.ClassIoT: "IOT", model.ClassSwitch: "SW", model.ClassFirewall: "FW",
}

func serves(c model.Class) bool {
	switch c {
	case model.ClassServer, model.ClassHIS, model.ClassPACS, model.ClassNAS:
		return true
	}
	return false
}

// declare puts 97 % of the machines into the ledger, and a few that nobody has seen.
func (m *maker) declare(x *model.Host, zi, net, i int, system string) {
	z, n := zones[zi], len(m.hosts)
	row := model.LedgerHost{
		Key: fmt.Sprintf("A-%05d", n+1), AssetNo: fmt.Sprintf("A-%05d", n+1), Name: x.Names[0], Class: x.Class, Kind: string(x.Class), Site: "本院",
		Location: fmt.Sprintf("%s%dF", z.place, 1+net%9), Department: m.l.Departments[n%8].Name, Zone: z.name, System: system, Vendor: m.l.Vendors[(zi*3)%12].Name,
		Maker: x.Maker, Model: x.Model, OS: x.OS, Installed: "2021-04", Status: "稼働", MACs: slices.Clone(x.MACs),
		Addrs: []model.AddrRange{{From: x.IPs[0], To: x.IPs[0]}}, Place: model.Place{File: "台帳.xlsx", Sheet: "機器", Row: n + 2},
	}
	switch r := m.rng.IntN(100); {
	case r >= 3:
		x.Ledger = &model.LedgerRef{Key: row.Key, Name: row.Name, By: "ip", Place: fmt.Sprintf("機器 %d", n+2)}
	case r == 0: // declared under an address that nobody uses
		row.Addrs[0] = model.AddrRange{From: addr(zi+1, net, 230+i%20), To: addr(zi+1, net, 230+i%20)}
		row.MACs, row.Name = nil, row.Name+"-旧"
	default:
		return
	}
	m.l.Hosts = append(m.l.Hosts, row)
}

func (m *maker) patrol() model.Patrol {
	return model.Patrol{
		ID: "p-0123456789abcdef", Started: m.Now.Add(-20 * time.Minute), Ended: m.Now, First: m.Now.Add(-9 * time.Hour), Last: m.Now,
		Sources: []model.Source{{Name: "mirror.pcap", Kind: "pcap", Packets: 40_000_000, Bytes: 30 << 30, First: m.Now.Add(-9 * time.Hour), Last: m.Now, Answered: 900_000}},
		Stats:   model.Stats{Packets: 40_000_000, IPPackets: 39_000_000, Bytes: 30 << 30, Flows: 1_200_000}, Seen: len(m.hosts), Ledger: 1,
	}
}

func (m *maker) bindings() (bs []model.Binding) {
	for i := range m.hosts {
		h := &m.hosts[i]
		bs = append(bs, model.Binding{MAC: h.MACs[0], Addr: h.IPs[0], VLAN: h.VLANs[0], Kind: model.BindARP, First: h.First, Last: h.Last, Count: 40})
	}
	return bs
}
