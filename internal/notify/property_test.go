package notify_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
)

// Whatever channels are set to and whenever findings come, these hold:
//   - a critical finding that is new or back is told within two minutes on every channel that is on, muted as it may be;
//   - no channel tells one cause twice;
//   - no channel makes more messages of the kind that can be held back than its hourly limit;
//   - what a channel is to tell at once is told in the end;
//   - a channel that is off tells nothing.
func TestMuteAndLimits(t *testing.T) {
	seeds := 6
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &world{rand: rand.New(rand.NewPCG(uint64(seed), 7)), begun: map[string]time.Time{}}
			w.house, w.url = newHouse(t)
			w.run()
		})
	}
}

// world is a house in which things happen at random.
type world struct {
	*house
	url      string
	rand     *rand.Rand
	channels map[string]model.Channel   // by path
	begun    map[string]time.Time       // when a finding began to wait, in this episode
	told     map[string]map[string]bool // by path and finding, in this episode
	alerts   map[string][]time.Time     // by path
}

func (w *world) run() {
	w.channels, w.told, w.alerts = map[string]model.Channel{}, map[string]map[string]bool{}, map[string][]time.Time{}
	for i := range 5 {
		name := fmt.Sprint("c", i)
		w.channels["/"+name] = w.house.channel(w.url, name, w.settings)
		w.told["/"+name] = map[string]bool{}
	}
	for range 120 {
		w.happen()
		for _, m := range w.step(time.Duration(1+w.rand.IntN(120)) * time.Second / 2) {
			w.arrived(m)
		}
		w.urgentAreTold()
	}
	// The world grows quiet: what waits comes within two days.
	for range 48 {
		for _, m := range w.step(time.Hour) {
			w.arrived(m)
		}
	}
	w.restIsTold()
}

func (w *world) settings(d *notify.Draft) {
	r := w.rand
	d.On, d.When.Now, d.When.Least, d.When.PerHour = r.IntN(5) > 0, r.IntN(3) > 0, model.Severity(r.IntN(5)), 1+r.IntN(10)
	d.When.Daily, d.When.Weekly = r.IntN(2) > 0, r.IntN(2) > 0
	if r.IntN(2) > 0 {
		d.When.QuietFrom, d.When.QuietTo = fmt.Sprintf("%02d:30", r.IntN(24)), fmt.Sprintf("%02d:31", r.IntN(24))
		d.When.Daily, d.When.Weekly = false, false
	}
}

// happen lets up to three findings appear, be resolved or come back.
func (w *world) happen() {
	var fs []model.Finding
	for _, n := range w.rand.Perm(60)[:w.rand.IntN(4)] { // each at most once in a patrol
		id := fmt.Sprint("f-", n)
		f, known := w.findings[id]
		switch {
		case !known:
			f = found(id, model.Severity(w.rand.IntN(5)))
			w.begin(id)
		case f.State == model.Resolved:
			f.State = model.Reopened
			w.begin(id)
		case w.now(id) > 10*time.Minute: // what is resolved at once may rightly never be told
			f.State = model.Resolved
			delete(w.begun, id)
		}
		w.findings[id] = f
		fs = append(fs, f)
	}
	if len(fs) > 0 {
		w.patrol(fs...)
	}
}

func (w *world) now(id string) time.Duration { return w.clock.Sub(w.begun[id]) }

func (w *world) begin(id string) {
	w.begun[id] = w.clock
	for _, told := range w.told {
		delete(told, id)
	}
}

func (w *world) arrived(m got) {
	c := w.channels[m.channel]
	if !c.On {
		w.t.Fatalf("%s is off and tells %s", m.channel, m.Kind)
	}
	switch m.Kind {
	case notify.Alert:
		w.alerts[m.channel] = append(w.alerts[m.channel], m.at)
		n := 0
		for _, at := range w.alerts[m.channel] {
			if m.at.Sub(at) < time.Hour {
				n++
			}
		}
		if n > c.When.PerHour || !c.When.Now {
			w.t.Fatalf("%s: %d messages in an hour, limit %d, at once %v", m.channel, n, c.When.PerHour, c.When.Now)
		}
	case notify.UrgentKind:
	default:
		return // digests and the like repeat what was told
	}
	for _, f := range m.Findings {
		if w.told[m.channel][f.Finding] {
			w.t.Fatalf("%s tells %s twice", m.channel, f.Finding)
		}
		w.told[m.channel][f.Finding] = true
	}
}

func (w *world) urgentAreTold() {
	for id, at := range w.begun {
		for path, c := range w.channels {
			if c.On && w.findings[id].Severity == model.Critical && w.clock.Sub(at) > 2*time.Minute && !w.told[path][id] {
				w.t.Fatalf("%s does not tell critical %s since %v: %+v", path, id, w.clock.Sub(at), c.When)
			}
		}
	}
}

func (w *world) restIsTold() {
	n := 0
	for id := range w.begun {
		for path, c := range w.channels {
			if c.On && c.When.Now && w.findings[id].Severity >= c.When.Least {
				n++
				if !w.told[path][id] {
					w.t.Fatalf("%s never told %s", path, id)
				}
			}
		}
	}
	if n == 0 && len(w.begun) == 0 {
		w.t.Fatal("nothing happened: the test proves nothing")
	}
}
