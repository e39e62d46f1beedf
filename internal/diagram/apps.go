package diagram

import (
	"strconv"
	"strings"
)

// apps are the names of applications as people write them; the rest is written in capitals.
var apps = map[string]string{
	"ssl": "TLS", "http": "HTTP", "dce_rpc": "DCE/RPC", "krb": "Kerberos", "krb_tcp": "Kerberos", "wireguard": "WireGuard", "openvpn": "OpenVPN",
	"mysql": "MySQL", "postgresql": "PostgreSQL", "oracle": "Oracle", "mssql": "SQL Server", "mdns": "mDNS", "syslog": "syslog", "softether": "SoftEther",
}

var protocols = map[uint8]string{1: "ICMP", 6: "TCP", 17: "UDP", 47: "GRE", 50: "ESP", 58: "ICMPv6", 132: "SCTP"}

// AppName is what is talked: the application if it is known, else protocol and port.
func AppName(app string, proto uint8, port uint16) string {
	if s := apps[app]; s != "" {
		return s
	}
	if app != "" {
		return strings.ToUpper(strings.ReplaceAll(app, "_", " "))
	}
	s, ok := protocols[proto]
	if !ok {
		s = "IP " + strconv.Itoa(int(proto))
	}
	if port > 0 {
		s += " " + strconv.Itoa(int(port))
	}
	return s
}
