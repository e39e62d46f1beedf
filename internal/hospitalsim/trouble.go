package hospitalsim

import (
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Machines with a story of their own.
const (
	missingName  = "BACKUP01" // seen last week, not today
	squatterName = "KEN-PC11" // somebody gave it the address of a printer
	squattedName = "PRN03"
)

// Outside ends of the problems.
const (
	intruderPeer  = "203.0.113.66"
	tunnelPeer    = "203.0.113.120"
	teamPeer      = "203.0.113.80"
	teamName      = "router12.teamviewer.com"
	lastWeekStart = -7 * 24 * time.Hour
)

// plant notes a problem in the manifest.
func (w *world) plant(rule string, m *machine, value, what string) {
	p := Planted{Rule: rule, Value: value, What: what}
	if m != nil {
		p.IP, p.MAC = m.ip.String(), m.mac.String()
	}
	w.planted = append(w.planted, p)
}

func (w *world) miss(rule string, m *machine, value, what string) {
	w.misses = append(w.misses, Planted{Rule: rule, IP: m.ip.String(), MAC: m.mac.String(), Value: value, What: what})
}

// trouble hides the problems in the day.
func (w *world) trouble() {
	w.lastWeek()
	w.smallComputer()
	w.squatter()
	w.secondExit()
	w.outsiders()
	w.readable()
	w.homeRouter()
	w.slips()
	t := w.town
	w.miss("line.unapproved_exit", &machine{ip: t.core.gateway, mac: vrrpMAC}, "VRRP", "two core switches share the gateway by VRRP")
	w.miss("inventory.duplicate_ip", &machine{ip: t.core.gateway, mac: vrrpMAC}, "VRRP", "two core switches share the gateway by VRRP")
	w.miss("line.tunnel", t.of("HOSYU-RT"), "IPsec", "declared maintenance line of a vendor")
}

// stranger adds a machine that the ledger does not have.
func (t *town) stranger(name string, n *subnet, host int, oui uint32, os stack, class model.Class) *machine {
	return t.put(name, n, host, oui, os, class, row{})
}

// lastWeek is a short look at the network a week before: the backup server was still there.
func (w *world) lastWeek() {
	for i, m := range w.town.machines {
		if m.dynamic || m == w.town.of(squatterName) || m.ip == m.net.gateway {
			continue
		}
		w.do(lastWeekStart+time.Duration(i)*700*time.Millisecond, func() { w.resolve(w.now, m, m.net.router, m.net.gateway) })
	}
	gone := w.town.of(missingName)
	w.do(lastWeekStart+4*time.Minute, func() { w.directory(w.now, gone) })
	w.do(lastWeekStart+5*time.Minute, func() { w.share(w.now, gone, w.town.of("FILE01"), "backup", 400000) })
	w.plant("inventory.missing_host", gone, "", "the backup server is off since last week")
}

// smallComputer is a Raspberry Pi that nobody declared, on the network of the records system.
func (w *world) smallComputer() {
	pi := w.town.stranger("raspberrypi", w.town.core, 99<<8|77, ouiPi, linux, model.ClassSBC)
	w.do(40*time.Minute, func() {
		at := w.lease(w.now, pi, dhcpLinux, w.officeOffer(pi.net))
		w.announce(at, pi)
		w.resolve(at+1e6, pi, pi.net.router, pi.net.gateway)
		w.advertise(at+2e9, pi, "_workstation._tcp", 9)
	})
	w.everyFrom(41*time.Minute, time.Hour, func() {
		w.resolve(w.now, pi, w.town.of("KARTE-DB").mac, w.town.of("KARTE-DB").ip)
		w.refused(w.now+1e6, pi, w.town.of("KARTE-DB"), 22)
		w.clockOf(w.now+5e6, pi, w.town.of("DC01"), 3)
	})
	w.plant("inventory.unknown_host", pi, "", "a Raspberry Pi beside the records system")
}

// squatter is a PC that somebody gave the address of a printer: both answer.
func (w *world) squatter() {
	pc, printer := w.town.of(squatterName), w.town.of(squattedName)
	pc.ip = printer.ip
	w.do(30*time.Minute, func() { w.announce(w.now, pc) })
	w.everyFrom(31*time.Minute, 20*time.Minute, func() {
		asker := w.town.of("KEN-PC01")
		w.resolve(w.now, asker, printer.mac, printer.ip)
		w.arp(w.now+9e5, 2, pc.mac, pc.ip, asker.mac, asker.ip)
		w.resolve(w.now+30e9, pc, pc.net.router, pc.net.gateway)
	})
	w.plant("inventory.duplicate_ip", printer, pc.mac.String(), squatterName+": a PC was given the address of a printer")
}

// secondExit is an LTE router that one PC goes out through.
func (w *world) secondExit() {
	lte := w.town.stranger("lte-router", w.town.office, 99<<8|1, ouiSIMCom, embedded, model.ClassMobileRtr)
	pc := w.town.of("SOM-PC05")
	pc.exit = lte.mac
	w.everyFrom(20*time.Minute, 30*time.Minute, func() { w.resolve(w.now, pc, lte.mac, lte.ip) })
	w.do(25*time.Minute, func() {
		w.ssdp(w.now, lte, "Linux/3.18 UPnP/1.0 LTE-Router/1.0", "urn:schemas-upnp-org:device:InternetGatewayDevice:1")
	})
	w.plant("line.unapproved_exit", lte, "", "one PC leaves through an LTE router")
	w.plant("inventory.unknown_host", lte, "", "the LTE router is in no ledger")
	w.plant("line.tethering", lte, "", "it is a mobile router by the maker of its card")
}

// outsiders: what connects the inside with the outside and should not.
func (w *world) outsiders() {
	t := w.town
	lis, team, tunnel := t.of("LIS01"), t.of("SOM-PC12"), t.of("SOM-PC22")
	w.everyFrom(3*time.Hour, 2*time.Hour, func() { w.remoteDesktop(w.now, t.abroad(intruderPeer), lis, 60000) })
	w.plant("service.rdp_from_outside", lis, intruderPeer, "a vendor's remote desktop, open to the internet")
	w.everyFrom(2*time.Hour, 90*time.Minute, func() {
		at := w.lookup(w.now, team, teamName, addr(teamPeer))
		w.secure(at+1e6, team, t.abroad(teamPeer), 443, teamName, 300, 900, 200, 6000)
	})
	w.plant("line.remote_control", team, "TeamViewer", "TeamViewer on an office PC")
	w.everyFrom(100*time.Minute, 80*time.Minute, func() { w.wireGuard(w.now, tunnel, t.abroad(tunnelPeer), 60) })
	w.plant("line.tunnel", tunnel, "WireGuard", "a private VPN on an office PC")
}

// readable: old protocols and unprotected pictures.
func (w *world) readable() {
	t := w.town
	sw, nas, xp, viewer := t.of("SW05"), t.of("NAS-HOUSYA"), t.of("XA-XP"), t.of("SOM-PC14")
	w.everyFrom(90*time.Minute, 4*time.Hour, func() { w.telnet(w.now, t.of("HOSYU-PC"), sw) })
	w.plant("service.telnet", sw, "", "the switch is managed by Telnet")
	w.everyFrom(50*time.Minute, 2*time.Hour, func() { w.ftp(w.now, t.of("US01"), nas) })
	w.plant("service.cleartext_login", nas, "FTP", "an ultrasound machine logs in by FTP")
	w.everyFrom(70*time.Minute, 2*time.Hour, func() { w.oldShare(w.now, t.of("CR01"), xp) })
	w.plant("service.smb1", xp, "", "a Windows XP machine shares by SMB version 1")
	m := modality{ae: "VIEWER14", uid: "1.2.826.0.1.3680043.9.9999.3", name: "SIM_VIEW_1"}
	w.everyFrom(110*time.Minute, 2*time.Hour, func() { w.query(w.now, viewer, t.of("PACS01"), 104, m, pacsTitle, sopFind, "P1000001") })
	w.plant("service.dicom_cleartext_between_zones", t.of("PACS01"), t.office.zone, "pictures are asked for from the office network, readable")
}

// homeRouter is a router from an electronics shop that answers DHCP on the office network.
func (w *world) homeRouter() {
	home := &machine{name: "", ip: addr("192.168.11.1"), mac: w.town.mac(ouiBuffalo), net: w.town.office, os: embedded, ident: 1}
	w.everyFrom(35*time.Minute, 2*time.Hour, func() {
		pc := *w.town.of("SOM-PC20")
		pc.ip = addr("192.168.11.20")
		w.offerOnly(w.now, &pc, offer{server: home, router: home.ip, dns: home.ip, bits: 24})
	})
	w.plant("line.rogue_dhcp", home, "", "a home router hands out addresses")
	w.plant("inventory.unknown_host", home, "", "the home router is in no ledger")
	w.plant("inventory.unknown_network", home, "192.168.11.0/24", "the network that the home router offers is in no ledger")
}

// offerOnly is a server answering a machine that then takes another offer.
func (w *world) offerOnly(at int64, m *machine, o offer) {
	xid := w.rng.Uint32()
	empty := *m
	empty.ip = nowhere
	w.shout(at, &empty, everyone, 68, 67, dhcpBytes(m, 1, xid, nowhere, dhcpWindows.options(m, 1)))
	h := hop{src: o.server, dst: m, srcMAC: o.server.mac, dstMAC: m.mac}
	w.datagram(at+int64(w.upTo(3e6))+1e6, h, 67, 68, dhcpBytes(m, 2, xid, m.ip, o.options(2)))
}
