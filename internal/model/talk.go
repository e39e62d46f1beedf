package model

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Limits of a Trail. What does not fit is left out, the least recent first, and counted.
const (
	MaxTalks = 1000 // of one host
	MaxStays = 200  // of one host
)

// Trail is what is remembered of a host over all patrols: the addresses that it had and whom it talked to.
type Trail struct {
	Host    string
	Stays   []Stay // sorted by address and MAC
	Talks   []Talk // sorted by TalkKey
	Dropped uint64 // stays and talks left out because of the limits, ever
}

// Stay is the time from which until which a host was seen under an address.
type Stay struct {
	Addr        netip.Addr
	MAC         MAC // zero if only the address was seen
	First, Last time.Time
}

// Party is one side of a talk: a host of the institution, or an address of which no host is known.
type Party struct {
	Host string // Host.ID, "" if there is none
	Addr netip.Addr
}

// Talk sums what a client and a server exchanged by one application over all patrols.
type Talk struct {
	Client, Server    Party
	Proto             uint8 // IP protocol number
	Port              uint16
	App               string // "" if not known
	Flows             uint64
	BytesOut, BytesIn uint64 // IP bytes, client to server and back
	First, Last       time.Time
}

// TalkKey is what makes two talks the same.
type TalkKey struct {
	Client, Server Party // with the address only where no host is known
	Proto          uint8
	Port           uint16
	App            string
}

// Key gives the key of t.
func (t *Talk) Key() TalkKey {
	return TalkKey{t.Client.key(), t.Server.key(), t.Proto, t.Port, t.App}
}

func (p Party) key() Party {
	if p.Host != "" {
		p.Addr = netip.Addr{}
	}
	return p
}

// Peer gives the other side of a talk of host, and whether host is the client.
func (t *Talk) Peer(host string) (p Party, client bool) {
	if t.Client.Host == host {
		return t.Server, true
	}
	return t.Client, false
}

// Compare orders talks by their keys.
func (t *Talk) Compare(o *Talk) int {
	return cmp.Or(t.Client.compare(o.Client), t.Server.compare(o.Server), cmp.Compare(t.Proto, o.Proto),
		cmp.Compare(t.Port, o.Port), cmp.Compare(t.App, o.App))
}

func (p Party) compare(o Party) int {
	if c := cmp.Compare(p.Host, o.Host); c != 0 || p.Host != "" {
		return c
	}
	return p.Addr.Compare(o.Addr)
}

// Join puts the stays and talks of one patrol in order, adds up those that are the same and keeps to the limits. The slices
// of t are sorted in place.
func (t Trail) Join() Trail {
	slices.SortFunc(t.Stays, func(a, b Stay) int { return compareStays(&a, &b) })
	slices.SortFunc(t.Talks, func(a, b Talk) int { return a.Compare(&b) })
	var left, more int
	t.Stays, left = recent(summed(t.Stays, compareStays, addStay), MaxStays, lastStay)
	t.Talks, more = recent(summed(t.Talks, (*Talk).Compare, addTalk), MaxTalks, lastTalk)
	t.Dropped += uint64(left + more)
	return t
}

// Merge adds what a patrol saw, joined, to what was remembered. A talk that lies wholly in the time that is already
// covered is not counted again: it is a capture that is read twice. Nothing of t or fresh is changed.
func (t Trail) Merge(fresh Trail) Trail {
	out := Trail{Host: t.Host, Dropped: t.Dropped + fresh.Dropped}
	var left, more int
	out.Stays, left = recent(merged(t.Stays, fresh.Stays, compareStays, addStay), MaxStays, lastStay)
	out.Talks, more = recent(merged(t.Talks, fresh.Talks, (*Talk).Compare, updateTalk), MaxTalks, lastTalk)
	out.Dropped += uint64(left + more)
	return out
}

func compareStays(a, b *Stay) int {
	return cmp.Or(a.Addr.Compare(b.Addr), slices.Compare(a.MAC[:], b.MAC[:]))
}

func lastStay(s *Stay) time.Time { return s.Last }
func lastTalk(t *Talk) time.Time { return t.Last }

func addStay(into, from *Stay) {
	into.First, into.Last = span(into.First, into.Last, from.First, from.Last)
}

func addTalk(into, from *Talk) {
	into.First, into.Last = span(into.First, into.Last, from.First, from.Last)
	into.Client, into.Server = from.Client, from.Server // the newest addresses
	into.Flows += from.Flows
	into.BytesOut += from.BytesOut
	into.BytesIn += from.BytesIn
}

func updateTalk(into, from *Talk) {
	if from.First.Before(into.First) || from.Last.After(into.Last) {
		addTalk(into, from)
	}
}

// span gives the time that covers two; a zero time is not known.
func span(first, last, f, l time.Time) (time.Time, time.Time) {
	if first.IsZero() || !f.IsZero() && f.Before(first) {
		first = f
	}
	if l.After(last) {
		last = l
	}
	return first, last
}

// summed adds up neighbours that are the same, in place.
func summed[T any](list []T, order func(a, b *T) int, add func(into, from *T)) []T {
	n := 0
	for i := range list {
		if n > 0 && order(&list[n-1], &list[i]) == 0 {
			add(&list[n-1], &list[i])
			continue
		}
		list[n] = list[i]
		n++
	}
	return list[:n]
}

// merged joins two lists that are in order.
func merged[T any](a, b []T, order func(a, b *T) int, add func(into, from *T)) []T {
	out := make([]T, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		c := order(&a[0], &b[0])
		if c > 0 {
			out, b = append(out, b[0]), b[1:]
			continue
		}
		out, a = append(out, a[0]), a[1:]
		if c == 0 {
			add(&out[len(out)-1], &b[0])
			b = b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// recent leaves out the least recent entries past most and tells how many. The order stays.
func recent[T any](list []T, most int, last func(*T) time.Time) ([]T, int) {
	left := len(list) - most
	if left <= 0 {
		return list, 0
	}
	times := make([]int64, len(list))
	for i := range list {
		times[i] = last(&list[i]).UnixMicro()
	}
	slices.Sort(times)
	oldest := times[left] // of those that stay
	equal := 0            // how many as old as that go
	for _, t := range times[:left] {
		if t == oldest {
			equal++
		}
	}
	kept := list[:0]
	for i := range list {
		switch t := last(&list[i]).UnixMicro(); {
		case t > oldest:
			kept = append(kept, list[i])
		case t == oldest && equal == 0:
			kept = append(kept, list[i])
		case t == oldest:
			equal--
		}
	}
	return kept, left
}
