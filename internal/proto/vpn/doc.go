// Package vpn recognises virtual private networks and tunnels from their first packets: IKE with IPsec in UDP, OpenVPN,
// WireGuard, L2TP, PPTP, Teredo, SoftEther, Tailscale, ZeroTier; and STUN, GTP and VXLAN, which surround them.
//
// It decrypts nothing. Who opens a VPN gets model.VPNClient, who answers gets model.VPNService. SSL-VPNs are told by
// their web pages and certificates, in packages web and tls.
package vpn

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec {
	return []dissect.StreamSpec{
		{App: dissect.PPTP, Ports: []uint16{1723}, Match: matchPPTP, New: func() dissect.Stream { return pptpStream{} }},
		{App: dissect.OpenVPN, Ports: []uint16{1194}, Match: matchOpenVPN, New: func() dissect.Stream { return &openVPNStream{} }},
		{App: dissect.STUN, Ports: []uint16{3478}, Match: matchSTUN, New: func() dissect.Stream { return stunStream{} }},
	}
}

// Datagrams lists the UDP protocols of this family, those with the strongest marks first.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{
		{App: dissect.STUN, Ports: []uint16{3478, 3479, 5349, 19302}, Data: stun},
		{App: dissect.Tailscale, Ports: []uint16{41641}, Data: tailscale},
		{App: dissect.WireGuard, Ports: []uint16{51820}, Data: wireGuard},
		{App: dissect.WireGuard, Ports: []uint16{2408}, Data: warp, PortOnly: true},
		{App: dissect.OpenVPN, Ports: []uint16{1194}, Data: openVPN},
		{App: dissect.IKE, Ports: []uint16{500, 4500}, Data: ike, Every: true, PortOnly: true},
		{App: dissect.L2TP, Ports: []uint16{1701}, Data: l2tp, PortOnly: true},
		{App: dissect.Teredo, Ports: []uint16{3544}, Data: teredo, PortOnly: true},
		{App: dissect.ZeroTier, Ports: []uint16{9993}, Data: zeroTier, PortOnly: true},
		{App: dissect.SoftEther, Data: softEther},
		{App: dissect.GTP, Ports: []uint16{2123, 2152, 3386}, Data: gtp, PortOnly: true},
		{App: dissect.VXLAN, Ports: []uint16{4789, 8472}, Data: vxlan, PortOnly: true},
	}
}
