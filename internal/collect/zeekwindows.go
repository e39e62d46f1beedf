package collect

import (
	"net/netip"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

func (p *zeek) smbMapping(at time.Time) {
	_, server, port := p.ends()
	p.sayTo(at, model.SMBShare, server, model.MAC{}, netip.Addr{}, port, shareName(p.get("path")))
}

func (p *zeek) smbFiles(at time.Time) {
	_, server, port := p.ends()
	p.sayTo(at, model.SMBShare, server, model.MAC{}, netip.Addr{}, port, shareName(p.get("path")))
}

// shareName takes the share from \\server\share; file names are nobody's business here.
func shareName(unc string) string {
	parts := strings.FieldsFunc(unc, func(r rune) bool { return r == '\\' })
	if len(parts) > 1 {
		return parts[1]
	}
	return ""
}

var rdpSecurity = map[string]string{"RDP": "rdp", "SSL": "tls", "HYBRID": "credssp", "HYBRID_EX": "credssp", "RDSTLS": "rdstls"}

func (p *zeek) rdp(at time.Time) {
	client, server, port := p.ends()
	p.say(at, model.NameRDP, client, model.MAC{}, p.get("client_name"))
	p.sayTo(at, model.RDPServer, server, model.MAC{}, netip.Addr{}, port, rdpSecurity[strings.ToUpper(p.get("security_protocol"))])
}

func (p *zeek) ntlm(at time.Time) {
	client, server, _ := p.ends()
	p.say(at, model.NameNTLM, client, model.MAC{}, p.get("hostname"))
	p.say(at, model.DomainNetBIOS, client, model.MAC{}, p.get("domainname"))
	p.say(at, model.NameNTLM, server, model.MAC{}, p.get("server_nb_computer_name"))
	p.say(at, model.NameNTLMDNS, server, model.MAC{}, p.get("server_dns_computer_name"))
	p.say(at, model.DomainDNS, server, model.MAC{}, p.get("server_tree_name"))
}

func (p *zeek) kerberos(at time.Time) {
	client, server, _ := p.ends()
	p.principal(at, client, server, p.get("client"), p.flag("success"))
}

// principal takes the name of a machine account (NAME$/REALM) and the realm; names of people are left alone.
func (s *sink) principal(at time.Time, client, server netip.Addr, who string, ok bool) {
	name, realm, found := strings.Cut(who, "/")
	if !found {
		return
	}
	if host, machine := strings.CutSuffix(name, "$"); machine {
		s.say(at, model.NameKrb, client, model.MAC{}, host)
	}
	s.say(at, model.KerberosRealm, client, model.MAC{}, realm)
	if ok {
		s.say(at, model.KerberosKDC, server, model.MAC{}, realm)
	}
}

var softwareKinds = map[string]model.Kind{
	"HTTP::SERVER": model.HTTPServer, "HTTP::BROWSER": model.HTTPUserAgent, "SSH::SERVER": model.BannerSSH, "SSH::CLIENT": model.BannerSSH,
	"FTP::SERVER": model.BannerFTP, "SMTP::MAIL_SERVER": model.BannerSMTP,
}

func (p *zeek) software(at time.Time) {
	kind, ok := softwareKinds[p.get("software_type")]
	if !ok {
		return
	}
	v := p.get("unparsed_version")
	if s := sshSoftware(v); s != "" {
		v = s
	}
	p.sayTo(at, kind, p.addr("host"), model.MAC{}, netip.Addr{}, p.port("host_p"), v)
}

func (p *zeek) knownService(at time.Time) {
	p.serves(at, p.addr("host"), protocols[strings.ToLower(p.get("port_proto"))], p.port("port_num"))
}

func (p *zeek) knownCert(at time.Time) {
	p.tls(at, tlsFacts{server: p.addr("host"), port: p.port("port_num"), subject: p.get("subject"), issuer: p.get("issuer_subject")})
}

func (p *zeek) knownDevice(at time.Time) {
	p.say(at, model.NameTable, netip.Addr{}, p.mac("mac"), p.get("dhcp_host_name"))
}
