package model

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

var day = time.Date(2026, 10, 7, 0, 0, 0, 0, time.UTC)

func someTalk(client, server string, at, length time.Duration) Talk {
	return Talk{Client: Party{Host: client}, Server: Party{Host: server}, Proto: 6, Port: 445, Flows: 1, BytesOut: 10, BytesIn: 20, First: day.Add(at), Last: day.Add(at + length)}
}

func TestMergeAddsUp(t *testing.T) {
	was := Trail{Host: "a", Talks: []Talk{someTalk("a", "b", 0, time.Hour)}}
	f := func(fresh Talk, flows uint64, first, last time.Duration) {
		t.Helper()
		got := was.Merge(Trail{Host: "a", Talks: []Talk{fresh}}.Join())
		x := got.Talks[0]
		if x.Flows != flows || x.BytesIn != 20*flows || !x.First.Equal(day.Add(first)) || !x.Last.Equal(day.Add(last)) {
			t.Errorf("%+v", x)
		}
	}
	f(someTalk("a", "b", 2*time.Hour, time.Hour), 2, 0, 3*time.Hour)
	f(someTalk("a", "b", -time.Hour, time.Minute), 2, -time.Hour, time.Hour) // an older capture read later
	f(someTalk("a", "b", 0, time.Hour), 1, 0, time.Hour)                     // the same capture again
	f(someTalk("a", "b", time.Minute, time.Minute), 1, 0, time.Hour)
	if was.Talks[0].Flows != 1 {
		t.Error("Merge changed what was given")
	}
}

func TestTheLeastRecentGo(t *testing.T) {
	var x Trail
	for i := range MaxTalks + 30 {
		x.Talks = append(x.Talks, someTalk("a", fmt.Sprint("peer ", i*7919%(MaxTalks+30)), time.Duration(i)*time.Minute, 0))
	}
	x = x.Join()
	if len(x.Talks) != MaxTalks || x.Dropped != 30 {
		t.Fatalf("%d talks, %d dropped", len(x.Talks), x.Dropped)
	}
	for _, k := range x.Talks {
		if k.Last.Before(day.Add(30 * time.Minute)) {
			t.Fatalf("kept %v", k.Last)
		}
	}
	y := x.Merge(Trail{Talks: []Talk{someTalk("a", "new", 9000*time.Hour, 0)}})
	if len(y.Talks) != MaxTalks || y.Dropped != 31 || !slices.ContainsFunc(y.Talks, func(k Talk) bool { return k.Server.Host == "new" }) {
		t.Fatalf("%d talks, %d dropped", len(y.Talks), y.Dropped)
	}
}

// Whatever the order in which the parts of a trail come, the sum is the same and in order.
func TestMergeInAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		var parts []Trail
		for i := range 5 {
			p := Trail{Host: "a"}
			for range rng.IntN(6) {
				p.Talks = append(p.Talks, someTalk("a", fmt.Sprint(rng.IntN(4)), time.Duration(i)*time.Hour, time.Minute))
				p.Stays = append(p.Stays, Stay{Addr: netip.AddrFrom4([4]byte{10, 0, 0, byte(rng.IntN(3))}), First: day.Add(time.Duration(i) * time.Hour), Last: day.Add(time.Duration(i) * time.Hour)})
			}
			parts = append(parts, p.Join())
		}
		sum := func() (t Trail) {
			for _, p := range parts {
				t = t.Merge(p)
			}
			return t
		}
		want := sum()
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		if got := sum(); fmt.Sprint(totals(got)) != fmt.Sprint(totals(want)) || !slices.Equal(got.Stays, want.Stays) ||
			!slices.IsSortedFunc(got.Talks, func(a, b Talk) int { return a.Compare(&b) }) {
			t.Fatalf("%+v\n%+v", got, want)
		}
	}
}

// totals leaves out what depends on the order: a capture that lies between two others counts only if it came before both.
func totals(t Trail) (keys []string) {
	for _, k := range t.Talks {
		keys = append(keys, fmt.Sprint(k.Key(), k.First, k.Last))
	}
	return keys
}
