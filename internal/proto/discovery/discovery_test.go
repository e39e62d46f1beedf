package discovery_test

import (
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/proto/datagramtest"
	"github.com/mimawari/mimawari/internal/proto/discovery"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

const (
	notify = "NOTIFY * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\nNT: urn:schemas-upnp-org:device:MediaServer:1\r\nNTS: ssdp:alive\r\n" +
		"Server: Linux/4.4 UPnP/1.0 Synology/6.2\r\nX-ModelName: DS218\r\n\r\n"
	search = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nST: urn:dial-multiscreen-org:service:dial:1\r\n" +
		"USER-AGENT: Google Chrome/96.0 Windows\r\n\r\n"
)

func TestSSDP(t *testing.T) {
	datagramtest.Check(t, 1900, []string{">" + notify}, dissect.SSDP,
		`client ssdp.type "urn:schemas-upnp-org:device:MediaServer:1"`, `client ssdp.server "Linux/4.4 UPnP/1.0 Synology/6.2"`, `client upnp.model "DS218"`)
	datagramtest.Check(t, 1900, []string{">" + search}, dissect.SSDP, `client http.user_agent "Google Chrome/96.0 Windows"`)
	datagramtest.Check(t, 1900, []string{">" + strings.Replace(notify, "alive", "byebye", 1)}, dissect.SSDP)
	answer := "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nST: upnp:rootdevice\r\nSERVER: Router UPnP/1.0\r\n\r\n"
	datagramtest.Check(t, 50000, []string{"<" + answer}, dissect.SSDP, `server ssdp.type "upnp:rootdevice"`, `server ssdp.server "Router UPnP/1.0"`)
	datagramtest.Check(t, 50000, []string{"<HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"}, dissect.Unknown)
	datagramtest.Check(t, 1900, []string{">NOTIFY"}, dissect.Unknown)
}

const envelope = `<?xml version="1.0"?><soap:Envelope xmlns:wsd="http://schemas.xmlsoap.org/ws/2005/04/discovery"><soap:Body>`

func TestWSD(t *testing.T) {
	match := envelope + `<wsd:ProbeMatches><wsd:ProbeMatch><wsd:Types x="1">wsdp:Device
  wprt:PrintDeviceType</wsd:Types><wsd:Scopes>onvif://www.onvif.org/hardware/IPC%2DHDW1 onvif://www.onvif.org/location/room onvif://www.onvif.org/name/Dahua%zz</wsd:Scopes>`
	datagramtest.Check(t, 3702, []string{"<" + match}, dissect.WSD,
		`server wsd.type "wsdp:Device   wprt:PrintDeviceType"`, `server wsd.scope "hardware/IPC-HDW1"`, `server wsd.scope "name/Dahua%zz"`)
	probe := envelope + `<wsd:Probe><wsd:Types>wsdp:Device</wsd:Types></wsd:Probe>`
	datagramtest.Check(t, 3702, []string{">" + probe}, dissect.WSD) // searched for, not offered
	datagramtest.Check(t, 3702, []string{"<" + envelope + "<wsd:ProbeMatches><wsd:Types"}, dissect.WSD)
	datagramtest.Check(t, 3702, []string{"<" + strings.Repeat("<a>", 40)}, dissect.Unknown)
}

func TestMakers(t *testing.T) {
	ubnt := "\x03\x00\x06v4.3.3" + "\x0b\x00\x05AP-3F" + "\x0c\x00\x05U7PG2"
	datagramtest.Check(t, 10001, []string{"<\x01\x00\x00" + string([]byte{byte(len(ubnt))}) + ubnt}, dissect.Ubiquiti,
		`server name.discovery "AP-3F"`, `server discovery.model "Ubiquiti U7PG2 v4.3.3"`)
	datagramtest.Check(t, 10001, []string{"<\x01\x00\x00\xff" + ubnt}, dissect.Unknown)
	mndp := "\x00\x00\x12\x34" + "\x00\x05\x00\x02gw" + "\x00\x07\x00\x036.4" + "\x00\x0c\x00\x05RB750"
	datagramtest.Check(t, 5678, []string{"<" + mndp}, dissect.MNDP, `server name.discovery "gw"`, `server discovery.model "MikroTik RB750 6.4"`)
	datagramtest.Check(t, 5678, []string{"<" + mndp[:12]}, dissect.Unknown)
	sadp := `<?xml version="1.0"?><ProbeMatch><DeviceDescription>DS-2CD2032</DeviceDescription><DeviceSN>X1</DeviceSN><SoftwareVersion>V5.4</SoftwareVersion></ProbeMatch>`
	datagramtest.Check(t, 37020, []string{"<" + sadp}, dissect.SADP, `server discovery.model "Hikvision DS-2CD2032 V5.4"`)
	datagramtest.Check(t, 427, []string{">\x02\x01\x00\x00\x0e\x00\x00\x00\x00\x00\x00\x01\x00\x00"}, dissect.SLP)
	datagramtest.Check(t, 427, []string{">\x02\x01\x00\x00\x0f\x00\x00\x00\x00\x00\x00\x01\x00\x00"}, dissect.Unknown)
}

func TestCaptures(t *testing.T) {
	datagramtest.Capture(t, "captures/ndpi/ubntac2.pcap", []string{"discovery", "name.discovery"},
		`192.168.1.1 discovery.model "Ubiquiti UGW3 UniFiSecurityGateway.ER-e120.v4.3.33.4936086.161203.2031" x8`,
		`192.168.1.1 name.discovery "ubnt" x8`)
	datagramtest.Capture(t, "captures/ndpi/starcraft_battle.pcap.gz", []string{"ssdp"},
		`192.168.1.254 ssdp.server "EPICENTRO UPnP/1.0 MiniUPnPd/1.6" x11`,
		`192.168.1.254 ssdp.type "upnp:rootdevice"`,
		`192.168.1.254 ssdp.type "urn:schemas-upnp-org:device:InternetGatewayDevice:1"`,
		`192.168.1.254 ssdp.type "urn:schemas-upnp-org:device:WANConnectionDevice:1"`,
		`192.168.1.254 ssdp.type "urn:schemas-upnp-org:device:WANDevice:1"`,
		`192.168.1.254 ssdp.type "urn:schemas-upnp-org:service:Layer3Forwarding:1"`,
		`192.168.1.254 ssdp.type "urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1"`,
		`192.168.1.254 ssdp.type "urn:schemas-upnp-org:service:WANIPConnection:1"`)
	datagramtest.Capture(t, "captures/ad-lab/wmi_exec_2.pcap.gz", []string{"wsd"}, // twice: the bridge's copy has its own MAC
		`192.168.1.46 wsd.type "wsdp:Device pub:Computer" x4`,
		`192.168.1.46 wsd.type "wsdp:Device pub:Computer" x4`)
	datagramtest.Capture(t, "captures/ndpi/upnp.pcap", []string{"wsd"}) // two probes: nobody answers
	datagramtest.Applications(t, "captures/ndpi/upnp.pcap", "wsd", 2)
	datagramtest.Applications(t, "captures/ndpi/srvloc-v1.pcapng", "srvloc", 2)
}

func FuzzDatagrams(f *testing.F) {
	f.Add([]byte(notify))
	f.Add([]byte(envelope + `<wsd:ProbeMatches><wsd:Types>a</wsd:Types><wsd:Scopes>onvif.org/name/%41 b</wsd:Scopes>`))
	f.Add([]byte("\x01\x00\x00\x08\x0b\x00\x05AP-3F"))
	f.Add([]byte("\x00\x00\x12\x34\x00\x05\x00\x02gw"))
	f.Fuzz(func(t *testing.T, b []byte) { datagramtest.Fuzz(t, discovery.Datagrams(), b) })
}
