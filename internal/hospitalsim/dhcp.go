package hospitalsim

import (
	"encoding/binary"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// dhcpClient is how a kind of machine asks for an address: options 55 and 60 tell systems apart.
type dhcpClient struct {
	params []byte
	vendor string
	fqdn   bool
}

var (
	dhcpWindows = dhcpClient{[]byte{1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252}, "MSFT 5.0", true}
	dhcpAndroid = dhcpClient{[]byte{1, 3, 6, 15, 26, 28, 51, 58, 59, 43}, "android-dhcp-13", false}
	dhcpApple   = dhcpClient{[]byte{1, 121, 3, 6, 15, 108, 114, 119, 252}, "", false}
	dhcpLinux   = dhcpClient{[]byte{1, 2, 6, 12, 15, 26, 28, 121, 3, 33, 40, 41, 42, 119, 249, 252, 17}, "", false}
)

var nowhere = netip.IPv4Unspecified()

// offer is what a DHCP server hands out.
type offer struct {
	server *machine
	router netip.Addr
	dns    netip.Addr
	bits   int
}

func opt4(t layers.DHCPOpt, a netip.Addr) layers.DHCPOption {
	return layers.NewDHCPOption(t, a.AsSlice())
}

func (o *offer) options(t layers.DHCPMsgType) layers.DHCPOptions {
	mask := binary.BigEndian.AppendUint32(nil, ^uint32(0)<<(32-o.bits))
	return layers.DHCPOptions{
		layers.NewDHCPOption(layers.DHCPOptMessageType, []byte{byte(t)}), opt4(layers.DHCPOptServerID, o.server.ip),
		layers.NewDHCPOption(layers.DHCPOptLeaseTime, []byte{0, 1, 0x51, 0x80}), layers.NewDHCPOption(layers.DHCPOptSubnetMask, mask),
		opt4(layers.DHCPOptRouter, o.router), opt4(layers.DHCPOptDNS, o.dns),
	}
}

func (c dhcpClient) options(m *machine, t layers.DHCPMsgType) layers.DHCPOptions {
	os := layers.DHCPOptions{
		layers.NewDHCPOption(layers.DHCPOptMessageType, []byte{byte(t)}),
		layers.NewDHCPOption(layers.DHCPOptClientID, append([]byte{1}, m.mac[:]...)), layers.NewDHCPOption(layers.DHCPOptRequestIP, m.ip.AsSlice()),
	}
	if m.name != "" {
		os = append(os, layers.NewDHCPOption(layers.DHCPOptHostname, []byte(m.name)))
	}
	if c.fqdn {
		os = append(os, layers.NewDHCPOption(81, append([]byte{0, 0, 0}, m.name+"."+domain...)))
	}
	if c.vendor != "" {
		os = append(os, layers.NewDHCPOption(layers.DHCPOptClassID, []byte(c.vendor)))
	}
	return append(os, layers.NewDHCPOption(layers.DHCPOptParamsRequest, c.params))
}

func dhcpBytes(m *machine, op layers.DHCPOp, xid uint32, your netip.Addr, os layers.DHCPOptions) []byte {
	d := &layers.DHCPv4{
		Operation: op, HardwareType: layers.LinkTypeEthernet, HardwareLen: 6, Xid: xid, ClientIP: ipOf(nowhere), YourClientIP: ipOf(your),
		NextServerIP: ipOf(nowhere), RelayAgentIP: ipOf(nowhere), ClientHWAddr: m.mac[:], Options: os,
	}
	b := gopacket.NewSerializeBuffer()
	if err := d.SerializeTo(b, gopacket.SerializeOptions{FixLengths: true}); err != nil {
		panic("BUG: " + err.Error())
	}
	return b.Bytes()
}

// lease is a machine getting its address: discover, offer, request, acknowledge (RFC 2131, 3.1).
func (w *world) lease(at int64, m *machine, c dhcpClient, o offer) int64 {
	xid := w.rng.Uint32()
	empty := *m
	empty.ip = nowhere
	for _, t := range []layers.DHCPMsgType{layers.DHCPMsgTypeDiscover, layers.DHCPMsgTypeRequest} {
		w.shout(at, &empty, everyone, 68, 67, dhcpBytes(m, layers.DHCPOpRequest, xid, nowhere, c.options(m, t)))
		at += int64(w.upTo(8e6)) + 1e6
		h := hop{src: o.server, dst: m, srcMAC: o.server.mac, dstMAC: m.mac}
		if o.server.net != m.net { // the gateway passes it on (RFC 1542)
			h.srcMAC = m.net.router
		}
		w.datagram(at, h, 67, 68, dhcpBytes(m, layers.DHCPOpReply, xid, m.ip, o.options(t+1+t/3)))
		at += 4e5
	}
	return at
}
