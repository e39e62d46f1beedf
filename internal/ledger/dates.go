package ledger

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/width"
)

// eras start in these years, so that year 1 of the era is start. Source: Japanese era calendar (gengō).
var eras = map[string]int{"令和": 2019, "令": 2019, "r": 2019, "㋿": 2019, "平成": 1989, "平": 1989, "h": 1989, "㍻": 1989, "昭和": 1926, "昭": 1926, "s": 1926, "㍼": 1926, "大正": 1912, "大": 1912, "t": 1912, "明治": 1868, "明": 1868, "m": 1868}

var (
	eraDate    = regexp.MustCompile(`^(令和|平成|昭和|大正|明治|令|平|昭|大|明|[rhstm㋿㍻㍼])[. ]?(元|\d{1,2})(?:年度|[年./\- ]|$)\s*(?:(\d{1,2})(?:[月./\- ]|$))?\s*(?:(\d{1,2})日?)?(?:まで|迄|頃|末|より|から|~|\(.*\)|[ t]\d{1,2}:.*)?$`)
	plainDate  = regexp.MustCompile(`^(\d{4})(?:年度|[年./\- ]|$)\s*(?:(\d{1,2})(?:[月./\- ]|$))?\s*(?:(\d{1,2})日?)?(?:まで|迄|頃|末|より|から|~|\(.*\)|[ t]\d{1,2}:.*)?$`)
	closedDate = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})?$`)
	usDate     = regexp.MustCompile(`^(\d{1,2})/(\d{1,2})/(\d{4})$`)
	manyDates  = regexp.MustCompile(`[~]`)
)

// readDate gives a date as yyyy-mm-dd, or yyyy-mm or yyyy where no more is known. It reads Western and Japanese years,
// and the day numbers of a spreadsheet in raw. A period gives its last date, which is what counts for a contract.
func readDate(text, raw string, date1904 bool) (string, bool) {
	t := strings.ToLower(strings.TrimSpace(dashes.Replace(width.Fold.String(text))))
	if d, ok := serialDate(raw, date1904); ok && t != strings.TrimSpace(raw) {
		return d, true
	}
	if d, ok := parseDate(t); ok {
		return d, true
	}
	if i := strings.LastIndex(strings.TrimRight(t, "~ "), "~"); i >= 0 && manyDates.MatchString(t) {
		return parseDate(strings.TrimSpace(t[i+1:]))
	}
	return serialDate(t, date1904)
}

func parseDate(t string) (string, bool) {
	if m := eraDate.FindStringSubmatch(t); m != nil {
		y := 1
		if m[2] != "元" {
			y, _ = strconv.Atoi(m[2])
		}
		return dateText(eras[m[1]]+y-1, m[3], m[4])
	}
	if m := plainDate.FindStringSubmatch(t); m != nil {
		y, _ := strconv.Atoi(m[1])
		return dateText(y, m[2], m[3])
	}
	if m := closedDate.FindStringSubmatch(t); m != nil {
		y, _ := strconv.Atoi(m[1])
		return dateText(y, m[2], m[3])
	}
	if m := usDate.FindStringSubmatch(t); m != nil {
		y, _ := strconv.Atoi(m[3])
		return dateText(y, m[1], m[2])
	}
	return "", false
}

// dateText checks that the day exists and writes it.
func dateText(y int, month, day string) (string, bool) {
	if y < 1900 || y > 2199 {
		return "", false
	}
	if month == "" {
		return fmt.Sprintf("%04d", y), true
	}
	m, _ := strconv.Atoi(month)
	if m < 1 || m > 12 {
		return "", false
	}
	if day == "" {
		return fmt.Sprintf("%04d-%02d", y, m), true
	}
	d, _ := strconv.Atoi(day)
	if t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC); d < 1 || t.Day() != d {
		return "", false
	}
	return fmt.Sprintf("%04d-%02d-%02d", y, m, d), true
}

// serialDate reads the day number of a spreadsheet: day 1 is 1900-01-01, with the 29 February 1900 that never was
// (ECMA-376 part 1, 18.17.4.1), or days since 1904-01-01. Numbers outside 1954 to 2119 are taken for something else.
func serialDate(raw string, date1904 bool) (string, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(raw), 64)
	if err != nil {
		return "", false
	}
	if date1904 {
		f += 1462
	}
	if f < 20000 || f > 80000 {
		return "", false
	}
	t := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(f))
	return t.Format("2006-01-02"), true
}

// lastDay gives the day until which a date that readDate wrote is good: the end of its month or year.
func lastDay(d string) (time.Time, bool) {
	for _, f := range []struct {
		layout       string
		years, month int
	}{{"2006-01-02", 0, 0}, {"2006-01", 0, 1}, {"2006", 1, 0}} {
		t, err := time.Parse(f.layout, d)
		if err != nil {
			continue
		}
		if f.years+f.month > 0 {
			t = t.AddDate(f.years, f.month, -1)
		}
		return t, true
	}
	return time.Time{}, false
}
