package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"

	"github.com/mattn/go-runewidth"

	"github.com/mimawari/mimawari/internal/model"
)

// maxText is how many findings the terminal shows in full; the rest is counted.
const maxText = 10

// Text writes the summary that the terminal shows.
func Text(w io.Writer, in Input, color bool) error {
	b := bufio.NewWriter(w)
	r := in.Result
	if r.Patrol.First.IsZero() && r.Patrol.Stats.Packets == 0 {
		in.textTroubles(b)
		fmt.Fprintln(b, in.t("text.nothing"))
		return b.Flush()
	}
	fmt.Fprintln(b, in.t("text.seen", "hosts", strconv.Itoa(r.Patrol.Seen), "packets", strconv.FormatUint(r.Patrol.Stats.Packets, 10), "flows", strconv.FormatUint(r.Patrol.Stats.Flows, 10)))
	if r.Patrol.Previous != "" {
		fmt.Fprintln(b, in.t("text.since", "new", strconv.Itoa(len(r.Patrol.New)), "gone", strconv.Itoa(len(r.Patrol.Gone)), "changed", strconv.Itoa(len(r.Patrol.Changed))))
	}
	in.textLedger(b)
	in.textTroubles(b)
	active := Active(r.Findings)
	n := Counts(active)
	fmt.Fprintln(b, in.t("text.counts", "critical", strconv.Itoa(n[0]), "high", strconv.Itoa(n[1]), "medium", strconv.Itoa(n[2]), "low", strconv.Itoa(n[3]), "info", strconv.Itoa(n[4])))
	for i, f := range active {
		if i == maxText {
			fmt.Fprintln(b, in.t("text.more", "n", strconv.Itoa(len(active)-maxText)))
			break
		}
		in.textFinding(b, f, color)
	}
	if len(active) == 0 {
		fmt.Fprintln(b, in.t("text.none"))
	}
	return b.Flush()
}

func (in Input) textLedger(b io.Writer) {
	if in.Ledger == nil {
		fmt.Fprintln(b, in.t("text.no_ledger"))
		return
	}
	n := pairCounts(Compare(in.Ledger, in.Result.Hosts))
	fmt.Fprintln(b, in.t("text.ledger", "declared", strconv.Itoa(len(in.Ledger.Hosts)), "matched", strconv.Itoa(n["matched"]),
		"not_declared", strconv.Itoa(n["not_declared"]), "not_seen", strconv.Itoa(n["not_seen"])))
}

func (in Input) textTroubles(b io.Writer) {
	for _, t := range in.Troubles() {
		fmt.Fprintf(b, "! %s\n", t)
	}
}

func (in Input) textFinding(b io.Writer, f model.Finding, color bool) {
	w := in.words(f)
	head := runewidth.FillRight(SeverityMark(f.Severity)+" "+SeverityName(in.Lang, f.Severity), 10)
	if color {
		head = severityColor[f.Severity] + head + "\x1b[0m"
	}
	fmt.Fprintf(b, "\n%s %s\n", head, w.Title)
	fmt.Fprintf(b, "           %s\n", w.Why)
	fmt.Fprintf(b, "           → %s\n", w.Todo)
	fmt.Fprintf(b, "           %s  %s\n", f.ID, in.t("text.when", "first", in.time(f.First), "last", in.time(f.Last), "count", strconv.FormatUint(f.Count, 10)))
}

var severityColor = [...]string{"\x1b[2m", "\x1b[36m", "\x1b[33m", "\x1b[31m", "\x1b[1;31m"}
