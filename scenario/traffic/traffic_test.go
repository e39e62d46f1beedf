package traffic

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// every verb once.
const every = `
mac 10.1.0.66 b8:27:eb:01:02:03
09:00:00 10.1.0.20:50000 > 10.2.0.11:443 tcp bytes=5000 sent=10
09:00:01 10.1.0.20 > 10.2.0.11:443 tcp refused
09:00:02 10.1.0.20 > 10.2.0.11:443 tcp noanswer
09:00:03 10.1.0.20 > 10.1.0.11:80 http get host=a.example ua="Mozilla/5.0 (Windows NT 6.1)" vlan 10
09:00:04 10.1.0.20 > 203.0.113.9:443 tls sni example.org via 00:1d:93:00:00:07
09:00:05 10.1.0.20 > 10.1.0.11:23 telnet session x3/1m
09:00:06 10.1.0.20 > 10.1.0.11:21 ftp login
09:00:06 10.1.0.20 > 10.1.0.11:21 ftp tls
09:00:07 10.1.0.20 > 10.1.0.11:445 smb1 negotiate
09:00:08 10.1.0.20 > 10.1.0.11:445 smb2 negotiate
09:00:09 198.51.100.7 > 10.1.0.11:3389 rdp
09:00:10 10.1.0.20 > 10.1.0.11:104 dicom associate calling=CT called=PACS
09:00:11 10.1.0.20 > 203.0.113.5:51820 wireguard handshake
09:00:12 10.1.0.20 > 10.1.0.1 dns query www.example.org
09:00:13 10.1.0.20 > 10.1.0.11:514 udp sent=100
09:00:14 arp 10.1.0.9 is-at 00:1b:21:00:00:09
09:00:15 dhcp ack 192.168.11.1 -> 00:1b:21:00:00:21 192.168.11.21 router=192.168.11.1 name=PC21
09:00:16 dhcp request 00:1b:21:00:00:22 name=PC22
09:00:17 ra 2001:db8:1::/64 from 10.1.0.66
09:00:18 2001:db8::1 > [2001:db8::2]:80 http get
2026-04-02T09:00:00 10.1.0.20 > 10.1.0.11:80 tcp bytes=100 snap 60
`

// Whatever is written, another decoder reads without complaint, with valid checksums and in order of time.
func TestAnotherDecoderReadsIt(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, every); err != nil {
		t.Fatal(err)
	}
	r, err := pcapgo.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[gopacket.LayerType]int{}
	frames := 0
	for {
		data, ci, err := r.ReadPacketData()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		frames++
		if ci.CaptureLength < ci.Length {
			continue
		}
		p := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.DecodeOptions{})
		if e := p.ErrorLayer(); e != nil && !strings.Contains(e.Error().Error(), "TLS") {
			t.Errorf("frame %d: %v", frames, e.Error())
		}
		for _, l := range p.Layers() {
			if l, ok := l.(interface {
				SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
			}); ok {
				if err := l.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err, bad := p.VerifyChecksums(); err != nil || len(bad) > 0 {
			t.Errorf("frame %d: checksums %v %v", frames, err, bad)
		}
		for _, l := range p.Layers() {
			seen[l.LayerType()]++
		}
	}
	for _, l := range []gopacket.LayerType{layers.LayerTypeARP, layers.LayerTypeDHCPv4, layers.LayerTypeDNS, layers.LayerTypeICMPv6RouterAdvertisement, layers.LayerTypeDot1Q, layers.LayerTypeTCP, layers.LayerTypeIPv6} {
		if seen[l] == 0 {
			t.Errorf("no %v among %d frames", l, frames)
		}
	}
}

func TestSlipsAreNamed(t *testing.T) {
	for _, bad := range []string{
		"nonsense", "09:00:00 10.1.0.1 > 10.1.0.2:80 dance", "25:00:00 arp 10.1.0.1 is-at", "09:00:00 10.1.0.1 > 10.1.0.2:80 http ua=\"open",
		"09:00:00 10.1.0.1 > x:80 tcp", "09:00:00 dhcp ack", "09:00:00 arp 10.1.0.1 is-at zz", "09:00:00 10.1.0.1 > 10.1.0.2:80 tcp x9/z",
	} {
		err := Write(io.Discard, "# a story\n"+bad)
		if err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
