package model

// Kind names what an Observation is about. The part before the dot is the protocol or family that said it.
// Unless noted the subject is the machine that sent the message and the value is text as sent (after Clean).
type Kind string

// Names that a machine uses for itself.
const (
	NameDHCP      Kind = "name.dhcp"      // DHCPv4 option 12, DHCPv6 option 39 without domain
	NameFQDN      Kind = "name.fqdn"      // DHCP option 81, DHCPv6 option 39
	NameNetBIOS   Kind = "name.netbios"   // NBNS registration or answer, unique name suffix 00/20
	NameMDNS      Kind = "name.mdns"      // host name in .local, without ".local"
	NameDNS       Kind = "name.dns"       // DNS answer A/AAAA/PTR: Subject is the address, value the name asked for
	NameLLMNR     Kind = "name.llmnr"     // LLMNR answer
	NameNTLM      Kind = "name.ntlm"      // NTLM challenge: NetBIOS computer name of the server (AV id 1), or workstation of the client
	NameNTLMDNS   Kind = "name.ntlmdns"   // NTLM challenge: DNS computer name (AV id 3)
	NameKrb       Kind = "name.krb"       // Kerberos host principal or NetBIOS address of the client
	NameSNMP      Kind = "name.snmp"      // sysName.0
	NameLLDP      Kind = "name.lldp"      // system name
	NameCDP       Kind = "name.cdp"       // device id
	NameSyslog    Kind = "name.syslog"    // host name field
	NameTLS       Kind = "name.tls"       // subject CN or a SAN dNSName of the server certificate
	NameRDP       Kind = "name.rdp"       // client name in RDP client core data
	NameTable     Kind = "name.table"     // name in a lease list, address table or log
	NameDiscovery Kind = "name.discovery" // name in a maker's own discovery protocol (Ubiquiti, MikroTik)
	NameRADIUS    Kind = "name.radius"    // NAS-Identifier of an access point, switch or VPN gateway
	NameHTTP      Kind = "name.http"      // Host header; Subject is the server
)

// Where a machine belongs.
const (
	DomainNetBIOS Kind = "domain.netbios" // workgroup or domain, NetBIOS form (NBNS, browser, NTLM)
	DomainDNS     Kind = "domain.dns"     // AD domain or DHCP option 15, DNS form
	KerberosRealm Kind = "kerberos.realm"
)

// What a machine is.
const (
	DHCPParams     Kind = "dhcp.params"       // option 55 as "1,3,6,15"; DHCPv6 option request "v6:23,24"
	DHCPVendor     Kind = "dhcp.vendor_class" // option 60; DHCPv6 option 16
	DHCPClientID   Kind = "dhcp.client_id"    // option 61, hex, if it is not the MAC
	DHCPServer     Kind = "dhcp.server"       // Subject sent OFFER or ACK with an address. Value "router=192.0.2.1 dns=... lease=3600", DHCPv6 "v6 dns=... lease=3600"
	DHCPRequest    Kind = "dhcp.request"      // Subject or MAC asked for an address; value is the address asked for or ""
	RouterAdvert   Kind = "ndp.router"        // router advertisement with lifetime > 0. Value "prefix/len,prefix/len lifetime=1800 flags=MO"
	OSNTLM         Kind = "os.ntlm"           // NTLM version field "10.0.19041"
	OSSMB          Kind = "os.smb"            // SMB1 NativeOS, "Windows 5.1"
	LanManSMB      Kind = "lanman.smb"        // SMB1 NativeLanMan
	OSBrowser      Kind = "os.browser"        // Microsoft browser announcement "10.0"
	BrowserType    Kind = "browser.type"      // Microsoft browser announcement: "nt_server,domain_controller", "unix,print_server", "" if it says nothing
	HTTPUserAgent  Kind = "http.user_agent"
	HTTPServer     Kind = "http.server"
	HTTPTitle      Kind = "http.title"
	HTTPPowered    Kind = "http.powered_by"
	HTTPRealm      Kind = "http.realm" // WWW-Authenticate realm
	BannerSSH      Kind = "banner.ssh" // software version after "SSH-2.0-"; client or server by Port (server's port set for the server)
	BannerFTP      Kind = "banner.ftp"
	BannerSMTP     Kind = "banner.smtp"
	BannerPOP3     Kind = "banner.pop3"
	BannerIMAP     Kind = "banner.imap"
	BannerTelnet   Kind = "banner.telnet"
	BannerVNC      Kind = "banner.vnc"
	SNMPVersion    Kind = "snmp.version" // "1", "2c", "3"; Subject is the agent
	SNMPDescr      Kind = "snmp.sysdescr"
	SNMPObjectID   Kind = "snmp.sysobjectid" // dotted
	SNMPEngine     Kind = "snmp.engine"      // SNMPv3 engine id: "enterprise=9" (RFC 3411)
	SNMPDefault    Kind = "snmp.default_community"
	SNMPDevice     Kind = "snmp.device"  // hrDeviceDescr.1, RFC 2790: the model of a printer, the processor of a PC
	MDNSService    Kind = "mdns.service" // "_ipp._tcp"
	MDNSTXT        Kind = "mdns.txt"     // "ty=RICOH IM C3000", only identifying keys (ty, md, product, mdl, mfg, model, am, fv, vers)
	SSDPServer     Kind = "ssdp.server"
	SSDPType       Kind = "ssdp.type"       // NT or ST
	UPnPModel      Kind = "upnp.model"      // "manufacturer model number" of a UPnP or DPWS device description
	DiscoveryModel Kind = "discovery.model" // maker, model and firmware in a maker's own discovery protocol
	WSDType        Kind = "wsd.type"        // "wsdp:Device wprt:PrintDeviceType"
	WSDScope       Kind = "wsd.scope"       // model names in ONVIF scopes
	LLDPDescr      Kind = "lldp.descr"      // system description
	LLDPCaps       Kind = "lldp.caps"       // enabled capabilities "bridge,router,wlan,phone,station"
	LLDPModel      Kind = "lldp.model"      // LLDP-MED inventory "manufacturer model firmware serial-less"
	CDPPlatform    Kind = "cdp.platform"
	CDPVersion     Kind = "cdp.version"
	CDPCaps        Kind = "cdp.caps"
	TLSJA4         Kind = "tls.ja4"     // client
	TLSSNI         Kind = "tls.sni"     // client; Peer is the server
	TLSVersion     Kind = "tls.version" // server chose: "TLS 1.2"
	TLSCipher      Kind = "tls.cipher"  // server chose: "0xc02f"
	TLSALPN        Kind = "tls.alpn"    // server chose
	TLSSubject     Kind = "tls.subject" // server certificate, RFC 4514 form
	TLSIssuer      Kind = "tls.issuer"
	TLSNotAfter    Kind = "tls.not_after" // RFC 3339
	TLSKey         Kind = "tls.key"       // "RSA 1024 sha1WithRSA"
	DNSQuery       Kind = "dns.query"     // client; Peer is the server
	DNSServer      Kind = "dns.server"    // Subject answered DNS queries; value "" or "recursion"
	SMBDialect     Kind = "smb.dialect"   // server chose: "1 NT LM 0.12", "2.0.2", "2.1", "3.0", "3.0.2", "3.1.1"
	SMBOffer       Kind = "smb.offer"     // client offers SMB1 only: "1"
	SMBSigning     Kind = "smb.signing"   // server: "required", "enabled", "off"
	SMBShare       Kind = "smb.share"     // server: share name in tree connect
	RDPServer      Kind = "rdp.server"    // server confirmed X.224; value is the protocol chosen: "rdp", "tls", "credssp", "rdstls"
	RDPClient      Kind = "rdp.client"    // client build "10.0.19041"
	LDAPRoot       Kind = "ldap.root"     // defaultNamingContext of a root DSE
	ADController   Kind = "ad.controller" // CLDAP netlogon answer, DNS answer for _ldap._tcp.dc._msdcs, NetBIOS names 1B/1C, browser: value is the domain, DNS or NetBIOS form
	KerberosKDC    Kind = "kerberos.kdc"  // Subject answered AS or TGS; value is the realm
	RPCInterface   Kind = "rpc.interface" // server accepted a bind: well-known name or UUID
	NTPServer      Kind = "ntp.server"    // Subject answered as server; value "stratum=3"
	NTPClient      Kind = "ntp.client"    // Subject asked; Peer is the server
	SyslogTag      Kind = "syslog.tag"
	IKEVendor      Kind = "ike.vendor"     // known vendor id by name, else hex
	VPNService     Kind = "vpn.service"    // Subject is the VPN server: "openvpn", "wireguard", "ike", "l2tp", "pptp", "sslvpn FortiGate"
	VPNClient      Kind = "vpn.client"     // Subject opens a VPN; Peer is the server. Also "tailscale", "zerotier", "softether", "warp"
	PrinterModel   Kind = "printer.model"  // IPP printer-make-and-model, PJL INFO ID, or 1284 device id MDL
	PrinterJob     Kind = "printer.port"   // Subject took a print job: "jetdirect", "ipp", "lpd"
	DBServer       Kind = "db.server"      // "mssql 15.0.4261", "oracle 19.0", "postgresql 15.4", "mysql 8.0.36"
	DBClient       Kind = "db.client"      // program or host name in TDS login, no user names
	ModbusDevice   Kind = "modbus.device"  // function 43/14 vendor, product, revision
	BACnetDevice   Kind = "bacnet.device"  // I-Am: "instance=1234 vendor=7"
	ENIPDevice     Kind = "enip.device"    // EtherNet/IP list identity "vendor=1 type=12 1756-ENBT 4.1"
	MQTTClient     Kind = "mqtt.client_id" // client
	SIPAgent       Kind = "sip.agent"      // User-Agent or Server
	RTSPServer     Kind = "rtsp.server"
	ServicePort    Kind = "service"        // Subject answered on Port; value "tcp" or "udp"
	Tunnel         Kind = "tunnel"         // Subject sends or takes an encapsulation: "gre", "ipip", "6in4", "teredo", "esp", "ah", "vxlan", "gtp"; Peer is the other end
	RemoteControl  Kind = "remote.control" // Subject speaks a remote-control protocol itself: "teamviewer", "anydesk", "rustdesk", "vnc"
	FingerprintSYN Kind = "tcp.syn"        // "ttl=128 win=64240 opts=M1460,N,W8,N,N,S" of a client's SYN
	LinkCount      Kind = "link"           // takes part in a link protocol: "stp", "vrrp", "hsrp", "glbp", "eapol", "lacp", "pppoe", "igmp_querier", "ospf", "vtp", "dtp", "profinet"
)

// Medicine.
const (
	DICOMCalled   Kind = "dicom.called"    // AE title of the acceptor; Subject is the acceptor
	DICOMCalling  Kind = "dicom.calling"   // AE title of the requestor; Subject is the requestor
	DICOMImplUID  Kind = "dicom.impl_uid"  // implementation class UID (PS3.7 D.3.3.2)
	DICOMImplName Kind = "dicom.impl_name" // implementation version name
	DICOMSOP      Kind = "dicom.sop"       // abstract syntax UID proposed by Subject; Peer is the acceptor
	DICOMOp       Kind = "dicom.op"        // "C-STORE", "C-FIND"...: Subject is the SCU, Count counts, Peer is the SCP
	DICOMReject   Kind = "dicom.reject"    // Subject refused an association: "result/source/reason" in the words of PS3.8 9.3.4; Peer is the requestor
	DICOMAbort    Kind = "dicom.abort"     // Subject aborted an association: "source/reason" in the words of PS3.8 9.3.8; Peer is the other side
	DICOMFailure  Kind = "dicom.failure"   // Subject answered an operation with failure: "C-STORE 0xa700"; Peer is the SCU
	DICOMTLS      Kind = "dicom.tls"       // DICOM port spoken with TLS
	HL7Sender     Kind = "hl7.sender"      // MSH-3^MSH-4; Subject is the sender
	HL7Receiver   Kind = "hl7.receiver"    // MSH-5^MSH-6; Subject is the receiver
	HL7Type       Kind = "hl7.type"        // "ADT^A01"; Subject is the sender, Count counts
	HL7Version    Kind = "hl7.version"     // MSH-12
	MedicalAPI    Kind = "medical.api"     // Subject answers a medical web API: "dicomweb", "fhir", "orca"; Peer is the client
)

// CleartextLogin says that a password crossed the wire readable. Subject is the server, Peer the client, the value the
// protocol: ftp, telnet, pop3, imap, smtp, http-basic, ldap-simple, snmp, vnc, dicom, tds,
// postgresql, mysql, drda, redis, socks, rtsp-basic, rlogin, rsh, mqtt. The password is never read out.
const CleartextLogin Kind = "login.cleartext"
