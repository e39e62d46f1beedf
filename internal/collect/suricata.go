package collect

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// eve is one line of Suricata's eve.json (https://docs.suricata.io, EVE JSON Format), as far as it is used.
type eve struct {
	Timestamp string   `json:"timestamp"`
	Type      string   `json:"event_type"`
	SrcIP     string   `json:"src_ip"`
	DestIP    string   `json:"dest_ip"`
	SrcPort   uint16   `json:"src_port"`
	DestPort  uint16   `json:"dest_port"`
	Proto     string   `json:"proto"`
	App       string   `json:"app_proto"`
	VLAN      []uint16 `json:"vlan"`
	Flow      eveFlow  `json:"flow"`
	DNS       eveDNS   `json:"dns"`
	DHCP      eveDHCP  `json:"dhcp"`
	TLS       eveTLS   `json:"tls"`
	HTTP      struct {
		Host      string `json:"hostname"`
		UserAgent string `json:"http_user_agent"`
		Server    string `json:"server"`
	} `json:"http"`
	SMB eveSMB `json:"smb"`
	SSH struct {
		Client eveSSH `json:"client"`
		Server eveSSH `json:"server"`
	} `json:"ssh"`
	RDP struct {
		Client struct {
			Name string `json:"client_name"`
		} `json:"client"`
	} `json:"rdp"`
	KRB5 struct {
		Client string `json:"cname"`
		Realm  string `json:"realm"`
		Type   string `json:"msg_type"`
	} `json:"krb5"`
	ARP struct {
		SrcMAC string `json:"src_mac"`
		SrcIP  string `json:"src_ip"`
	} `json:"arp"`
}

type eveFlow struct {
	PktsOut  uint64 `json:"pkts_toserver"`
	PktsIn   uint64 `json:"pkts_toclient"`
	BytesOut uint64 `json:"bytes_toserver"`
	BytesIn  uint64 `json:"bytes_toclient"`
	Start    string `json:"start"`
	End      string `json:"end"`
}

// eveDNS covers versions 1 (one event an answer), 2 (all answers) and 3 (queries as a list).
type eveDNS struct {
	Type    string      `json:"type"`
	Name    string      `json:"rrname"`
	Data    string      `json:"rdata"`
	RA      bool        `json:"ra"`
	Answers []eveAnswer `json:"answers"`
	Queries []eveAnswer `json:"queries"`
}

type eveAnswer struct {
	Name string          `json:"rrname"`
	Data json.RawMessage `json:"rdata"` // text, or an object for SOA, SRV...
}

type eveDHCP struct {
	MAC       string      `json:"client_mac"`
	Assigned  string      `json:"assigned_ip"`
	Client    string      `json:"client_ip"`
	Requested string      `json:"requested_ip"`
	Host      string      `json:"hostname"`
	Kind      string      `json:"dhcp_type"`
	Vendor    string      `json:"vendor_class_identifier"`
	Lease     json.Number `json:"lease_time"`
}

type eveTLS struct {
	SNI      string `json:"sni"`
	Version  string `json:"version"`
	Subject  string `json:"subject"`
	Issuer   string `json:"issuerdn"`
	NotAfter string `json:"notafter"`
	JA4      string `json:"ja4"`
}

type eveSMB struct {
	Dialect string `json:"dialect"`
	Share   string `json:"share"`
	NTLM    struct {
		Host   string `json:"host"`
		Domain string `json:"domain"`
	} `json:"ntlmssp"`
}

type eveSSH struct {
	Software string `json:"software_version"`
}

type suricata struct {
	*sink
	unused map[string]uint64
}

func newSuricata(s *sink) *suricata { return &suricata{sink: s, unused: map[string]uint64{}} }

// event is one line with its times and addresses read.
type event struct {
	*eve
	at       time.Time
	src, dst netip.Addr
}

var eveEvents = map[string]func(p *suricata, e event){
	"flow": (*suricata).flow, "dns": (*suricata).dns, "dhcp": (*suricata).dhcp, "tls": (*suricata).tlsEvent, "http": (*suricata).http,
	"smb": (*suricata).smb, "ssh": (*suricata).ssh, "rdp": (*suricata).rdp, "krb5": (*suricata).krb5, "arp": (*suricata).arp,
	"stats": func(*suricata, event) {}, // Suricata's own health
}

func (p *suricata) row(l string) {
	if l == "" {
		return
	}
	if typ := eveType(l); typ != "" && eveEvents[typ] == nil {
		p.passOver(typ)
		return
	}
	var x eve
	if err := json.Unmarshal([]byte(l), &x); err != nil {
		p.trouble("collect_line")
		return
	}
	at, ok := eveTime(x.Timestamp)
	if !ok {
		p.trouble("collect_line")
		return
	}
	f := eveEvents[x.Type]
	if f == nil {
		p.passOver(x.Type)
		return
	}
	e := event{eve: &x, at: at}
	e.src, _ = address(x.SrcIP)
	e.dst, _ = address(x.DestIP)
	if x.Type != "arp" && x.Type != "stats" && (!e.src.IsValid() || !e.dst.IsValid()) {
		p.trouble("collect_no_address")
		return
	}
	p.seen(at)
	f(p, e)
}

// eveType finds the type of an event without decoding the rest, as Suricata writes it; "" if that is not easily said.
func eveType(l string) string {
	_, rest, ok := strings.Cut(l, `"event_type":"`)
	if !ok || strings.Contains(rest, `"event_type":"`) {
		return ""
	}
	typ, _, _ := strings.Cut(rest, `"`)
	return typ
}

func (p *suricata) passOver(typ string) {
	typ = model.Clean(typ)
	if _, ok := p.unused[typ]; ok || len(p.unused) < 100 {
		p.unused[typ]++
	}
}

func (p *suricata) end() { p.passedOver(p.unused) }

// eveTime reads 2023-07-20T12:34:56.789012+0900.
func eveTime(t string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999-0700", time.RFC3339Nano} {
		if at, err := time.Parse(layout, t); err == nil {
			return believed(at)
		}
	}
	return time.Time{}, false
}

var eveApps = map[string]string{"tls": "ssl", "smb": "smb", "krb5": "krb", "dcerpc": "dce_rpc", "failed": "", "unknown": "", "ikev2": "ike", "ftp-data": "ftp-data"}

// flow takes a finished flow. Suricata's bytes are those of whole frames, a little more than IP's.
func (p *suricata) flow(e event) {
	app, ok := eveApps[e.App]
	if !ok {
		app = e.App
	}
	first, ok := eveTime(e.Flow.Start)
	if !ok {
		first = e.at
	}
	last, ok := eveTime(e.Flow.End)
	if !ok {
		last = first
	}
	c := model.Conversation{
		Client: e.src, Server: e.dst, Proto: protocols[strings.ToLower(e.Proto)], App: app, Flows: 1, PacketsOut: e.Flow.PktsOut,
		PacketsIn: e.Flow.PktsIn, BytesOut: e.Flow.BytesOut, BytesIn: e.Flow.BytesIn, First: first, Last: last,
	}
	if len(e.VLAN) > 0 {
		c.VLAN = e.VLAN[0]
	}
	if c.Proto != 1 && c.Proto != 58 {
		c.Port = e.DestPort
	}
	// A TCP server that only refuses sends one packet a try; one that answers sends at least SYN-ACK and an ACK or data.
	if c.PacketsIn > 1 || c.PacketsIn > 0 && c.Proto != 6 {
		c.Answered = 1
		p.serves(first, c.Server, c.Proto, c.Port)
	}
	p.converse(c, connection{clientPort: e.SrcPort, serverPort: e.DestPort})
}

// sides gives client, server and the server's port, whichever direction the event was logged in.
func (e event) sides(ports ...uint16) (client, server netip.Addr, port uint16) {
	if slices.Contains(ports, e.SrcPort) && !slices.Contains(ports, e.DestPort) {
		return e.dst, e.src, e.SrcPort
	}
	return e.src, e.dst, e.DestPort
}

func (p *suricata) dns(e event) {
	client, server, port := e.sides(53, 5353, 5355)
	if e.DNS.Type == "query" || e.DNS.Type == "request" {
		p.question(e.at, client, server, port, e.DNS.Name)
		for _, q := range e.DNS.Queries {
			p.question(e.at, client, server, port, q.Name)
		}
		return
	}
	p.answer(e.at, port, e.DNS.Name, e.DNS.Data)
	asked := e.DNS.Name
	if asked == "" && len(e.DNS.Queries) > 0 {
		asked = e.DNS.Queries[0].Name
	}
	for _, a := range e.DNS.Answers {
		var data string
		if json.Unmarshal(a.Data, &data) != nil {
			continue // an answer of many parts: holds no address
		}
		if asked == "" {
			asked = a.Name
		}
		p.answer(e.at, port, asked, data)
	}
	if port == 53 {
		p.dnsServer(e.at, server, e.DNS.RA)
	}
}

func (p *suricata) dhcp(e event) {
	mac, err := model.ParseMAC(e.DHCP.MAC)
	if err != nil {
		p.trouble("collect_no_mac")
		return
	}
	d := dhcpFacts{mac: mac, name: e.DHCP.Host, vendor: e.DHCP.Vendor, asked: e.DHCP.Requested}
	switch e.DHCP.Kind {
	case "ack":
		d.addr, _ = address(e.DHCP.Assigned)
		d.server, d.lease = e.server(), e.DHCP.Lease.String()
	case "offer":
		d.server, d.lease = e.server(), e.DHCP.Lease.String()
	default:
		d.addr, _ = address(e.DHCP.Client)
	}
	p.lease(e.at, d)
}

// server is the side of a DHCP event that has port 67.
func (e event) server() netip.Addr {
	if e.SrcPort == 67 {
		return e.src
	}
	return e.dst
}

func (p *suricata) tlsEvent(e event) {
	p.tls(e.at, tlsFacts{
		client: e.src, server: e.dst, port: e.DestPort, sni: e.TLS.SNI, ja4: e.TLS.JA4, version: tlsVersions[e.TLS.Version],
		subject: e.TLS.Subject, issuer: e.TLS.Issuer, notAfter: eveNotAfter(e.TLS.NotAfter),
	})
}

func eveNotAfter(t string) string {
	at, err := time.Parse("2006-01-02T15:04:05", t)
	if err != nil {
		return ""
	}
	return at.Format(time.RFC3339)
}

func (p *suricata) http(e event) {
	p.say(e.at, model.HTTPUserAgent, e.src, model.MAC{}, e.HTTP.UserAgent)
	p.sayTo(e.at, model.NameHTTP, e.dst, model.MAC{}, netip.Addr{}, e.DestPort, hostName(e.HTTP.Host))
	p.sayTo(e.at, model.HTTPServer, e.dst, model.MAC{}, netip.Addr{}, e.DestPort, e.HTTP.Server)
}

func (p *suricata) smb(e event) {
	client, server, port := e.sides(445, 139)
	p.sayTo(e.at, model.SMBDialect, server, model.MAC{}, netip.Addr{}, port, smbDialect(e.SMB.Dialect))
	p.sayTo(e.at, model.SMBShare, server, model.MAC{}, netip.Addr{}, port, shareName(e.SMB.Share))
	p.say(e.at, model.NameNTLM, client, model.MAC{}, e.SMB.NTLM.Host)
	p.say(e.at, model.DomainNetBIOS, client, model.MAC{}, e.SMB.NTLM.Domain)
}

// smbDialect turns Suricata's names (2.10, 3.11, NT LM 0.12) into those of model.SMBDialect.
func smbDialect(d string) string {
	switch d {
	case "2.02", "2.0.2":
		return "2.0.2"
	case "2.10", "2.1":
		return "2.1"
	case "3.00", "3.0":
		return "3.0"
	case "3.02", "3.0.2":
		return "3.0.2"
	case "3.11", "3.1.1":
		return "3.1.1"
	case "NT LM 0.12":
		return "1 NT LM 0.12"
	}
	return "" // "unknown", or what was only offered
}

func (p *suricata) ssh(e event) {
	p.say(e.at, model.BannerSSH, e.src, model.MAC{}, e.SSH.Client.Software)
	p.sayTo(e.at, model.BannerSSH, e.dst, model.MAC{}, netip.Addr{}, e.DestPort, e.SSH.Server.Software)
}

func (p *suricata) rdp(e event) {
	client, _, _ := e.sides(3389)
	p.say(e.at, model.NameRDP, client, model.MAC{}, e.RDP.Client.Name)
}

func (p *suricata) krb5(e event) {
	client, server, _ := e.sides(88)
	p.principal(e.at, client, server, e.KRB5.Client+"/"+e.KRB5.Realm, strings.HasSuffix(e.KRB5.Type, "REP"))
}

func (p *suricata) arp(e event) {
	mac, err := model.ParseMAC(e.ARP.SrcMAC)
	a, ok := address(e.ARP.SrcIP)
	if err != nil || !ok {
		p.trouble("collect_line")
		return
	}
	p.bind(e.at, model.BindARP, mac, a)
}
