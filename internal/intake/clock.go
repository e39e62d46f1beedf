package intake

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

const dayMinutes = 24 * 60

// ParseClock reads "7:05", "07:05", "７：０５" as minutes after midnight.
func ParseClock(text string) (int, error) {
	narrow := strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '：':
			return ':'
		}
		return r
	}, strings.TrimSpace(text))
	h, m, ok := strings.Cut(narrow, ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || hour < 0 || hour > 23 || minute < 0 || minute > 59 || len(m) != 2 {
		return 0, refuse("clock", "text", model.Clean(text))
	}
	return hour*60 + minute, nil
}

// Clock shows minutes after midnight.
func Clock(at int) string { return fmt.Sprintf("%02d:%02d", at/60, at%60) }

// planned is the schedule's time on the day of t, days later. Where summer time leaves it out, Go takes the hour beside.
func planned(at int, t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, at/60, at%60, 0, 0, t.Location())
}

// Next is when a schedule runs next after now, in zone; zero if it is off.
func Next(s model.Schedule, now time.Time, zone *time.Location) time.Time {
	if !s.On || s.At < 0 || s.At >= dayMinutes {
		return time.Time{}
	}
	t := now.In(zone)
	if p := planned(s.At, t, 0); p.After(now) {
		return p
	}
	return planned(s.At, t, 1)
}

// Due says whether a schedule has to run at now, and for which planned time. What was missed while nothing ran is made up for
// once, however many days it was.
func Due(s model.Schedule, now time.Time, zone *time.Location) (at time.Time, due bool) {
	if !s.On || s.At < 0 || s.At >= dayMinutes {
		return time.Time{}, false
	}
	t := now.In(zone)
	if at = planned(s.At, t, 0); at.After(now) {
		at = planned(s.At, t, -1)
	}
	last := s.Last
	if last.After(now.Add(25 * time.Hour)) {
		last = time.Time{} // the clock was wrong then
	}
	return at, at.After(last) && at.After(s.Made)
}
