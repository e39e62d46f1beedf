package rhythm

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

var start = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

func call(client, server string, at time.Time, sent uint64) *model.Flow {
	return &model.Flow{
		Client: netip.MustParseAddrPort(client + ":40000"), Server: netip.MustParseAddrPort(server + ":443"), Proto: 6,
		First: at, Last: at.Add(time.Second), Payload: [2]uint64{sent, 100},
	}
}

// noise is the same every time.
type noise uint64

func (n *noise) upTo(limit int) int {
	*n = *n*6364136223846793005 + 1442695040888963407
	return int(uint64(*n)>>33) % limit
}

func one(t *testing.T, r *Recorder) Series {
	t.Helper()
	all := r.Series(2)
	if len(all) != 1 {
		t.Fatalf("%d series", len(all))
	}
	return all[0]
}

func TestClockIsToldFromPeople(t *testing.T) {
	var exact, jitter, people Recorder
	n, at := noise(7), start
	for i := range 120 {
		exact.Flow(call("10.0.0.5", "198.51.100.7", start.Add(time.Duration(i)*time.Minute), 300))
		jitter.Flow(call("10.0.0.5", "198.51.100.7", start.Add(time.Duration(i*60+n.upTo(12))*time.Second), uint64(300+n.upTo(20))))
		pause := n.upTo(20)
		if n.upTo(6) == 0 {
			pause = 300 + n.upTo(1500)
		}
		at = at.Add(time.Duration(pause) * time.Second)
		people.Flow(call("10.0.0.5", "198.51.100.7", at, uint64(200+n.upTo(9000))))
	}
	e, j, p := one(t, &exact), one(t, &jitter), one(t, &people)
	if s := e.Score(); s.Total() < 0.99 || s.Every != time.Minute {
		t.Errorf("a clock: %+v", s)
	}
	if s := j.Score(); s.Total() < 0.85 {
		t.Errorf("a clock with jitter of a fifth: %+v %v", s, s.Total())
	}
	if s := p.Score(); s.Total() > 0.5 {
		t.Errorf("a person: %+v %v", s, s.Total())
	}
}

func TestOnlyAnsweredCallsToTheInternetCount(t *testing.T) {
	var r Recorder
	dead := call("10.0.0.5", "198.51.100.7", start, 5)
	dead.Payload[1] = 0
	dns := call("10.0.0.5", "198.51.100.7", start, 5)
	dns.Server = netip.MustParseAddrPort("198.51.100.7:53")
	for range 9 {
		r.Flow(dead)
		r.Flow(dns)
		r.Flow(call("10.0.0.5", "10.0.0.9", start, 5))
		r.Flow(call("198.51.100.7", "10.0.0.9", start, 5))
	}
	if all := r.Series(0); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

func TestBounded(t *testing.T) {
	var r Recorder
	for i := range MaxPairs + 500 {
		for range 3 {
			r.Flow(call(fmt.Sprintf("10.0.%d.%d", i/200, 1+i%200), "198.51.100.7", start, 5))
		}
	}
	for i := range 4 * MaxContacts {
		r.Flow(call("10.0.0.1", "198.51.100.7", start.Add(time.Duration(i)*time.Minute), 5))
	}
	all, dropped := r.Series(1), r.Dropped()
	if len(all) != MaxPairs || dropped != 1500 {
		t.Errorf("%d pairs, %d dropped", len(all), dropped)
	}
	s := all[0]
	if len(s.Contacts) != MaxContacts || s.Count != 4*MaxContacts+3 || !time.Unix(0, s.Contacts[0].At).UTC().Equal(start.Add(3*MaxContacts*time.Minute)) {
		t.Errorf("%d contacts of %d, from %v", len(s.Contacts), s.Count, time.Unix(0, s.Contacts[0].At).UTC())
	}
	// Two days later the silent ones make room.
	r.dropped = 0
	r.Flow(call("10.9.0.1", "198.51.100.7", start.Add(72*time.Hour), 5))
	if all := r.Series(1); len(all) > 2 {
		t.Errorf("%d pairs are kept", len(all))
	}
}
