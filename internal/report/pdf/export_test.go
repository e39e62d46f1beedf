package pdf

import (
	"math/rand/v2"
	"strings"

	"github.com/mimawari/mimawari/internal/report/paper"
)

// Frames gives the texts of the head and foot of each page.
func Frames(d *paper.Document) (out []string, err error) {
	f, err := loadFonts()
	if err != nil {
		return nil, err
	}
	l := newLayout(d, newInk(f))
	l.document()
	for i := range l.pages {
		s := ""
		for _, o := range l.margins(i) {
			s += o.text.s
		}
		out = append(out, s)
	}
	return out, nil
}

var words = strings.Fields(`電子カルテ 更新 担当者 台帳にない端末 （確認） 「未対応」 、 。 ー ッ ・ … ―― 2026年11月25日 3件 １２台 ￥1,200 50% 192.168.20.15
	fe80::1ff:fe23:4567:890a NURSE-STATION-03-PRINTER.ward.hospital.example.jp FortiGate 60E CVE-2024-21762 https://example.jp/a/b?c=d ～ ／ 髙﨑 濵德 ㈱ № ㋿
	ﾊﾝｶｸ ｶﾞ Ångström naïve VPN装置 のファームウェア が 古い ' " ) ( !? ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZ 々 ゞ ぁぃ (令和8年) x-y-z a_b_c`)

func randomText(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(words[r.IntN(len(words))])
		if r.IntN(4) == 0 {
			b.WriteByte(' ')
		}
	}
	return strings.TrimSpace(b.String())
}

// RandomText is randomText for the tests outside.
func RandomText(r *rand.Rand, n int) string { return randomText(r, n) }
