package notify

import (
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

const (
	urgentGap = time.Minute // urgent messages of one channel: what comes in between is joined
	alertGap  = time.Minute
	// MaxPerHour bounds what may be chosen as the hourly limit of a channel.
	MaxPerHour = 60
)

// clock is a time of day in minutes.
type clock int

// parseClock reads "8:00" or "08:00".
func parseClock(s string) (clock, bool) {
	h, m, ok := strings.Cut(s, ":")
	hour, err1 := strconv.Atoi(h)
	min, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || len(m) != 2 || hour < 0 || hour > 23 || min < 0 || min > 59 {
		return 0, false
	}
	return clock(hour*60 + min), true
}

func clockOf(t time.Time) clock { return clock(t.Hour()*60 + t.Minute()) }

// on gives the moment of that time of day on the day of t.
func (c clock) on(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), int(c)/60, int(c)%60, 0, 0, t.Location())
}

// within reports that c is in [from, to), which may go over midnight.
func (c clock) within(from, to clock) bool {
	if from <= to {
		return c >= from && c < to
	}
	return c >= from || c < to
}

// quiet reports that now is in the quiet hours. now is in the zone of the institution.
func quiet(r model.Telling, now time.Time) bool {
	from, ok1 := parseClock(r.QuietFrom)
	to, ok2 := parseClock(r.QuietTo)
	return ok1 && ok2 && clockOf(now).within(from, to)
}

// scheduled gives the latest time, not after now, at which a digest of that kind was to be made; zero for never.
func scheduled(r model.Telling, kind string, now time.Time) time.Time {
	at, ok := parseClock(r.At)
	if !ok || kind == Daily && !r.Daily || kind == Weekly && !r.Weekly {
		return time.Time{}
	}
	day := at.on(now)
	for day.After(now) || kind == Weekly && day.Weekday() != r.Weekday {
		day = at.on(day.AddDate(0, 0, -1))
	}
	return day
}

// period is what a digest looks back on if there was none before.
func period(kind string) int {
	if kind == Weekly {
		return 7
	}
	return 1
}

// perHour is the hourly limit of a channel.
func perHour(r model.Telling) int { return min(max(r.PerHour, 1), MaxPerHour) }
