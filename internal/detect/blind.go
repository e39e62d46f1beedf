package detect

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// Thresholds of capture.blind. The 10 % of lost bytes is what Zeek's capture-loss script warns at.
const (
	blindMinFrames  = 100
	blindMinFlows   = 20
	blindMinBytes   = 1 << 20
	blindOneWay     = 0.5
	blindLost       = 0.10
	blindDropped    = 0.01
	blindTruncated  = 0.10
	blindUnicast    = 0.02
	blindBroadcasts = 50
	blindSenders    = 2 // a single sender: somebody recorded one stream, not a network
)

// blindness is one reason why a capture does not show what it should.
type blindness struct {
	reason string // text key
	level  model.Severity
	part   float64 // 0..1
	seen   string
}

// blind finds captures that show only a part: the commonest silent failure of all.
func blind(v *View) []model.Finding {
	c := v.causes("capture.blind")
	for i := range v.Seen.Sources {
		s := &v.Seen.Sources[i]
		for _, b := range blindnesses(&s.Mirror) {
			name := filepath.Base(s.Name)
			x := c.get(b.level, place(s), b.reason)
			x.also("source", name)
			x.set("reason_key", b.reason)
			x.set("advice_key", "blind.advice."+strings.TrimPrefix(b.reason, "blind."))
			x.set("percent", worse(x.finding.Params["percent"], b.part))
			x.seen(s.First, s.Last, 1, model.Evidence{At: s.First, Source: s.Name, Text: b.seen})
		}
	}
	return c.done()
}

// place is what makes it the same cause tomorrow: the interface, or that it is captures made by hand, whose names change daily.
func place(s *model.Source) string {
	if s.Kind == "live" {
		return s.Name
	}
	return "files"
}

// worse gives the higher percentage.
func worse(known string, part float64) string {
	now := int(part*100 + 0.5)
	if n, err := strconv.Atoi(known); err == nil && n > now {
		return known
	}
	return strconv.Itoa(now)
}

func blindnesses(m *model.Mirror) []blindness {
	var all []blindness
	add := func(on bool, b blindness) {
		if on {
			all = append(all, b)
		}
	}
	part := func(n, of uint64) float64 { return float64(n) / float64(max(of, 1)) }
	oneWay, lost, dropped, cut := part(m.OneWay, m.TCPFlows), part(m.LostBytes, m.TCPBytes), part(m.Dropped, m.Packets+m.Dropped), part(m.Truncated, m.Packets)
	foreign := m.Unicast - min(m.OwnUnicast, m.Unicast)
	add(m.TCPFlows >= blindMinFlows && oneWay > blindOneWay, blindness{
		"blind.one_way", model.High, oneWay,
		fmt.Sprintf("%d of %d TCP flows one way only", m.OneWay, m.TCPFlows),
	})
	add(m.TCPBytes >= blindMinBytes && lost > blindLost, blindness{
		"blind.lost", model.Medium, lost,
		fmt.Sprintf("%d of %d TCP bytes acknowledged but never seen", m.LostBytes, m.TCPBytes),
	})
	add(m.Packets >= blindMinFrames && dropped > blindDropped, blindness{
		"blind.dropped", model.Medium, dropped,
		fmt.Sprintf("%d frames dropped by the capturing machine, %d seen", m.Dropped, m.Packets),
	})
	add(m.Packets >= blindMinFrames && cut > blindTruncated, blindness{
		"blind.truncated", model.Medium, cut,
		fmt.Sprintf("%d of %d frames cut by the snap length", m.Truncated, m.Packets),
	})
	add(m.Broadcast >= blindBroadcasts && m.MACs >= blindSenders && part(foreign, foreign+m.Broadcast) < blindUnicast, blindness{
		"blind.broadcast_only", model.High, part(m.Broadcast, m.Packets),
		fmt.Sprintf("%d frames to everyone, %d between other machines", m.Broadcast, foreign),
	})
	add(m.Packets >= blindMinFrames && part(m.WiFi, m.Packets) > 0.9, blindness{
		"blind.wifi", model.Medium, part(m.WiFi, m.Packets),
		fmt.Sprintf("%d of %d frames are raw 802.11", m.WiFi, m.Packets),
	})
	add(part(m.Unknown, m.Packets) > 0.9 && m.Packets > 0, blindness{
		"blind.unknown_link", model.Medium, part(m.Unknown, m.Packets),
		fmt.Sprintf("%d of %d frames are of a link type or protocol that is only counted", m.Unknown, m.Packets),
	})
	return all
}
