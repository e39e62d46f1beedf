package proto_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/flow"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/ndpitest"
)

// ndpiNames maps nDPI's protocols to the names of ours that mean the same. nDPI puts what runs in a protocol after a dot
// ("TLS.Zoom"): only the first part is compared, because the second follows from names and addresses, not from bytes.
var ndpiNames = map[string]string{
	"DHCP": "dhcp", "DHCPV6": "dhcpv6", "DNS": "dns", "MDNS": "mdns dns", "LLMNR": "llmnr", "NetBIOS": "nbns nbdgm nbss smb",
	"SSDP": "ssdp", "WSD": "wsd", "SNMP": "snmp", "NTP": "ntp", "Syslog": "syslog", "RADIUS": "radius", "TFTP": "tftp",
	"Kerberos": "krb", "SMBv1": "smb nbss nbdgm", "SMBv23": "smb nbss", "LDAP": "ldap cldap", "MS-RPCH": "dce_rpc http", "DCE_RPC": "dce_rpc", "RPC": "dce_rpc portmap nfs",
	"RDP": "rdp rdpeudp", "TLS": "ssl", "DTLS": "dtls", "QUIC": "quic", "DoH_DoT": "ssl",
	"HTTP": "http ipp winrm websocket soap upnp elasticsearch", "HTTP_Proxy": "http", "HTTP_Connect": "http", "HTTP2": "http", "SOAP": "http soap upnp wsd", "WebDAV": "http", "WebSocket": "websocket http", "OCSP": "http",
	"SSH": "ssh", "FTP_CONTROL": "ftp", "FTPS": "ftp ssl", "SMTP": "smtp", "SMTPS": "smtp ssl", "POP3": "pop3", "POPS": "pop3 ssl",
	"IMAP": "imap", "IMAPS": "imap ssl", "Telnet": "telnet",
	"IPSec": "ike ike_natt esp_udp esp ah", "OpenVPN": "openvpn", "WireGuard": "wireguard", "L2TP": "l2tp", "PPTP": "pptp",
	"MsSQL-TDS": "tds", "Oracle": "tns", "PostgreSQL": "postgresql", "MySQL": "mysql",
	"Modbus": "modbus", "BACnet": "bacnet", "MQTT": "mqtt", "IPP": "ipp", "SIP": "sip", "RTP": "rtp", "SRTP": "rtp", "RTCP": "rtp", "RTSP": "rtsp", "STUN": "stun",
	"VNC": "rfb", "TeamViewer": "teamviewer", "NoMachine": "nomachine", "ICMP": "icmp", "ICMPV6": "icmp",
	// Not asked for, decoded all the same.
	"H323": "h323", "BitTorrent": "bittorrent", "IRC": "irc", "RSYNC": "rsync", "MongoDB": "mongodb", "Redis": "redis", "Memcached": "memcached",
	"Elasticsearch": "elasticsearch", "DRDA": "drda", "SOCKS": "socks", "Git": "git", "Jabber": "xmpp", "S7Comm": "s7comm", "S7CommPlus": "s7comm", "EthernetIP": "enip",
	"DNP3": "dnp3", "IEC60870": "iec104", "BGP": "bgp", "NFS": "nfs", "NetFlow": "netflow", "sFlow": "sflow", "AFP": "afp", "UBNTAC2": "ubnt_discovery",
	"DNScrypt": "dnscrypt", "AMQP": "amqp", "Kafka": "kafka", "RTMP": "rtmp", "CoAP": "coap", "Softether": "softether", "Service_Location_Protocol": "srvloc",
	"OSPF": "ospf", "VRRP": "vrrp", "IGMP": "igmp", "GRE": "gre", "GTP": "gtp", "VXLAN": "vxlan", "Teredo": "teredo",
}

// asked are the protocols of the table that the product promises to name.
var asked = strings.Fields(`DHCP DHCPV6 DNS MDNS LLMNR NetBIOS SSDP WSD SNMP NTP Syslog Kerberos SMBv1 SMBv23 LDAP MS-RPCH DCE_RPC RDP
	TLS DTLS QUIC DoH_DoT HTTP HTTP_Proxy HTTP_Connect HTTP2 SOAP WebDAV WebSocket OCSP SSH FTP_CONTROL FTPS SMTP SMTPS POP3 POPS IMAP IMAPS
	Telnet IPSec OpenVPN WireGuard L2TP PPTP MsSQL-TDS Oracle PostgreSQL MySQL Modbus BACnet MQTT IPP`)

type pairKey struct {
	a, b      netip.AddrPort
	transport string
}

func pairOf(a, b netip.AddrPort, transport string) pairKey {
	if a.Compare(b) > 0 {
		a, b = b, a
	}
	return pairKey{a, b, transport}
}

// ourApps names the flows of a capture, those with the same ends in the order of their first packets.
func ourApps(t *testing.T, name string) map[pairKey][]string {
	t.Helper()
	all := map[pairKey][]string{}
	p := flow.New(flow.Config{
		Shards: 1, Convention: flow.NDPI, Timeouts: flow.Timeouts{TCP: flow.Never, Closed: flow.Never, UDP: flow.Never, Other: flow.Never},
		OnFlow: func(f *model.Flow) {
			a, b := f.Client, f.Server
			if f.Proto != 6 && f.Proto != 17 {
				a, b = netip.AddrPortFrom(a.Addr(), 0), netip.AddrPortFrom(b.Addr(), 0)
			}
			k := pairOf(a, b, map[uint8]string{6: "TCP", 17: "UDP"}[f.Proto])
			all[k] = append(all[k], f.App)
		},
	})
	src, err := capture.Open(name, nil, capture.Options{})
	if err == nil {
		err = p.Run(context.Background(), src)
		src.Close()
	}
	var damage *capture.Damage
	if err != nil && !errors.As(err, &damage) {
		t.Fatal(err)
	}
	p.Finish()
	return all
}

// What must be reached for the protocols asked for. Measured when this was written: 100.0 and 98.3; without HTTP 99.9 and 97.0.
const (
	minAgreement = 99
	minCoverage  = 96
)

// tally counts the flows of one of nDPI's protocols: seen, named by us, named the same.
type tally struct{ flows, named, same int }

func (y *tally) add(o tally) {
	y.flows, y.named, y.same = y.flows+o.flows, y.named+o.named, y.same+o.same
}

func percent(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }

// TestApplicationsAgreeWithNDPI compares the application of each flow that nDPI names from its bytes with ours.
func TestApplicationsAgreeWithNDPI(t *testing.T) {
	tallies := map[string]*tally{}
	var log strings.Builder
	for _, c := range ndpitest.Cases(t) {
		want, err := ndpitest.Read(c.Out)
		if err != nil {
			t.Fatal(err)
		}
		compareFlows(c.Name, want, ourApps(t, c.Capture), tallies, &log)
	}
	if os.Getenv("CONFORM_MISSES") != "" {
		t.Log(log.String())
	}
	var sum, rest, small tally
	var table strings.Builder
	fmt.Fprintf(&table, "%-16s %7s %7s %7s %9s %9s\n", "nDPI", "flows", "named", "same", "coverage", "agreement")
	row := func(name string, y *tally) {
		fmt.Fprintf(&table, "%-16s %7d %7d %7d %8.1f%% %8.1f%%\n", name, y.flows, y.named, y.same, percent(y.named, y.flows), percent(y.same, y.named))
	}
	for _, name := range slices.SortedFunc(maps.Keys(tallies), func(a, b string) int { return cmp.Or(tallies[b].flows-tallies[a].flows, cmp.Compare(a, b)) }) {
		row(name, tallies[name])
		if slices.Contains(asked, name) {
			sum.add(*tallies[name])
			if name != "HTTP" {
				small.add(*tallies[name])
			}
		} else {
			rest.add(*tallies[name])
		}
	}
	row("asked for", &sum)
	row("without HTTP", &small) // which is most of the flows, and most of it in two captures
	row("others", &rest)
	t.Log("\n" + table.String())
	for _, y := range []tally{sum, small} {
		if a, c := percent(y.same, y.named), percent(y.named, y.flows); a < minAgreement || c < minCoverage {
			t.Errorf("agreement %.1f %%, coverage %.1f %%: must be at least %d %% and %d %%", a, c, minAgreement, minCoverage)
		}
	}
	var named int
	for _, y := range tallies {
		named += y.named
	}
	if f := tallies[foreign]; f != nil && percent(f.named, named) > 2 {
		t.Errorf("%d of %d names stand for what nDPI calls something that we do not know", f.named, named)
	}
}

// foreign stands for what nDPI names and we do not know, where we name something else: it may be finer ("Zoom" in "ssl") or wrong.
const foreign = "(unknown to us)"

func compareFlows(name string, want *ndpitest.Result, ours map[pairKey][]string, tallies map[string]*tally, log *strings.Builder) {
	for _, f := range want.Flows {
		master, _, _ := strings.Cut(f.App, ".")
		means, ok := ndpiNames[master]
		if !strings.HasPrefix(f.Confidence, "DPI") {
			continue
		}
		transport := f.Transport
		a, b := f.A, f.B
		if transport != "TCP" && transport != "UDP" {
			transport, a, b = "", netip.AddrPortFrom(a.Addr(), 0), netip.AddrPortFrom(b.Addr(), 0)
		}
		k := pairOf(a, b, transport)
		apps := ours[k]
		app := ""
		if len(apps) > 0 {
			app = apps[0]
			if len(apps) > 1 {
				ours[k] = apps[1:]
			}
		}
		if !ok {
			if app == "" {
				continue
			}
			master = foreign
		}
		y := tallies[master]
		if y == nil {
			y = new(tally)
			tallies[master] = y
		}
		y.flows++
		same := slices.Contains(strings.Fields(means), app)
		if app != "" {
			y.named++
		}
		if same {
			y.same++
		} else {
			fmt.Fprintf(log, "%s: %s %s - %s is %s (%s), ours %q of %d\n", name, f.Transport, f.A, f.B, f.App, f.Confidence, app, len(apps))
		}
	}
}
