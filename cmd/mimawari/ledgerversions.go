package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// ledgerUndo takes back the newest decision. If the newest version was not made by one (it was imported), or with
// --version N, it stores the version before anew: nothing is lost, and it can be undone too.
func (s *session) ledgerUndo(ctx context.Context, f *ledgerFlags, _ []string) error {
	if f.version == 0 {
		if done, err := s.undoDecision(ctx, f); done || err != nil {
			return s.ledgerEnd(err)
		}
	}
	return s.ledgerWork(ctx, f, func(v ledger.Versions) error {
		all, err := v.LedgerVersions(ctx)
		if err != nil {
			return err
		}
		if len(all) < 2 {
			fmt.Fprintln(s.err, s.t("ledger.undo.nothing"))
			return exitError{exitUsage}
		}
		n := f.version
		if n == 0 {
			n = all[1].Version
		}
		now, err := v.LedgerVersion(ctx, all[0].Version)
		if err != nil {
			return err
		}
		old, err := v.LedgerVersion(ctx, n)
		if err != nil {
			return err
		}
		if !f.json {
			if err := ledger.Diff(now, old).WriteText(s.out, s.lang, f.limit()); err != nil {
				return err
			}
		}
		if err := s.ledgerAgree(f); err != nil {
			return err
		}
		again := *old
		again.Imported, again.By = time.Now().UTC(), f.by
		version, err := v.SaveLedger(ctx, &again)
		if err != nil {
			return err
		}
		if f.json {
			return s.ledgerJSON(map[string]any{"schema": "mimawari.ledger.version/1", "version": version, "same_as": n, "file": again.File, "hosts": len(again.Hosts)})
		}
		s.ledgerSay(f, "ledger.undo.done", "version", strconv.Itoa(version), "old", strconv.Itoa(n))
		return nil
	})
}

func (s *session) ledgerLog(ctx context.Context, f *ledgerFlags, _ []string) error {
	return s.ledgerLook(ctx, f, func(v ledger.Versions) error {
		all := []model.LedgerInfo{}
		if v != nil {
			got, err := v.LedgerVersions(ctx)
			if err != nil {
				return err
			}
			all = append(all, got...)
		}
		if f.json {
			return s.ledgerJSON(map[string]any{"schema": "mimawari.ledger.log/1", "versions": all})
		}
		if len(all) == 0 {
			fmt.Fprintln(s.out, s.t("ledger.none"))
		}
		for _, x := range all {
			fmt.Fprintln(s.out, s.t("ledger.log.line", "version", strconv.Itoa(x.Version), "date", x.Imported.Local().Format("2006-01-02 15:04"), "by", x.By, "file", x.File, "count", strconv.Itoa(x.Hosts)))
		}
		return nil
	})
}

// isTerminal tells whether somebody can answer; a variable so that a test can be that somebody.
var isTerminal = func(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// ledgerAgree asks on a terminal. Elsewhere nobody can answer, so --yes must say it.
func (s *session) ledgerAgree(f *ledgerFlags) error {
	if f.yes {
		return nil
	}
	if !isTerminal(s.in) {
		fmt.Fprintln(s.err, s.t("ledger.agree.needs_yes"))
		return exitError{exitUsage}
	}
	fmt.Fprint(s.err, s.t("ledger.agree.ask")+" ")
	line, _ := bufio.NewReader(s.in).ReadString('\n') // an end of input is a no
	if a := strings.ToLower(strings.TrimSpace(line)); a == "y" || a == "yes" || a == "はい" {
		return nil
	}
	fmt.Fprintln(s.err, s.t("ledger.agree.no"))
	return exitError{exitUsage}
}

func (s *session) ledgerSay(f *ledgerFlags, key string, pairs ...string) {
	if !f.json {
		fmt.Fprintln(s.out, s.t(key, pairs...))
	}
}

func (s *session) ledgerJSON(v any) error {
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// shownSlips and shownChanges bound what is printed unless --all is given.
const (
	shownSlips   = 50
	shownChanges = 20
)

func (f *ledgerFlags) limit() int {
	if f.all {
		return 0
	}
	return shownChanges
}

// slipView is a slip in the JSON document, with its words.
type slipView struct {
	ID       string         `json:"id"`
	Rule     string         `json:"rule"`
	Severity model.Severity `json:"severity"`
	Title    string         `json:"title"`
	Why      string         `json:"why"`
	Todo     string         `json:"todo"`
	Places   []string       `json:"places"`
	Count    uint64         `json:"count"`
}

// ledgerReport says how the file was understood, what is wrong and what would change.
func (s *session) ledgerReport(f *ledgerFlags, r *ledger.Report, before *model.Ledger) error {
	fs := ledger.Findings(r)
	slices.SortStableFunc(fs, func(a, b model.Finding) int { return int(b.Severity) - int(a.Severity) })
	changes := ledger.Diff(before, r.Ledger)
	if f.json {
		views := make([]slipView, len(fs))
		for i, x := range fs {
			w := locale.Finding(s.lang, x)
			views[i] = slipView{x.ID, x.Rule, x.Severity, w.Title, w.Why, w.Todo, whereOf(x), x.Count}
		}
		return s.ledgerJSON(map[string]any{
			"schema": "mimawari.ledger/1", "file": r.File, "format": r.Format, "encoding": r.Encoding, "rows": r.Rows,
			"hosts": len(r.Ledger.Hosts), "sheets": r.Sheets, "slips": views, "slips_left_out": r.LeftOut, "changes": changes,
		})
	}
	s.ledgerSheets(r)
	s.ledgerSlips(f, r, fs)
	if before == nil {
		fmt.Fprintln(s.out, s.t("ledger.first"))
		return nil
	}
	return changes.WriteText(s.out, s.lang, f.limit())
}

func whereOf(f model.Finding) []string {
	out := make([]string, len(f.Evidence))
	for i, e := range f.Evidence {
		out[i] = e.Where
	}
	return out
}

func (s *session) ledgerSheets(r *ledger.Report) {
	name := r.File
	if r.Encoding != "" {
		name += " (" + r.Encoding + ")"
	}
	fmt.Fprintln(s.out, name)
	for _, sh := range r.Sheets {
		label := sh.Name
		if label == "" {
			label = r.File
		}
		if !sh.Used {
			fmt.Fprintf(s.out, "  %s: %s\n", label, s.t("ledger.sheet."+sh.Reason))
			continue
		}
		key := "ledger.sheet.used"
		if sh.Examples > 0 {
			key = "ledger.sheet.used_examples"
		}
		fmt.Fprintf(s.out, "  %s: %s\n", label, s.t(key, "kind", s.t("ledger.kind."+string(sh.Kind)), "count", strconv.Itoa(sh.Taken), "header", strconv.Itoa(sh.HeaderRow), "examples", strconv.Itoa(sh.Examples)))
	}
}

func (s *session) ledgerSlips(f *ledgerFlags, r *ledger.Report, fs []model.Finding) {
	if len(fs) == 0 {
		fmt.Fprintln(s.out, s.t("ledger.slips.none"))
		return
	}
	fmt.Fprintln(s.out, s.t("ledger.slips.count", "count", strconv.Itoa(len(fs))))
	for i, x := range fs {
		if i == shownSlips && !f.all {
			fmt.Fprintln(s.out, s.t("ledger.slips.more", "count", strconv.Itoa(len(fs)-i)))
			break
		}
		w := locale.Finding(s.lang, x)
		fmt.Fprintf(s.out, "  [%s] %s: %s\n      → %s\n", s.t("severity."+x.Severity.String()), x.Params["place"], w.Title, w.Todo)
	}
	if r.LeftOut > 0 {
		fmt.Fprintln(s.out, s.t("ledger.slips.left_out", "count", strconv.Itoa(r.LeftOut)))
	}
}
