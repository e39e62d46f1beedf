package dissect

// App is an application protocol. The names are Zeek's where it has one.
type App uint8

// The application protocols.
const (
	Unknown App = iota
	DNS
	MDNS
	LLMNR
	NBNS
	NBDGM
	DHCP
	DHCPv6
	SSDP
	WSD
	SNMP
	NTP
	Syslog
	IKE
	ESPinUDP
	OpenVPN
	WireGuard
	L2TP
	PPTP
	QUIC
	TLS
	DTLS
	HTTP
	SSH
	FTP
	FTPData
	SMTP
	POP3
	IMAP
	Telnet
	SMB
	NBSS
	Kerberos
	LDAP
	CLDAP
	MSRPC
	RDP
	RDPUDP
	DICOM
	HL7
	TDS
	TNS
	PostgreSQL
	MySQL
	Modbus
	BACnet
	MQTT
	IPP
	JetDirect
	LPD
	SIP
	RTP
	RTSP
	STUN
	VNC
	TeamViewer
	AnyDesk
	RustDesk
	TFTP
	RADIUS
	NetFlow
	SFlow
	NFS
	RPCBind
	WinRM
	BitTorrent
	Teredo
	VXLAN
	GTP
	ICMPApp
	IGMP
	SOCKS
	Redis
	MongoDB
	S7
	ENIP
	DNP3
	IEC104
	BGP
	IMAPS
	RSync
	Git
	XMPP
	IRC
	AFP
	WebSocket
	SOAP
	UPnP
	ISAKMPNATT
	DNSCrypt
	RTMP
	CoAP
	Memcached
	AMQP
	Kafka
	SSLVPN
	GRE
	ESP
	AH
	OSPF
	VRRP
	SCTP
	Elasticsearch
	CLAIM // MML/CLAIM over TCP (Japanese receipt computers)
	ASTM  // CLSI LIS01/LIS02, formerly ASTM E1381/E1394
	HSRP
	GLBP
	Tailscale
	ZeroTier
	SoftEther
	Ubiquiti
	MNDP
	SADP
	SLP
	Rlogin // RFC 1282
	RSH    // BSD remote shell and rexec
	H323   // H.225.0 call signalling
	NoMachine
	Radmin
	DameWare
	DRDA // DB2
	LastApp
)

// String gives the service name; "" for Unknown.
func (a App) String() string {
	if int(a) < len(appNames) {
		return appNames[a]
	}
	return ""
}

var appNames = [...]string{
	Unknown: "", DNS: "dns", MDNS: "mdns", LLMNR: "llmnr", NBNS: "nbns", NBDGM: "nbdgm", DHCP: "dhcp", DHCPv6: "dhcpv6",
	SSDP: "ssdp", WSD: "wsd", SNMP: "snmp", NTP: "ntp", Syslog: "syslog", IKE: "ike", ESPinUDP: "esp_udp", OpenVPN: "openvpn",
	WireGuard: "wireguard", L2TP: "l2tp", PPTP: "pptp", QUIC: "quic", TLS: "ssl", DTLS: "dtls", HTTP: "http", SSH: "ssh",
	FTP: "ftp", FTPData: "ftp-data", SMTP: "smtp", POP3: "pop3", IMAP: "imap", Telnet: "telnet", SMB: "smb", NBSS: "nbss",
	Kerberos: "krb", LDAP: "ldap", CLDAP: "cldap", MSRPC: "dce_rpc", RDP: "rdp", RDPUDP: "rdpeudp", DICOM: "dicom", HL7: "hl7",
	TDS: "tds", TNS: "tns", PostgreSQL: "postgresql", MySQL: "mysql", Modbus: "modbus", BACnet: "bacnet", MQTT: "mqtt",
	IPP: "ipp", JetDirect: "jetdirect", LPD: "lpd", SIP: "sip", RTP: "rtp", RTSP: "rtsp", STUN: "stun", VNC: "rfb",
	TeamViewer: "teamviewer", AnyDesk: "anydesk", RustDesk: "rustdesk", TFTP: "tftp", RADIUS: "radius", NetFlow: "netflow",
	SFlow: "sflow", NFS: "nfs", RPCBind: "portmap", WinRM: "winrm", BitTorrent: "bittorrent", Teredo: "teredo", VXLAN: "vxlan",
	GTP: "gtp", ICMPApp: "icmp", IGMP: "igmp", SOCKS: "socks", Redis: "redis", MongoDB: "mongodb", S7: "s7comm", ENIP: "enip",
	DNP3: "dnp3", IEC104: "iec104", BGP: "bgp", IMAPS: "imaps", RSync: "rsync", Git: "git", XMPP: "xmpp", IRC: "irc", AFP: "afp",
	WebSocket: "websocket", SOAP: "soap", UPnP: "upnp", ISAKMPNATT: "ike_natt", DNSCrypt: "dnscrypt", RTMP: "rtmp", CoAP: "coap",
	Memcached: "memcached", AMQP: "amqp", Kafka: "kafka", SSLVPN: "sslvpn", GRE: "gre", ESP: "esp", AH: "ah", OSPF: "ospf",
	VRRP: "vrrp", SCTP: "sctp", Elasticsearch: "elasticsearch", CLAIM: "claim", ASTM: "astm",
	HSRP: "hsrp", GLBP: "glbp",
	Tailscale: "tailscale", ZeroTier: "zerotier", SoftEther: "softether", Ubiquiti: "ubnt_discovery", MNDP: "mndp", SADP: "sadp", SLP: "srvloc", Rlogin: "rlogin", RSH: "rsh", H323: "h323", NoMachine: "nomachine", Radmin: "radmin",
	DameWare: "dameware", DRDA: "drda", LastApp: "",
}
