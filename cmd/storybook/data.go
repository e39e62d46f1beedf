package main

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/model"
)

// voice is how the machines of a state speak of themselves.
type voice func(text string) string

func plain(s string) string { return s }

// hostile says everything as an attacker would.
func hostile(s string) string {
	return `<script>alert(1)</script>"'><img src=x onerror=alert(2)>{{.}} ` + s
}

// long has no place to break a line at.
func long(s string) string { return strings.Repeat(s+"長い名前ABCDEFGHIJKLMNOPQRSTUVWXYZ", 4) }

var (
	hostKeys = []string{"reception", "viewer", "unknown", "printer"}
	rules    = []string{"service.rdp_from_outside", "service.smb1", "line.remote_control", "service.telnet", "capture.blind"}
)

// house is everything that a state is filled with.
type house struct {
	ledger      *model.Ledger
	result      model.Result
	institution model.Institution
	note        string
}

// clinic is a small institution.
func clinic(say voice) house {
	l := &model.Ledger{Hosts: []model.LedgerHost{
		{
			Key: "reception", Name: say("受付PC1"), Location: say("1階 受付"), Department: say("医事課"), Zone: say("事務"), System: say("電子カルテ"),
			Owner: say("佐藤"), Vendor: say("みどりシステム"), MaintainEnd: "2027-03",
		},
		{Key: "viewer", Name: say("画像参照端末"), Location: say("診察室2"), Zone: say("部門")},
	}}
	h := house{ledger: l, note: say("レジの右。電源を切らないでください。")}
	h.result = model.Result{Hosts: hosts(say), Findings: findings(say), Patrol: patrol(say)}
	h.institution = model.Institution{Name: say("みまわり診療所"), Kind: model.Clinic, Beds: 19, Contacts: []model.Contact{
		{Role: say("院長"), Name: say("山田 太郎"), Phone: "03-0000-0001", Mail: "director@clinic.example", Note: say("夜は携帯へ")},
		{Role: say("電子カルテの業者"), Name: say("みどりシステム"), Phone: "03-0000-0002"},
	}}
	return h
}

func at(hours int) time.Time { return today.Add(time.Duration(hours) * time.Hour) }

func hosts(say voice) []model.Host {
	mk := func(i int, ip string, c model.Class, name, maker string) model.Host {
		return model.Host{
			ID: hostID(i), IPs: []netip.Addr{netip.MustParseAddr(ip)}, MACs: []model.MAC{{2, 0, 0, 0, 0, byte(i + 1)}}, Names: []string{say(name)}, Class: c,
			Maker: say(maker), OS: say("Windows"), Version: "10", Confidence: 0.9 - 0.1*float64(i), First: at(-24 * 30), Last: at(-1),
			Signals: []model.Signal{{About: "class", Says: string(c), Kind: model.NameDHCP, Value: say(name), Weight: 0.7}},
			Says:    []model.Said{{Kind: model.NameDHCP, Value: say(name), Count: 3}},
		}
	}
	hs := []model.Host{
		mk(0, "10.1.0.20", model.ClassPC, "UKETSUKE-1", "NEC"), mk(1, "10.1.0.21", model.ClassPC, "VIEWER-2", "Dell"),
		mk(2, "10.1.0.77", model.ClassUnknown, "android-5f2c", ""), mk(3, "10.1.0.40", model.ClassPrinter, "PRN-1", "Ricoh"),
	}
	hs[0].Ledger = &model.LedgerRef{Key: "reception", Name: say("受付PC1"), By: "mac", Place: "機器 2"}
	hs[1].Ledger = &model.LedgerRef{Key: "viewer", Name: say("画像参照端末"), By: "ip", Place: "機器 3"}
	return hs
}

func findings(say voice) []model.Finding {
	names := []string{"受付PC1", "画像参照端末", "android-5f2c", "PRN-1", ""}
	levels := []model.Severity{model.Critical, model.High, model.High, model.Medium, model.Low}
	var out []model.Finding
	for i, rule := range rules {
		f := model.Finding{
			ID: findingID(i), Rule: rule, Severity: levels[i], State: model.Open, Count: 3 * uint64(i+1), First: at(-26 * (i + 1)), Last: at(-1),
			Params: map[string]string{
				"host": say(names[i]), "os": "Windows 7", "tool": say("AnyDesk"), "peers": "203.0.113.9", "clients": "10.1.0.21", "port": "3389", "line": say("光回線1"),
				"source": say("朝.pcap"), "reason_key": "blind.one_way", "percent": "90",
			},
			Evidence: []model.Evidence{{At: at(-2), Source: say("朝.pcap"), Where: "412", Text: say("203.0.113.9 > 10.1.0.20:3389")}},
		}
		if i < len(hostKeys) {
			f.Assets = []model.Asset{{Host: hostID(i), Label: say(names[i]), IP: []string{"10.1.0.20", "10.1.0.21", "10.1.0.77", "10.1.0.40"}[i]}}
		}
		out = append(out, f)
	}
	out[2].State, out[2].Owner, out[2].Until, out[2].Reason = model.Acknowledged, say("佐藤"), at(-24*3), say("業者に連絡しました")
	return out
}

func patrol(say voice) model.Patrol {
	return model.Patrol{
		ID: "p-story", Started: at(-1), Ended: at(-1).Add(4 * time.Minute), First: at(-9), Last: at(-1), Seen: 4, New: []string{hostID(2)},
		Sources: []model.Source{
			{Name: say("朝.pcap"), Kind: "pcap", Packets: 1_204_881, First: at(-9), Last: at(-1)},
			{Name: say("壊れた.pcap"), Kind: "pcap", Packets: 12, First: at(-9), Last: at(-8), Errors: []model.Trouble{{Code: "truncated", Where: say("壊れた.pcap"), Text: say("packet 13")}}},
		},
		Limits: []model.Limit{{Name: "flows", Max: 200_000, Dropped: 1_204}},
	}
}

// keep stores it as patrols and people do.
func keep(ctx context.Context, a *app.App, h house) error {
	if err := a.Store.SaveResult(ctx, h.result); err != nil {
		return err
	}
	if _, err := a.Store.SaveLedger(ctx, h.ledger); err != nil {
		return err
	}
	if err := a.Store.SaveInstitution(ctx, h.institution); err != nil {
		return err
	}
	desk := &app.Desk{App: a, Now: clock}
	if err := desk.Silence(ctx, model.Suppression{Rule: "line.tethering", IP: "10.1.9.0/24", Owner: h.institution.Contacts[0].Name, Reason: h.note}); err != nil {
		return err
	}
	notes := &app.Notes{App: a, Now: clock}
	return notes.Write(ctx, hostID(0), h.ledger.Hosts[0].Location, h.note, h.institution.Contacts[0].Name)
}
