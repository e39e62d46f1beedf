package collect

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// zeekLogs are the logs that something is taken from.
var zeekLogs = map[string]func(p *zeek, at time.Time){
	"conn": (*zeek).conn, "dns": (*zeek).dns, "dhcp": (*zeek).dhcp, "ssl": (*zeek).ssl, "http": (*zeek).http, "ssh": (*zeek).ssh,
	"smb_mapping": (*zeek).smbMapping, "smb_files": (*zeek).smbFiles, "rdp": (*zeek).rdp, "ntlm": (*zeek).ntlm,
	"kerberos": (*zeek).kerberos, "software": (*zeek).software, "ftp": (*zeek).ftp,
	"known_services": (*zeek).knownService, "known_certs": (*zeek).knownCert, "known_devices": (*zeek).knownDevice,
	"known_hosts": func(*zeek, time.Time) {}, // says only that the host was there: conn says the same with more
}

var protocols = map[string]uint8{"icmp": 1, "tcp": 6, "udp": 17, "icmp6": 58, "ipv6-icmp": 58, "sctp": 132}

// answeredStates are the conn_states in which the server took part (Zeek's base/protocols/conn).
var answeredStates = []string{"SF", "S1", "S2", "S3", "RSTO", "RSTR"}

func (p *zeek) conn(at time.Time) {
	client, server := p.addr("id.orig_h"), p.addr("id.resp_h")
	if !client.IsValid() || !server.IsValid() {
		p.trouble("collect_no_address")
		return
	}
	proto := protocols[p.get("proto")]
	if proto == 1 && client.Is6() {
		proto = 58
	}
	length, err := time.ParseDuration(p.get("duration") + "s")
	if err != nil || length < 0 {
		length = 0
	}
	c := model.Conversation{
		Client: client, Server: server, ClientMAC: p.mac("orig_l2_addr"), ServerMAC: p.mac("resp_l2_addr"), VLAN: p.port("vlan"),
		Proto: proto, App: zeekApp(p.get("service")), Flows: 1, PacketsOut: p.num("orig_pkts"), PacketsIn: p.num("resp_pkts"),
		BytesOut: p.num("orig_ip_bytes"), BytesIn: p.num("resp_ip_bytes"), First: at, Last: at.Add(length),
	}
	if proto != 1 && proto != 58 {
		c.Port = p.port("id.resp_p")
	}
	if p.num("resp_bytes") > 0 || proto == 6 && slices.Contains(answeredStates, p.get("conn_state")) {
		c.Answered = 1
		p.serves(at, server, proto, c.Port)
	}
	p.converse(c, connection{
		clientPort: p.port("id.orig_p"), serverPort: p.port("id.resp_p"), state: p.get("conn_state"), history: p.get("history"),
		payload: [2]uint64{p.num("orig_bytes"), p.num("resp_bytes")},
	})
	p.bind(at, model.BindFrame, c.ClientMAC, client)
	p.bind(at, model.BindFrame, c.ServerMAC, server)
}

// zeekApp takes one of several services, which Zeek joins with commas: the last that is no mere wrapper of another ("-"
// marks guesses that failed).
func zeekApp(t string) string {
	app := ""
	for s := range strings.SplitSeq(t, ",") {
		if s != "" && s[0] != '-' && (app == "" || s != "gssapi" && s != "ntlm" && s != "krb") {
			app = s
		}
	}
	return app
}

// serves says that a server answered on a port: for UDP only below the ports that clients use (RFC 6335).
func (s *sink) serves(at time.Time, server netip.Addr, proto uint8, port uint16) {
	switch {
	case proto == 6 && port > 0:
		s.sayTo(at, model.ServicePort, server, model.MAC{}, netip.Addr{}, port, "tcp")
	case proto == 17 && port > 0 && port < 49152:
		s.sayTo(at, model.ServicePort, server, model.MAC{}, netip.Addr{}, port, "udp")
	}
}

func (p *zeek) ends() (client, server netip.Addr, port uint16) {
	return p.addr("id.orig_h"), p.addr("id.resp_h"), p.port("id.resp_p")
}

func (p *zeek) dns(at time.Time) {
	client, server, port := p.ends()
	p.question(at, client, server, port, p.get("query"))
	answers := p.list("answers")
	for _, a := range answers {
		p.answer(at, port, p.get("query"), a)
	}
	if port == 53 && (len(answers) > 0 || p.get("rcode") != "") {
		p.dnsServer(at, server, p.flag("RA"))
	}
}

func (s *sink) question(at time.Time, client, server netip.Addr, port uint16, name string) {
	if port == 53 {
		s.sayTo(at, model.DNSQuery, client, model.MAC{}, server, port, strings.TrimRight(name, "."))
	}
}

func (s *sink) dnsServer(at time.Time, server netip.Addr, recursion bool) {
	if !hosty(server) {
		return
	}
	v := ""
	if recursion {
		v = "recursion"
	}
	c := s.ctx(at, server, model.MAC{})
	c.SrcPort = 53
	c.SayAt(model.DNSServer, v)
}

// answer takes the address that a name has, or the name that an address has. Which protocol it was is told by the port.
func (s *sink) answer(at time.Time, port uint16, query, data string) {
	query, data = strings.TrimRight(query, "."), strings.TrimRight(data, ".")
	a, ok := address(data)
	name := query
	if !ok {
		if a, ok = reverse(query); !ok {
			return
		}
		name = data
	}
	kind := model.NameDNS
	switch port {
	case 5353:
		kind, name = model.NameMDNS, strings.TrimSuffix(name, ".local")
	case 5355:
		kind = model.NameLLMNR
	case 137:
		kind = model.NameNetBIOS
	}
	s.say(at, kind, a, model.MAC{}, name)
}

// reverse reads 10.2.0.192.in-addr.arpa (RFC 1035 3.5).
func reverse(name string) (netip.Addr, bool) {
	rest, ok := strings.CutSuffix(strings.ToLower(name), ".in-addr.arpa")
	if !ok {
		return netip.Addr{}, false
	}
	parts := strings.Split(rest, ".")
	slices.Reverse(parts)
	return address(strings.Join(parts, "."))
}

func (p *zeek) dhcp(at time.Time) {
	d := dhcpFacts{
		mac: p.mac("mac"), addr: p.addr("assigned_addr"), server: p.addr("server_addr"), name: p.get("host_name"),
		fqdn: p.get("client_fqdn"), domain: p.get("domain"), vendor: p.get("client_software"), asked: p.get("requested_addr"), lease: p.get("lease_time"),
	}
	if !d.addr.IsValid() {
		d.addr = p.addr("client_addr")
	}
	p.lease(at, d)
}

// dhcpFacts is one DHCP exchange.
type dhcpFacts struct {
	mac                                              model.MAC
	addr, server                                     netip.Addr
	name, fqdn, domain, vendor, params, asked, lease string
}

func (s *sink) lease(at time.Time, d dhcpFacts) {
	s.bind(at, model.BindDHCP, d.mac, d.addr)
	if !hosty(d.addr) {
		d.addr = netip.Addr{}
	}
	for k, v := range map[model.Kind]string{
		model.NameDHCP: d.name, model.NameFQDN: strings.TrimRight(d.fqdn, "."), model.DHCPVendor: d.vendor, model.DHCPParams: d.params,
	} {
		s.say(at, k, d.addr, d.mac, v)
	}
	if single(d.mac) {
		c := s.ctx(at, d.addr, d.mac)
		c.Say(model.DHCPRequest, d.asked)
	}
	if hosty(d.server) {
		v := ""
		if lease, _, _ := strings.Cut(d.lease, "."); lease != "" {
			v = "lease=" + lease
		}
		c := s.ctx(at, d.server, model.MAC{})
		c.Say(model.DHCPServer, v)
		s.say(at, model.DomainDNS, d.addr, d.mac, d.domain)
	}
}

var tlsVersions = map[string]string{
	"SSLv2": "SSL 2.0", "SSLv3": "SSL 3.0", "TLSv10": "TLS 1.0", "TLSv11": "TLS 1.1", "TLSv12": "TLS 1.2", "TLSv13": "TLS 1.3",
	"TLSv1": "TLS 1.0", "TLS 1.0": "TLS 1.0", "TLS 1.1": "TLS 1.1", "TLS 1.2": "TLS 1.2", "TLS 1.3": "TLS 1.3", "TLS 1": "TLS 1.0", "TLSv1.1": "TLS 1.1",
	"TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3",
}

func (p *zeek) ssl(at time.Time) {
	client, server, port := p.ends()
	p.tls(at, tlsFacts{
		client: client, server: server, port: port, sni: p.get("server_name"), ja4: p.get("ja4"), version: tlsVersions[p.get("version")],
		alpn: p.get("next_protocol"), subject: p.get("subject"), issuer: p.get("issuer"),
	})
}

// tlsFacts is one TLS handshake.
type tlsFacts struct {
	client, server                                     netip.Addr
	port                                               uint16
	sni, ja4, version, alpn, subject, issuer, notAfter string
}

func (s *sink) tls(at time.Time, t tlsFacts) {
	s.sayTo(at, model.TLSSNI, t.client, model.MAC{}, t.server, t.port, t.sni)
	s.say(at, model.TLSJA4, t.client, model.MAC{}, t.ja4)
	for k, v := range map[model.Kind]string{
		model.TLSVersion: t.version, model.TLSALPN: t.alpn, model.TLSSubject: t.subject, model.TLSIssuer: t.issuer, model.TLSNotAfter: t.notAfter,
		model.NameTLS: commonName(t.subject),
	} {
		s.sayTo(at, k, t.server, model.MAC{}, netip.Addr{}, t.port, v)
	}
}

func commonName(dn string) string {
	for part := range strings.SplitSeq(dn, ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "CN="); ok {
			return v
		}
	}
	return ""
}

func (p *zeek) http(at time.Time) {
	client, server, port := p.ends()
	p.say(at, model.HTTPUserAgent, client, model.MAC{}, p.get("user_agent"))
	p.sayTo(at, model.NameHTTP, server, model.MAC{}, netip.Addr{}, port, hostName(p.get("host")))
	p.sayTo(at, model.HTTPServer, server, model.MAC{}, netip.Addr{}, port, p.get("server_header"))
	if p.get("username") != "" { // Zeek fills it from basic authentication only
		p.sayTo(at, model.CleartextLogin, server, model.MAC{}, client, port, "http-basic")
	}
}

// hostName takes the name from a Host header; an address there is no name.
func hostName(h string) string {
	if _, err := netip.ParseAddrPort(h); err == nil {
		return ""
	}
	if i := strings.LastIndexByte(h, ':'); i >= 0 {
		h = h[:i]
	}
	if _, ok := address(h); ok {
		return ""
	}
	return h
}

func (p *zeek) ftp(at time.Time) {
	client, server, port := p.ends()
	if u := strings.ToLower(p.get("user")); u != "" && u != "anonymous" && u != "ftp" && u != "<unknown>" {
		p.sayTo(at, model.CleartextLogin, server, model.MAC{}, client, port, "ftp")
	}
}

func (p *zeek) ssh(at time.Time) {
	client, server, port := p.ends()
	p.say(at, model.BannerSSH, client, model.MAC{}, sshSoftware(p.get("client")))
	p.sayTo(at, model.BannerSSH, server, model.MAC{}, netip.Addr{}, port, sshSoftware(p.get("server")))
}

// sshSoftware takes what follows "SSH-2.0-" (RFC 4253 4.2).
func sshSoftware(banner string) string {
	parts := strings.SplitN(banner, "-", 3)
	if len(parts) == 3 && parts[0] == "SSH" {
		return parts[2]
	}
	return ""
}
