package hospitalsim

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// arpTable is what arp -a says on a Japanese Windows PC of the office network.
func arpTable(t *town) []byte {
	var b bytes.Buffer
	me := t.of("SOM-PC01")
	line := func(ip, mac, kind string) {
		fmt.Fprintf(&b, "  %-21s %-21s %s        \r\n", ip, strings.ReplaceAll(mac, ":", "-"), kind)
	}
	fmt.Fprintf(&b, "\r\nインターフェイス: %s --- 0x5\r\n  インターネット アドレス 物理アドレス           種類\r\n", me.ip)
	line(t.office.gateway.String(), t.office.router.String(), "動的")
	for _, m := range t.machines {
		if m.net == t.office && m != me && (m.class == model.ClassPrinter || m.class == model.ClassNAS || m.name == "SOM-PC02" || m.name == "SOM-PC03") {
			line(m.ip.String(), m.mac.String(), "動的")
		}
	}
	line(t.office.everyone().String(), broadcast.String(), "静的")
	line("224.0.0.22", "01:00:5e:00:00:16", "静的")
	line(everyone.String(), broadcast.String(), "静的")
	return b.Bytes()
}

// leaseTable is what a Yamaha router says to "show status dhcp".
func leaseTable(t *town) []byte {
	var b bytes.Buffer
	b.WriteString("DHCPサーバーのリース状況\r\nDHCPスコープ番号: 1\r\n      ネットワークアドレス: " + t.office.prefix.Addr().String() + "\r\n")
	for i, m := range t.all(model.ClassPC) {
		if m.net != t.office || !m.dynamic {
			continue
		}
		fmt.Fprintf(&b, "      割り当て中アドレス: %s\r\n       (タイプ) クライアントID: (01) %s\r\n       ホスト名: %s\r\n       リース残り時間: %d時間 %d分 0秒\r\n",
			m.ip, strings.ReplaceAll(m.mac.String(), ":", " "), m.name, 10+i%12, i%60)
	}
	return b.Bytes()
}
