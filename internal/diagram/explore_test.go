package diagram

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

var newest = time.Date(2026, 10, 7, 6, 0, 0, 0, time.UTC)

// talks of host 0 with n others: the larger the number the more bytes; the last one is new.
func hub(n int) map[string]model.Trail {
	t := model.Trail{Host: "h0"}
	for i := 1; i <= n; i++ {
		k := model.Talk{Client: party("h0"), Server: party(fmt.Sprintf("h%d", i)), Proto: 6, Port: 443, App: "ssl", Flows: 1, BytesIn: uint64(i), First: newest.Add(-90 * 24 * time.Hour), Last: newest}
		if i == 1 {
			k.First = newest.Add(-24 * time.Hour)
		}
		t.Talks = append(t.Talks, k)
	}
	return map[string]model.Trail{"h0": t.Join()}
}

func TestExploreShowsTheNewAndTheLarge(t *testing.T) {
	x := Explore(ExploreInput{Opened: []string{"h0"}, Trails: hub(50), Newest: newest})
	if len(x.Nodes) != 1+peersOfOne || x.Left != 50-peersOfOne || x.Nodes[0].Peers != 50 {
		t.Fatalf("%d nodes, %d left, %d peers", len(x.Nodes), x.Left, x.Nodes[0].Peers)
	}
	if x.Nodes[1].Key != "h1" || x.Nodes[2].Key != "h50" {
		t.Errorf("first %s, then %s: the new one comes first, then the largest", x.Nodes[1].Key, x.Nodes[2].Key)
	}
	fresh := 0
	for _, k := range x.Ties {
		if k.New {
			fresh++
		}
	}
	if fresh != 1 {
		t.Errorf("%d new", fresh)
	}
}

func TestExploreHopByHop(t *testing.T) {
	trails := hub(3)
	far := model.Trail{Host: "h2", Talks: []model.Talk{
		{Client: party("h0"), Server: party("h2"), App: "ssl", First: newest, Last: newest},
		{Client: party("h9"), Server: party("h2"), App: "smb", First: newest, Last: newest},
		{Client: party("h2"), Server: model.Party{Addr: netip.MustParseAddr("192.0.2.1")}, App: "dns", First: newest, Last: newest},
	}}
	trails["h2"] = far.Join()
	x := Explore(ExploreInput{Opened: []string{"h0", "h2", "h2", "h-gone"}, Trails: trails, Newest: newest})
	hops := map[string]int{}
	for _, n := range x.Nodes {
		hops[n.Key] = n.Hop
	}
	if hops["h0"] != 0 || hops["h2"] != 1 || hops["h9"] != 2 || hops["192.0.2.1"] != 2 || len(x.Ties) != 5 {
		t.Errorf("%v, %d ties", hops, len(x.Ties))
	}
	for _, k := range x.Ties { // an arrow goes from who began
		if x.Nodes[k.To].Key == "h9" {
			t.Error("the arrow points at the client")
		}
	}
}

// However much is opened, the picture stays bounded, and nothing in it overlaps.
func TestExplorationsKeepTheirPromises(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	for round := range 25 {
		trails, opened := map[string]model.Trail{}, []string(nil)
		for i := range 60 {
			id := fmt.Sprintf("h%d", i)
			x := model.Trail{Host: id}
			for range rng.IntN(40) {
				x.Talks = append(x.Talks, model.Talk{Client: party(id), Server: party(fmt.Sprintf("h%d", rng.IntN(600))), Proto: 17, Port: uint16(rng.IntN(4)), First: newest, Last: newest})
			}
			trails[id] = x.Join()
			if rng.IntN(60) < 2*round {
				opened = append(opened, id)
			}
		}
		in := ExploreInput{Opened: append([]string{"h0"}, opened...), Trails: trails, Newest: newest}
		x := Explore(in)
		if len(x.Nodes) > MaxExplored {
			t.Fatalf("%d nodes", len(x.Nodes))
		}
		p := ExplorePicture(locale.Japanese, x, true, "いま", func(n *Explored) string { return n.ID })
		checkPicture(t, fmt.Sprint("exploration ", round), p)
		if again := Explore(in); fmt.Sprint(again) != fmt.Sprint(x) {
			t.Fatal("the same question has two answers")
		}
	}
}
