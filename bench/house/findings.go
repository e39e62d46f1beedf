package house

import (
	"fmt"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// share is how often a rule fires.
type share struct {
	rule     string
	severity model.Severity
	weight   int
	params   func(m *maker, h *model.Host) map[string]string
}

var rules = []share{
	{"service.rdp_from_outside", model.Critical, 1, func(_ *maker, h *model.Host) map[string]string {
		return map[string]string{"host": label(h), "peers": "198.51.100.7", "port": "3389", "line": "-"}
	}},
	{"line.remote_control", model.High, 6, func(_ *maker, h *model.Host) map[string]string {
		return map[string]string{"host": label(h), "tool": "AnyDesk", "peers": "198.51.100.20"}
	}},
	{"service.smb1", model.High, 14, func(_ *maker, h *model.Host) map[string]string {
		return map[string]string{"host": label(h), "os": h.OS + " " + h.Version}
	}},
	{"service.telnet", model.Medium, 20, func(m *maker, h *model.Host) map[string]string {
		return map[string]string{"host": label(h), "clients": label(&m.hosts[m.rng.IntN(len(m.hosts))])}
	}},
	{"inventory.unknown_host", model.Medium, 24, func(_ *maker, h *model.Host) map[string]string {
		return map[string]string{
			"host": label(h), "reason": "", "class": string(h.Class), "maker": h.Maker, "os": h.OS, "network": h.IPs[0].String() + "/24",
			"ip": h.IPs[0].String(), "mac": h.MACs[0].String(),
		}
	}},
	{"inventory.name_mismatch", model.Low, 35, func(_ *maker, h *model.Host) map[string]string {
		return map[string]string{"declared": h.Names[0] + "-旧", "names": h.Names[0], "ip": h.IPs[0].String(), "place": "機器 12"}
	}},
}

func label(h *model.Host) string { return h.Names[0] + " (" + h.IPs[0].String() + ")" }

var states = []model.State{model.Open, model.Open, model.Open, model.Acknowledged, model.Accepted, model.Resolved}

func (m *maker) findings() []model.Finding {
	made := map[string]bool{}
	var fs []model.Finding
	for tries := 0; len(fs) < m.Findings && tries < 20*m.Findings; tries++ {
		r, h := m.rule(), &m.hosts[m.rng.IntN(len(m.hosts))]
		f := m.finding(r, h)
		if !made[f.ID] {
			made[f.ID] = true
			fs = append(fs, f)
		}
	}
	return fs
}

func (m *maker) rule() share {
	n := m.rng.IntN(100)
	for _, r := range rules {
		if n -= r.weight; n < 0 {
			return r
		}
	}
	return rules[len(rules)-1]
}

func (m *maker) finding(r share, h *model.Host) model.Finding {
	last := m.Now.Add(-time.Duration(m.rng.IntN(400)) * time.Minute)
	f := model.Finding{
		ID: model.FindingID(r.rule, h.ID), Rule: r.rule, Severity: r.severity, Params: r.params(m, h), First: last.Add(-time.Duration(m.rng.IntN(60)) * day),
		Last: last, Count: uint64(1 + m.rng.IntN(500)), State: states[m.rng.IntN(len(states))],
		Assets:   []model.Asset{asset(h)},
		Evidence: []model.Evidence{{At: last, Source: "mirror.pcap", Where: fmt.Sprint(m.rng.IntN(1e7)), Text: "TCP " + h.IPs[0].String() + ":445"}},
	}
	if r.rule == "service.telnet" { // something passed between two machines
		f.Assets = append(f.Assets, asset(&m.hosts[m.rng.IntN(len(m.hosts))]))
	}
	if f.State == model.Accepted {
		f.Owner, f.Reason, f.Until = "情報システム室", "入れ替えまで", m.Now.Add(90*day)
	}
	return f
}

func asset(h *model.Host) model.Asset {
	return model.Asset{Host: h.ID, Label: label(h), IP: h.IPs[0].String(), MAC: h.MACs[0].String()}
}
