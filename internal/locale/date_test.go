package locale

import (
	"testing"
	"time"
)

func day(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

func TestDateOverEras(t *testing.T) {
	for _, x := range []struct {
		at     time.Time
		ja, en string
	}{
		{day(2026, 11, 25), "令和8年11月25日（2026年）", "25 November 2026"},
		{day(2019, 5, 1), "令和元年5月1日（2019年）", "1 May 2019"},
		{day(2019, 12, 31), "令和元年12月31日（2019年）", "31 December 2019"},
		{day(2020, 1, 1), "令和2年1月1日（2020年）", "1 January 2020"},
		{day(2019, 4, 30), "平成31年4月30日（2019年）", "30 April 2019"},
		{day(1989, 1, 8), "平成元年1月8日（1989年）", "8 January 1989"},
		{day(1989, 1, 7), "昭和64年1月7日（1989年）", "7 January 1989"},
		{day(1926, 12, 25), "昭和元年12月25日（1926年）", "25 December 1926"},
		{day(1926, 12, 24), "大正15年12月24日（1926年）", "24 December 1926"},
		{day(1912, 7, 30), "大正元年7月30日（1912年）", "30 July 1912"},
		{day(1912, 7, 29), "明治45年7月29日（1912年）", "29 July 1912"},
		{day(1873, 1, 1), "明治6年1月1日（1873年）", "1 January 1873"},
		{day(1872, 12, 31), "1872年12月31日", "31 December 1872"},
		{time.Time{}, "", ""},
		{time.Date(2019, 4, 30, 15, 0, 0, 0, time.UTC).In(time.FixedZone("JST", 9*3600)), "令和元年5月1日（2019年）", "1 May 2019"},
	} {
		if got := Date(Japanese, x.at); got != x.ja {
			t.Errorf("%v: %s, want %s", x.at, got, x.ja)
		}
		if got := Date(English, x.at); got != x.en {
			t.Errorf("%v: %s, want %s", x.at, got, x.en)
		}
	}
}

func TestMonth(t *testing.T) {
	for _, x := range []struct {
		y, m   int
		ja, en string
	}{
		{2026, 11, "令和8年11月（2026年）", "November 2026"},
		{2019, 5, "令和元年5月（2019年）", "May 2019"},
		{1989, 1, "昭和64年・平成元年1月（1989年）", "January 1989"},
		{1926, 12, "大正15年・昭和元年12月（1926年）", "December 1926"},
		{1600, 1, "1600年1月", "January 1600"},
	} {
		if got := Month(Japanese, x.y, time.Month(x.m)); got != x.ja {
			t.Errorf("%d-%d: %s, want %s", x.y, x.m, got, x.ja)
		}
		if got := Month(English, x.y, time.Month(x.m)); got != x.en {
			t.Errorf("%d-%d: %s, want %s", x.y, x.m, got, x.en)
		}
	}
}

func TestDays(t *testing.T) {
	for _, x := range []struct {
		from, to time.Time
		ja, en   string
	}{
		{day(2026, 11, 16), day(2026, 11, 22), "令和8年11月16日から11月22日まで（2026年）", "16–22 November 2026"},
		{day(2026, 11, 30), day(2026, 12, 6), "令和8年11月30日から12月6日まで（2026年）", "30 November – 6 December 2026"},
		{day(2026, 12, 28), day(2027, 1, 3), "令和8年12月28日（2026年）から令和9年1月3日（2027年）まで", "28 December 2026 – 3 January 2027"},
		{day(2019, 4, 29), day(2019, 5, 5), "平成31年4月29日から令和元年5月5日まで（2019年）", "29 April – 5 May 2019"},
	} {
		if got := Days(Japanese, x.from, x.to); got != x.ja {
			t.Errorf("%s, want %s", got, x.ja)
		}
		if got := Days(English, x.from, x.to); got != x.en {
			t.Errorf("%s, want %s", got, x.en)
		}
	}
}
