package periodic_test

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/report/paper"
	"github.com/mimawari/mimawari/internal/report/periodic"
	"github.com/mimawari/mimawari/internal/report/periodic/periodictest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// kinds are all reports, by the name of their golden file.
var kinds = map[string]func(locale.Lang) *paper.Document{
	"monthly":  func(l locale.Lang) *paper.Document { return periodic.Report(periodictest.Busy(l, 40, 22)) },
	"weekly":   func(l locale.Lang) *paper.Document { return periodic.Report(periodictest.Week(l, 40, 22)) },
	"quiet":    func(l locale.Lang) *paper.Document { return periodic.Report(periodictest.Quiet(l)) },
	"blind":    func(l locale.Lang) *paper.Document { return periodic.Report(periodictest.Blind(l)) },
	"handover": func(l locale.Lang) *paper.Document { return periodic.HandOver(periodictest.HandOver(l)) },
	"handover_empty": func(l locale.Lang) *paper.Document {
		return periodic.HandOver(periodic.HandOverInput{Input: periodictest.Blind(l)})
	},
}

// Every report says in both languages what its golden file says.
func TestReports(t *testing.T) {
	for name, make := range kinds {
		for _, l := range locale.Langs {
			got := text(make(l))
			for _, bad := range []string{"periodic.", "?", "%!", "column.", "severity."} {
				if strings.Contains(got, bad) {
					t.Errorf("%s %s: a text is missing (%s)", name, l, bad)
				}
			}
			file := filepath.Join("testdata", name+"."+string(l)+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("%s (-want +got; -update if it is meant):\n%s", file, d)
			}
		}
	}
}

// text is a document as lines.
func text(d *paper.Document) string {
	var b strings.Builder
	line := func(cells ...string) { fmt.Fprintln(&b, strings.TrimRight(strings.Join(cells, " | "), " |")) }
	line(d.Institution)
	line(d.Title, d.Period)
	line(d.Note)
	for _, x := range d.Blocks {
		switch x := x.(type) {
		case paper.Heading:
			line()
			line("##", x.Text)
		case paper.Para:
			line(x.Style.Class(), x.Text)
		case paper.Facts:
			for _, f := range x {
				line("fact", f.Name, f.Value, f.Note)
			}
		case paper.Pairs:
			for _, p := range x {
				line("pair", p[0], strings.ReplaceAll(p[1], "\n", " / "))
			}
		case paper.Bars:
			line("bars", x.Title, strings.Join(x.Series, " | "))
			for _, y := range x.Bars {
				line("bar", y.Name, fmt.Sprint(y.Values))
			}
		case paper.Cards:
			for _, c := range x {
				line("card", c.Mark, c.Title)
				line("", c.Why)
				line("", c.Todo)
				line(c.Meta...)
			}
		case *paper.Table:
			line("table", x.Name, fmt.Sprint(len(x.Rows)), fmt.Sprint(x.Shown))
			var heads []string
			for _, c := range x.Columns {
				heads = append(heads, c.Head)
			}
			line(heads...)
			if len(x.Rows) == 0 {
				line(x.Empty)
			}
			for _, r := range x.Rows {
				var cells []string
				for _, c := range r {
					cells = append(cells, c.Text)
				}
				line(cells...)
			}
		}
	}
	return b.String()
}

func find[T paper.Block](t *testing.T, d *paper.Document, name string) T {
	t.Helper()
	for _, b := range d.Blocks {
		if x, ok := b.(T); ok {
			if tb, isTable := b.(*paper.Table); !isTable || tb.Name == name {
				return x
			}
		}
	}
	t.Fatalf("no %s", name)
	panic("not reached")
}

// What waited at the beginning, plus what is new, minus what ended, waits at the end; whatever the steps.
func TestNumbersAddUp(t *testing.T) {
	states := []model.State{model.Open, model.Acknowledged, model.Accepted, model.Resolved, model.Reopened, model.Suppressed}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 7))
		in := periodictest.Busy(locale.Japanese, 3, 0)
		for i := range 30 {
			f := model.Finding{ID: fmt.Sprint("f-", i), Rule: "service.smb1", Severity: model.Severity(r.IntN(5))}
			at, was := in.Period.From.Add(time.Duration(r.IntN(90)-60)*24*time.Hour), model.State("")
			for range 1 + r.IntN(6) {
				to := states[r.IntN(len(states))]
				in.History.Steps = append(in.History.Steps, model.Step{Finding: f.ID, Event: model.Event{At: at, From: was, To: to}})
				at, was = at.Add(time.Duration(r.IntN(20*24))*time.Hour), to
			}
			in.History.Findings = append(in.History.Findings, f)
		}
		next := in
		next.Period = in.Period.After()
		now, later := find[*paper.Table](t, periodic.Report(in), "重さごとの増減"), find[*paper.Table](t, periodic.Report(next), "重さごとの増減")
		for i, row := range now.Rows {
			n := func(j int) int { return row[j].Value.(int) }
			if n(1)+n(2)-n(3) != n(4) {
				t.Fatalf("seed %d: %s: %d + %d - %d is not %d", seed, row[0].Text, n(1), n(2), n(3), n(4))
			}
			if begin := later.Rows[i][1].Value.(int); begin != n(4) {
				t.Fatalf("seed %d: %s ends with %d and the next month begins with %d", seed, row[0].Text, n(4), begin)
			}
		}
	}
}

// "Nothing happened" is said only if somebody looked.
func TestNothingHappenedNeedsSomebodyWhoLooked(t *testing.T) {
	for _, l := range locale.Langs {
		quiet, blind := text(periodic.Report(periodictest.Quiet(l))), text(periodic.Report(periodictest.Blind(l)))
		words := locale.T(l, "periodic.verdict.quiet")
		if !strings.Contains(quiet, "calm | "+words) || !strings.Contains(quiet, "40") {
			t.Errorf("%s: the quiet week does not say that nothing happened, with what was looked at", l)
		}
		if strings.Contains(blind, words) || !strings.Contains(blind, "warn | "+locale.T(l, "periodic.verdict.blind")) {
			t.Errorf("%s: a month without patrol:\n%s", l, blind)
		}
	}
}

func TestPeriods(t *testing.T) {
	z := periodictest.Tokyo
	for _, x := range []struct {
		kind     periodic.Kind
		at       string
		key      string
		from, to string
	}{
		{periodic.Weekly, "2026-11-25", "2026-W48", "2026-11-23", "2026-11-30"},
		{periodic.Weekly, "2026-11-29", "2026-W48", "2026-11-23", "2026-11-30"},
		{periodic.Weekly, "2027-01-03", "2026-W53", "2026-12-28", "2027-01-04"},
		{periodic.Weekly, "2027-01-04", "2027-W01", "2027-01-04", "2027-01-11"},
		{periodic.Monthly, "2026-12-31", "2026-12", "2026-12-01", "2027-01-01"},
		{periodic.Monthly, "2028-02-29", "2028-02", "2028-02-01", "2028-03-01"},
	} {
		at, err := time.ParseInLocation(time.DateOnly, x.at, z)
		if err != nil {
			t.Fatal(err)
		}
		p := periodic.Of(x.kind, at)
		if p.Key() != x.key || p.From.Format(time.DateOnly) != x.from || p.To.Format(time.DateOnly) != x.to {
			t.Errorf("%s: %s %v", x.at, p.Key(), p)
		}
		if again, ok := periodic.Parse(x.kind, x.key, z); !ok || again != p {
			t.Errorf("%s: %v, %v", x.key, again, ok)
		}
		if b, a := p.Before().After(), p.After().Before(); a != p || b != p {
			t.Errorf("%s: after and before lead to %v, %v", x.key, a, b)
		}
	}
	for _, bad := range []string{"", "2026", "2026-W00", "2026-W54", "2025-W53", "2026-13", "2026-00", "0000-01", "2026-1", "x", "2026-W5", "../../etc"} {
		for _, k := range periodic.Kinds {
			if p, ok := periodic.Parse(k, bad, z); ok {
				t.Errorf("%s %q is %v", k, bad, p)
			}
		}
	}
}

// Names from the network are text in every form: no markup, no formula, nothing lost in the workbook.
func TestHostileNames(t *testing.T) {
	d := periodic.Report(periodictest.Hostile(periodictest.Busy(locale.Japanese, 60, 40)))
	var html, xlsx bytes.Buffer
	if err := paper.HTML(&html, d); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "</svg>{{", "ZgotmplZ", "src=", "href="} {
		if strings.Contains(html.String(), bad) {
			t.Errorf("HTML contains %q", bad)
		}
	}
	if err := paper.XLSX(&xlsx, d); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&xlsx)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range rows {
			for j, c := range r {
				if c != "" && strings.ContainsRune("=+@\t", rune(c[0])) {
					t.Errorf("%s row %d column %d would be a formula: %q", sheet, i+1, j+1, c)
				}
				at, _ := excelize.CoordinatesToCellName(j+1, i+1)
				if formula, _ := f.GetCellFormula(sheet, at); formula != "" {
					t.Errorf("%s!%s is a formula: %q", sheet, at, formula)
				}
			}
		}
	}
}

// The workbook has all rows of every list, with the total below; dates and numbers are such.
func TestWorkbook(t *testing.T) {
	d := periodic.Report(periodictest.Busy(locale.Japanese, 3000, 250))
	var b bytes.Buffer
	if err := paper.XLSX(&b, d); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if first := f.GetSheetList()[0]; first != "月次報告" {
		t.Errorf("the first sheet is %s", first)
	}
	for sheet, n := range map[string]int{"見えた機器": len(find[*paper.Table](t, d, "見えた機器").Rows), "対応を待つ指摘": len(find[*paper.Table](t, d, "対応を待つ指摘").Rows)} {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		if n < 150 || len(rows) != n+3 || rows[n+2][0] != fmt.Sprintf("合計 %d 件", n) {
			t.Errorf("%s: %d rows for %d, the last is %q", sheet, len(rows), n, rows[len(rows)-1])
		}
	}
	if raw, _ := f.GetCellValue("見えた機器", "F2", excelize.Options{RawCellValue: true}); raw != "46356.375" {
		t.Errorf("the time of the first machine is %q", raw)
	}
}
