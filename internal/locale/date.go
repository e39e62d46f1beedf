package locale

import (
	"fmt"
	"strconv"
	"time"
)

// eras are the Japanese eras by their first day, newest first. Source: the cabinet orders and edicts that changed them.
// Before 1873 Japan had another calendar, so its dates have no era here.
var eras = []struct {
	name             string
	year, month, day int
}{
	{"令和", 2019, 5, 1},
	{"平成", 1989, 1, 8},
	{"昭和", 1926, 12, 25},
	{"大正", 1912, 7, 30},
	{"明治", 1868, 1, 25}, // the year counts from the first day of the old year
}

// gregorian is the first year of the calendar of today in Japan.
const gregorian = 1873

// Era gives the Japanese era and its year for the day that t is in its own location; "" before 1873.
func Era(t time.Time) (name string, year int) {
	y, m, d := t.Date()
	if y < gregorian {
		return "", 0
	}
	for _, e := range eras {
		if y > e.year || y == e.year && (int(m) > e.month || int(m) == e.month && d >= e.day) {
			return e.name, y - e.year + 1
		}
	}
	return "", 0
}

// eraYear is 令和8年; the first year of an era is 元年.
func eraYear(t time.Time) string {
	name, n := Era(t)
	switch {
	case name == "":
		return strconv.Itoa(t.Year()) + "年"
	case n == 1:
		return name + "元年"
	}
	return name + strconv.Itoa(n) + "年"
}

// western is （2026年）, "" where there is no era beside it.
func western(t time.Time) string {
	if name, _ := Era(t); name == "" {
		return ""
	}
	return fmt.Sprintf("（%d年）", t.Year())
}

// Date is a day as it is written in reports: 令和8年11月25日（2026年）, 25 November 2026. The zero time is "".
func Date(l Lang, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if l == English {
		return t.Format("2 January 2006")
	}
	return eraYear(t) + t.Format("1月2日") + western(t)
}

// Month is a month: 令和8年11月（2026年）, November 2026. One in which the era changed has both years.
func Month(l Lang, year int, m time.Month) string {
	first := time.Date(year, m, 1, 0, 0, 0, 0, time.UTC)
	if l == English {
		return first.Format("January 2006")
	}
	name := eraYear(first)
	if last := eraYear(first.AddDate(0, 1, -1)); last != name {
		name += "・" + last
	}
	return name + first.Format("1月") + western(first)
}

// Days is a span of days, both ends in it: 令和8年11月16日から11月22日まで（2026年）, 16–22 November 2026.
func Days(l Lang, from, to time.Time) string {
	if l == English {
		return daysInEnglish(from, to)
	}
	if from.Year() != to.Year() {
		return Date(l, from) + "から" + Date(l, to) + "まで"
	}
	end := to.Format("1月2日")
	if eraYear(from) != eraYear(to) {
		end = eraYear(to) + end
	}
	return eraYear(from) + from.Format("1月2日") + "から" + end + "まで" + western(from)
}

func daysInEnglish(from, to time.Time) string {
	layout := "2 January 2006"
	switch {
	case from.Year() == to.Year() && from.Month() == to.Month():
		layout = "2"
	case from.Year() == to.Year():
		layout = "2 January"
	}
	join := "–"
	if layout != "2" {
		join = " – "
	}
	return from.Format(layout) + join + to.Format("2 January 2006")
}
