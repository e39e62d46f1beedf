// Package periodic says what happened in a week or a month, and what the next person must know (引継ぎ書), as a
// paper.Document.
//
// It is pure: the history comes from the store, the clock and the time zone are given. It decides nothing: states,
// severities and words are those of the findings. Invariants: what waited at the beginning, plus what is new, minus what
// ended, is what waits at the end; "nothing happened" is only said together with what was looked at, and never when
// nothing was; what is bounded on paper says its total.
package periodic

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
)

// Kind is the length of a period.
type Kind string

// The kinds.
const (
	Weekly  Kind = "weekly"
	Monthly Kind = "monthly"
)

// Kinds are all kinds.
var Kinds = []Kind{Weekly, Monthly}

// Period is a week from Monday to Sunday (ISO 8601) or a calendar month, in the zone of its times. To is not in it.
type Period struct {
	Kind     Kind
	From, To time.Time
}

// Of is the period that t lies in.
func Of(k Kind, t time.Time) Period {
	y, m, d := t.Date()
	if k == Weekly {
		from := time.Date(y, m, d-(int(t.Weekday())+6)%7, 0, 0, 0, 0, t.Location())
		return Period{Weekly, from, from.AddDate(0, 0, 7)}
	}
	from := time.Date(y, m, 1, 0, 0, 0, 0, t.Location())
	return Period{Monthly, from, from.AddDate(0, 1, 0)}
}

// Before is the period before p, After the one after it.
func (p Period) Before() Period { return Of(p.Kind, p.From.AddDate(0, 0, -1)) }

// After is the period after p.
func (p Period) After() Period { return Of(p.Kind, p.To) }

// Has reports whether t lies in p.
func (p Period) Has(t time.Time) bool { return !t.Before(p.From) && t.Before(p.To) }

// Key is the short name: 2026-W47, 2026-11.
func (p Period) Key() string {
	if p.Kind == Weekly {
		y, w := p.From.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", y, w)
	}
	return p.From.Format("2006-01")
}

var (
	weekKey  = regexp.MustCompile(`^(\d{4})-?W(\d{2})$`)
	monthKey = regexp.MustCompile(`^(\d{4})-(\d{2})$`)
)

// Parse reads a short name; false if there is no such period.
func Parse(k Kind, key string, z *time.Location) (Period, bool) {
	pattern := monthKey
	if k == Weekly {
		pattern = weekKey
	}
	m := pattern.FindStringSubmatch(key)
	if m == nil {
		return Period{}, false
	}
	year, _ := strconv.Atoi(m[1])
	n, _ := strconv.Atoi(m[2])
	if k == Weekly {
		p := Of(Weekly, time.Date(year, 1, 4+7*(n-1), 0, 0, 0, 0, z)) // 4 January is always in week 1
		return p, year > 0 && p.Key() == fmt.Sprintf("%04d-W%02d", year, n)
	}
	p := Of(Monthly, time.Date(year, time.Month(n), 1, 0, 0, 0, 0, z))
	return p, year > 0 && n >= 1 && n <= 12
}

// Words is the period as reports write it.
func (p Period) Words(l locale.Lang) string {
	if p.Kind == Weekly {
		return locale.Days(l, p.From, p.To.AddDate(0, 0, -1))
	}
	return locale.Month(l, p.From.Year(), p.From.Month())
}
