package detect

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// smb1 finds servers that chose SMB version 1, the file sharing that WannaCry spread through (MS17-010).
func smb1(v *View) []model.Finding {
	c := v.causes("service.smb1")
	for _, o := range v.byKind[model.SMBDialect] {
		if !strings.HasPrefix(o.Value, "1") || !o.Subject.IsValid() || v.outside(o.Subject) {
			continue
		}
		x := c.get(model.High, o.Subject.String())
		x.about(v, o.Subject, o.MAC)
		x.set("host", v.label(o.Subject, o.MAC))
		x.set("os", cmp.Or(v.osOf(o), "-"))
		x.seen(o.First, o.Last, o.Count, v.proof(o.First, o.Source, fmt.Sprintf("%s answered with SMB dialect %s", o.Subject, o.Value)))
	}
	return c.done()
}

func (v *View) osOf(o *model.Observation) string {
	if h := v.host(o.Subject, o.MAC); h != nil {
		return strings.TrimSpace(h.OS + " " + h.Version)
	}
	return ""
}

// telnet finds servers that let people in over Telnet: passwords and screens readable by anyone on the way.
func telnet(v *View) []model.Finding {
	c := v.causes("service.telnet")
	for i := range v.Seen.Conversations {
		k := &v.Seen.Conversations[i]
		if k.App != "telnet" || k.Answered == 0 || v.outside(k.Server) && v.outside(k.Client) {
			continue
		}
		level := model.Medium
		if v.outside(k.Server) != v.outside(k.Client) {
			level = model.High
		}
		x := c.get(level, k.Server.String(), fmt.Sprint(k.Port))
		x.about(v, k.Server, k.ServerMAC)
		x.set("host", v.label(k.Server, k.ServerMAC))
		x.also("clients", v.label(k.Client, k.ClientMAC))
		x.seen(k.First, k.Last, k.Flows, v.proof(k.First, "", fmt.Sprintf("Telnet %s -> %s:%d", k.Client, k.Server, k.Port)))
	}
	return c.done()
}

// cleartextLogin finds passwords that crossed the wire readable. Telnet has a rule of its own.
func cleartextLogin(v *View) []model.Finding {
	c := v.causes("service.cleartext_login")
	for _, o := range v.byKind[model.CleartextLogin] {
		if o.Value == "telnet" || !o.Subject.IsValid() || v.outside(o.Subject) && v.outside(o.Peer) {
			continue
		}
		level, where := model.Medium, "cleartext.inside"
		switch {
		case v.outside(o.Subject):
			level, where = model.High, "cleartext.outside_server"
		case o.Peer.IsValid() && v.outside(o.Peer):
			level, where = model.High, "cleartext.outside_client"
		}
		x := c.get(level, o.Subject.String(), o.Value)
		x.set("where_key", where)
		x.about(v, o.Subject, o.MAC)
		x.set("host", v.label(o.Subject, o.MAC))
		x.set("protocol", protocolName(o.Value))
		x.also("clients", v.clientLabel(o.Peer))
		x.seen(o.First, o.Last, o.Count, v.proof(o.First, o.Source, fmt.Sprintf("readable login (%s) %s -> %s:%d", o.Value, o.Peer, o.Subject, o.Port)))
	}
	return c.done()
}

func (v *View) clientLabel(a netip.Addr) string {
	if !a.IsValid() {
		return "-"
	}
	return v.label(a, model.MAC{})
}

var protocolNames = map[string]string{
	"ftp": "FTP", "pop3": "POP3", "imap": "IMAP", "smtp": "SMTP", "http-basic": "HTTP Basic",
	"ldap-simple": "LDAP", "snmp": "SNMP", "vnc": "VNC", "mqtt": "MQTT", "postgresql": "PostgreSQL", "tds": "SQL Server", "mysql": "MySQL",
	"dicom": "DICOM", "drda": "Db2 (DRDA)", "redis": "Redis", "socks": "SOCKS", "rtsp-basic": "RTSP Basic", "rlogin": "rlogin", "rsh": "rsh",
}

func protocolName(s string) string { return cmp.Or(protocolNames[s], s) }
