package hospitalsim

import (
	"fmt"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// routine plans the ordinary day of the hospital.
func (w *world) routine() {
	w.plumbing()
	for _, m := range w.town.all(model.ClassPC) {
		w.workstation(m)
	}
	for _, m := range w.town.all(model.ClassModality) {
		w.often(85*time.Minute, func() { w.examination(w.now, m) })
		w.every(3*time.Hour, func() { w.echo(w.now, m, w.town.of("PACS01"), modalities[m.name]) })
		if m.os != linux {
			w.every(2*time.Hour, func() { w.register(w.now, m, "WORKGROUP") })
		}
	}
	for _, m := range w.town.all(model.ClassPhone) {
		w.visitor(m)
	}
	w.backOffice()
	w.devicesAtWork()
	w.management()
}

// firewall gives the firewall as a machine of one network.
func (n *subnet) firewall() *machine {
	return &machine{ip: n.gateway, mac: n.router, net: n, os: linux}
}

// plumbing: everyone looks for the gateway now and then; the gateways look for everyone.
func (w *world) plumbing() {
	for _, m := range w.town.machines {
		if m.ip == m.net.gateway || w.silent(m) {
			continue
		}
		w.every(55*time.Minute, func() { w.resolve(w.now, m, m.net.router, m.net.gateway) })
		w.every(150*time.Minute, func() { w.resolve(w.now, m.net.firewall(), m.mac, m.ip) })
	}
	cores := []*machine{w.town.of("CORE-SW1"), w.town.of("CORE-SW2")}
	w.every(20*time.Second, func() { w.vrrp(w.now, cores[0]) })
	for _, m := range cores {
		w.every(4*time.Minute, func() { w.cdp(w.now, m) })
	}
	for _, m := range w.town.all(model.ClassSwitch)[2:] {
		w.every(4*time.Minute, func() { w.lldp(w.now, m, agents[m.class].descr, 4) })
		w.every(6*time.Minute, func() { w.bpdu(w.now, m, cores[0]) })
	}
	for _, m := range w.town.all(model.ClassAP) {
		w.every(4*time.Minute, func() { w.lldp(w.now, m, agents[m.class].descr, 8) })
	}
}

// silent: machines whose story is told in trouble.go.
func (w *world) silent(m *machine) bool {
	return m == w.town.of(missingName) || m == w.town.of(squatterName)
}

// officeOffer is what the hospital's DHCP server hands out on a network.
func (w *world) officeOffer(n *subnet) offer {
	o := offer{server: w.town.of("DHCP01"), router: n.gateway, dns: w.town.of("DC01").ip, bits: n.prefix.Bits()}
	if n == w.town.guest {
		o.server, o.dns = n.firewall(), addr("203.0.113.53")
	}
	return o
}

// workstation is a Windows PC: switched on in the first hour, logged in, then at work.
func (w *world) workstation(m *machine) {
	if w.silent(m) {
		return
	}
	w.do(w.upTo(50*time.Minute), func() { w.switchOn(m) })
	w.every(5*time.Hour, func() { w.clockOf(w.now, m, w.town.of("DC01"), 3) })
	w.every(4*time.Hour, func() { w.ticket(w.now, m) })
	switch m.net {
	case w.town.vendor:
		return
	case w.town.core:
		w.often(2*time.Hour, func() { w.karte(m) })
		w.often(5*time.Hour, func() { w.printPage(m) })
		w.often(8*time.Hour, func() { w.share(w.now, m, w.town.of("FILE01"), "共有", 3000+w.rng.IntN(20000)) })
		return
	}
	w.often(80*time.Minute, func() { w.browse(m) })
	w.often(4*time.Hour, func() { w.share(w.now, m, w.town.of("NAS-SOUMU"), "総務", 2000+w.rng.IntN(20000)) })
	w.often(5*time.Hour, func() { w.printPage(m) })
}

func (w *world) switchOn(m *machine) {
	at := w.now
	if m.dynamic {
		at = w.lease(at, m, dhcpWindows, w.officeOffer(m.net))
	}
	at += int64(w.upTo(time.Second))
	w.announce(at, m)
	w.resolve(at+2e6, m, m.net.router, m.net.gateway)
	w.register(at+1e9, m, netbiosDomain)
	w.wakeUp6(at+4e9, m)
	at = w.findController(at+3e9, m)
	if m.net == w.town.core {
		w.resolve(at+2e5, m, w.town.of("DC01").mac, w.town.of("DC01").ip)
	}
	at = w.directory(at+2e6, m)
	at = w.ticket(at+1e7, m)
	w.advertise(at+5e8, m, "_microsoft_mcc._tcp", 7680)
	w.seek(at+1e9, m, "wpad", nil)
	if w.rng.IntN(3) == 0 {
		friend := w.other(w.town.all(model.ClassPC), m)
		if friend.net == m.net && !w.silent(friend) {
			w.seek(at+4e9, m, friend.name, friend)
		}
	}
}

// karte is one look into the records system.
func (w *world) karte(m *machine) {
	s := w.town.of([]string{"KARTE-AP1", "KARTE-AP2"}[w.rng.IntN(2)])
	at := w.lookup(w.now, m, "karte."+domain, s.ip)
	w.resolve(at, m, s.mac, s.ip)
	at = w.secure(at+1e6, m, s, 443, "karte."+domain, 700, 6000+w.rng.IntN(7000), 500, 3000)
	w.database(at-2e6, s, w.town.of("KARTE-DB"))
}

func (w *world) printPage(m *machine) {
	var near []*machine
	for _, p := range w.town.all(model.ClassPrinter) {
		if p.net == m.net {
			near = append(near, p)
		}
	}
	p := near[w.rng.IntN(len(near))]
	w.resolve(w.now, m, p.mac, p.ip)
	at := w.ipp(w.now+1e6, m, p)
	w.jet(at+2e8, m, p, 5000+w.rng.IntN(9000))
}

// sites are pages of the outside.
var sites = []struct{ name, ip string }{
	{"www.news.example", "198.51.100.10"},
	{"mail.cloud.example", "198.51.100.25"},
	{"www.ministry.example", "198.51.100.40"},
	{"update.os.example", "198.51.100.60"},
	{"docs.office.example", "203.0.113.20"},
	{"cdn.shop.example", "203.0.113.34"},
	{"video.meeting.example", "203.0.113.45"},
	{"weather.example", "192.0.2.80"},
}

func (w *world) browse(m *machine) {
	s := sites[w.rng.IntN(len(sites))]
	at := w.lookup(w.now, m, s.name, addr(s.ip))
	w.secure(at+1e6, m, w.town.abroad(s.ip), 443, s.name, 600, 6000+w.rng.IntN(9000), 400, 2000)
}

// visitor is a phone in the guests' wireless network.
func (w *world) visitor(m *machine) {
	c := dhcpApple
	named := *m
	if m.mac[0] == 0xda {
		c = dhcpAndroid
		named.name = "android"
	} else {
		named.name = "iPhone"
	}
	resolver := w.town.abroad("203.0.113.53")
	first := w.upTo(6 * time.Hour)
	w.do(first, func() {
		at := w.lease(w.now, &named, c, w.officeOffer(m.net))
		w.announce(at+1e6, m)
		w.resolve(at+3e6, m, m.net.router, m.net.gateway)
	})
	w.everyFrom(first+5*time.Second, 45*time.Minute, func() {
		s := sites[w.rng.IntN(len(sites))]
		at := w.lookupVisitor(w.now, m, resolver, s.name, addr(s.ip))
		w.secure(at+1e6, m, w.town.abroad(s.ip), 443, s.name, 500, 7000)
	})
}

// backOffice is what servers do among themselves.
func (w *world) backOffice() {
	t := w.town
	gw, lis, orca, pacs := t.of("HL7-GW"), t.of("LIS01"), t.of("ORCA01"), t.of("PACS01")
	w.often(4*time.Minute, func() { w.order(w.now, t.of("KARTE-AP1"), gw, "KARTE", "GW", "ADT^A08") })
	w.often(5*time.Minute, func() { w.order(w.now, gw, lis, "GW", "LIS", "OML^O21") })
	w.often(6*time.Minute, func() { w.order(w.now, lis, gw, "LIS", "GW", "ORU^R01") })
	w.often(7*time.Minute, func() { w.order(w.now, gw, pacs, "GW", "RIS", "OMI^O23") })
	w.often(10*time.Minute, func() { w.secure(w.now, t.of("KARTE-AP2"), orca, 8443, "orca."+domain, 800, 2600) })
	w.every(40*time.Minute, func() {
		at := w.lookup(w.now, t.of("WSUS01"), "update.os.example", addr("198.51.100.60"))
		w.secure(at, t.of("WSUS01"), t.abroad("198.51.100.60"), 443, "update.os.example", 700, 40000)
	})
	for _, m := range t.all(model.ClassServer, model.ClassHIS, model.ClassPACS, model.ClassNAS) {
		if m.os == windows && !w.silent(m) && m.net == t.core {
			w.do(w.upTo(30*time.Minute), func() { w.directory(w.now, m) })
			w.every(3*time.Hour, func() { w.register(w.now, m, netbiosDomain) })
		}
		if !w.silent(m) && m.name != "DC01" {
			w.every(2*time.Hour, func() { w.clockOf(w.now, m, t.of("DC01"), 3) })
		}
	}
	for _, m := range t.all(model.ClassNAS) {
		w.every(70*time.Minute, func() { w.advertise(w.now, m, "_smb._tcp", 445) })
		w.every(2*time.Hour, func() { w.register(w.now, m, "WORKGROUP") })
	}
	w.every(3*time.Hour, func() { w.register(w.now, t.of("NVR01"), "WORKGROUP") })
	w.every(4*time.Hour, func() {
		w.web(w.now, t.of("SOM-PC01"), t.of("NAS-SOUMU"), 5000, "nas-soumu:5000", "/", chrome, "nginx", "DS920+ - Synology DiskStation", 2000)
	})
	w.every(4*time.Hour, func() {
		w.web(w.now, t.of("CR01"), t.of("NAS-HOUSYA"), 80, "nas-housya", "/", chrome, "lighttpd", "TeraStation TS3420DN", 2000)
	})
	w.often(35*time.Minute, func() { w.share(w.now, t.of("CR01"), t.of("NAS-HOUSYA"), "image", 60000) })
	w.every(3*time.Hour, func() { w.clockOf(w.now, t.of("DC01"), t.abroad("192.0.2.123"), 1) })
	for _, x := range []struct{ name, banner string }{{"KARTE-DB", "SSH-2.0-OpenSSH_8.0"}, {"ORCA01", "SSH-2.0-OpenSSH_8.9p1 Ubuntu-3ubuntu0.10"}} {
		w.every(3*time.Hour, func() {
			s := t.of(x.name)
			w.shell(w.lookup(w.now, t.of("WSUS01"), strings.ToLower(x.name)+"."+domain, s.ip)+1e6, t.of("WSUS01"), s, x.banner)
		})
	}
}

// devicesAtWork: printers, telephones, cameras.
func (w *world) devicesAtWork() {
	t := w.town
	for _, m := range t.all(model.ClassPrinter) {
		maker := "FUJIFILM"
		if m.row.maker == "リコー" {
			maker = "RICOH"
		}
		w.every(80*time.Minute, func() {
			w.advertise(w.now, m, "_ipp._tcp", 631, "txtvers=1", "ty="+maker+" "+m.row.model, "product=("+m.row.model+")", "rp=ipp/print")
		})
	}
	phones := t.all(model.ClassIPPhone)
	for _, m := range phones {
		w.every(65*time.Minute, func() { w.registerPhone(w.now, m) })
	}
	w.often(25*time.Minute, func() {
		a := phones[w.rng.IntN(len(phones))]
		w.call(w.now, a, w.other(phones, a))
	})
	for _, m := range t.all(model.ClassCamera) {
		w.often(70*time.Minute, func() { w.watch(w.now, t.of("NVR01"), m) })
		w.every(4*time.Hour, func() {
			w.web(w.now, t.of("NVR01"), m, 80, m.ip.String(), "/axis-cgi/param.cgi", "NVR/1.0", "Apache", "AXIS M3065-V Network Camera", 800)
		})
		w.every(2*time.Hour, func() { w.ssdp(w.now, m, "Linux UPnP/1.0 Axis-Network-Camera", "urn:axis-com:service:BasicService:1") })
	}
}

// management is the monitoring server asking devices, devices writing logs, the vendor's line.
func (w *world) management() {
	t := w.town
	watcher := t.of("WSUS01")
	for _, m := range t.all(model.ClassSwitch, model.ClassPrinter, model.ClassUPS, model.ClassAP) {
		if m.net != t.core || m.class == model.ClassPrinter {
			w.every(45*time.Minute, func() { w.snmp(w.now, watcher, m) })
		}
	}
	for _, m := range t.all(model.ClassSwitch)[2:] {
		w.every(50*time.Minute, func() { w.syslog(w.now, m, watcher, "NSM", fmt.Sprintf("port1.0.%d up", 1+w.rng.IntN(24))) })
	}
	w.every(12*time.Minute, func() {
		w.syslog(w.now, t.of("FW01"), watcher, "date", "devname="+strings.ToLower("FW01")+" type=traffic subtype=forward action=accept")
	})
	router, maker := t.of("HOSYU-RT"), t.abroad(maintenancePeer)
	w.every(30*time.Minute, func() { w.keyExchange(w.now, router, maker) })
	w.every(100*time.Minute, func() { w.secure(w.now, t.of("HOSYU-PC"), t.of("PACS01"), 443, "pacs."+domain, 500, 4000) })
}

// maintenancePeer is the vendor's end of the declared maintenance line.
const maintenancePeer = "198.51.100.200"
