package page

import (
	"fmt"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report"
)

// Frame is what the layout shows around a page. Its methods are the words that templates use.
type Frame struct {
	Lang        locale.Lang
	Title       string
	Here        string // which entry of the menu is current
	Path        string // of this page, for the language switch
	Institution string
	Viewer      auth.Viewer
	Menu        []Entry
	Flash       *Flash // what came of the last decision, nil if nothing
	NoSearch    bool   // no search box
	Bare        bool   // no menu: sign-in and set-up
	now         time.Time
	zone        *time.Location
}

// T is a text of the pages.
func (f Frame) T(key string, pairs ...any) string {
	s := make([]string, 0, len(pairs))
	for _, x := range pairs {
		s = append(s, fmt.Sprint(x))
	}
	return locale.T(f.Lang, key, s...)
}

// May reports whether the viewer is allowed p: buttons that would be refused are not shown.
func (f Frame) May(p string) bool { return f.Viewer.May(auth.Permission(p)) }

// Now is the time of the page.
func (f Frame) Now() time.Time { return f.now }

// Today is the day of the page, as date fields write it.
func (f Frame) Today() string { return f.now.In(f.zone).Format(time.DateOnly) }

// Day is the day of a time, as date fields write it; "" for the zero time.
func (f Frame) Day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(f.zone).Format(time.DateOnly)
}

// When is the exact time, as people read it.
func (f Frame) When(t time.Time) string { return report.Time(t, f.zone) }

// ISO is the time for machines, for the datetime attribute.
func (f Frame) ISO(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Ago is a time as a distance: 12分前.
func (f Frame) Ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	d := f.now.Sub(t)
	switch {
	case d < time.Minute:
		return f.T("web.now")
	case d < time.Hour:
		return f.T("web.minutes_ago", "n", int(d.Minutes()))
	case d < 48*time.Hour:
		return f.T("web.hours_ago", "n", int(d.Hours()))
	}
	return f.T("web.days_ago", "n", int(d.Hours()/24))
}

// Class is the class of a host in words.
func (f Frame) Class(c model.Class) string { return report.ClassName(f.Lang, c) }

// Roles are the roles of a host in words.
func (f Frame) Roles(r []string) []string { return report.RoleNames(f.Lang, r) }

// Severity is the severity in words.
func (f Frame) Severity(s model.Severity) string { return report.SeverityName(f.Lang, s) }

// State is the state of a finding in words.
func (f Frame) State(s model.State) string { return report.StateName(f.Lang, s) }

// Words is a finding in words.
func (f Frame) Words(x model.Finding) api.Finding { return api.NewFinding(x, f.Lang) }

// Trouble is what is wrong with an input, in words.
func (f Frame) Trouble(t model.Trouble) string { return locale.Trouble(f.Lang, t) }

// Percent shows 0..1.
func (f Frame) Percent(x float64) string { return strconv.Itoa(int(x*100+0.5)) + "%" }

// Bytes shows an amount of data as people say it: 1.5 GB.
func (f Frame) Bytes(n uint64) string {
	const step = 1000
	if n < step {
		return strconv.FormatUint(n, 10) + " B"
	}
	x, i := float64(n), -1
	for x >= step && i < 4 {
		x /= step
		i++
	}
	return strconv.FormatFloat(x, 'f', 1, 64) + " " + [...]string{"kB", "MB", "GB", "TB", "PB"}[i]
}

// Number shows a count with separators: 2,001.
func (f Frame) Number(n any) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// HostName is how a person would call the host.
func (f Frame) HostName(h model.Host) string {
	switch {
	case h.Ledger != nil && h.Ledger.Name != "":
		return h.Ledger.Name
	case len(h.Names) > 0:
		return h.Names[0]
	case len(h.IPs) > 0:
		return h.IPs[0].String()
	case len(h.MACs) > 0:
		return h.MACs[0].String()
	}
	return h.ID
}
