package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/report/paper"
	"github.com/mimawari/mimawari/internal/report/periodic"
)

// ReportMail is a finished report on its way to those who want it.
type ReportMail struct {
	Key     string // the same for the same report, so that nobody gets it twice: "weekly 2026-W47"
	Subject string
	Text    string
	Files   []string // paths
}

// Mailer takes reports to be sent. An error means: try again later.
type Mailer interface {
	MailReport(ctx context.Context, m ReportMail) error
}

// ReportJob writes the weekly and monthly reports by themselves while the server runs: when a period is over, and what was
// missed while nobody ran. No report is written twice. It has no clock of its own.
type ReportJob struct {
	App    *App
	Now    func() time.Time
	Zone   *time.Location
	Lang   locale.Lang
	Mailer Mailer // nil: files only
	Report func(error)
}

const (
	// settle is how long after its end a period is written up: patrols that ran over midnight are stored by then.
	settle = 2 * time.Hour
	// mostMissed bounds how many periods of a kind are caught up.
	mostMissed = 12
	// reportEvery is how often the job looks whether something is due.
	reportEvery = 15 * time.Minute
)

// Run looks from time to time until ctx ends. What fails is reported and tried again.
func (j *ReportJob) Run(ctx context.Context) {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		if err := j.Due(ctx); err != nil && ctx.Err() == nil && j.Report != nil {
			j.Report(fmt.Errorf("write reports: %w", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Due writes and mails what is due.
func (j *ReportJob) Due(ctx context.Context) error {
	first, err := j.App.Store.FirstPatrol(ctx)
	if err != nil || first.IsZero() {
		return err // without a patrol there is nothing to tell of
	}
	var errs []error
	for _, k := range periodic.Kinds {
		errs = append(errs, j.due(ctx, k, first.In(j.Zone)), j.mail(ctx, k))
	}
	return errors.Join(errs...)
}

func mark(k periodic.Kind, what string) string { return "report." + string(k) + "." + what }

func (j *ReportJob) due(ctx context.Context, k periodic.Kind, first time.Time) error {
	now := j.Now().In(j.Zone)
	last, err := j.App.Store.Setting(ctx, mark(k, "written"))
	if err != nil {
		return err
	}
	next := periodic.Of(k, first)
	if p, ok := periodic.Parse(k, last, j.Zone); ok {
		next = p.After()
	}
	oldest := periodic.Of(k, now)
	for range mostMissed {
		oldest = oldest.Before()
	}
	if next.From.Before(oldest.From) {
		next = oldest
	}
	for ; !next.To.Add(settle).After(now); next = next.After() {
		if err := j.write(ctx, next, now); err != nil {
			return err
		}
		if err := j.App.Store.SaveSetting(ctx, mark(k, "written"), next.Key()); err != nil {
			return err
		}
	}
	return nil
}

// write writes a report in all formats.
func (j *ReportJob) write(ctx context.Context, p periodic.Period, now time.Time) error {
	d, err := j.App.PeriodReport(ctx, p, now, j.Lang)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(j.App.reportsDir(), 0o700); err != nil {
		return err
	}
	for _, f := range report.Formats {
		if err := writeWhole(filepath.Join(j.App.reportsDir(), reportFile(p.Kind, p.Key(), f)), func(w io.Writer) error { return report.WriteDocument(w, d, f) }); err != nil {
			return err
		}
	}
	return nil
}

func reportFile(k periodic.Kind, key, format string) string {
	return string(k) + "-" + key + "." + format
}

// writeWhole writes to a file beside and renames it: there is a whole file, or none.
func writeWhole(name string, write func(io.Writer) error) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(name), ".mimawari-report-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	if err = errors.Join(write(tmp), tmp.Chmod(0o600), tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.Rename(tmp.Name(), name)
}

// mail offers the newest report of a kind to be sent; of several that were missed only that one.
func (j *ReportJob) mail(ctx context.Context, k periodic.Kind) error {
	if j.Mailer == nil {
		return nil
	}
	written, err := j.App.Store.Setting(ctx, mark(k, "written"))
	if err != nil {
		return err
	}
	mailed, err := j.App.Store.Setting(ctx, mark(k, "mailed"))
	p, ok := periodic.Parse(k, written, j.Zone)
	if err != nil || !ok || mailed == written {
		return err
	}
	d, err := j.App.PeriodReport(ctx, p, j.Now().In(j.Zone), j.Lang)
	if err != nil {
		return err
	}
	m := ReportMail{Key: string(k) + " " + written, Subject: subject(d), Text: letter(d)}
	for _, f := range []string{"pdf", "xlsx"} {
		m.Files = append(m.Files, filepath.Join(j.App.reportsDir(), reportFile(k, written, f)))
	}
	if err := j.Mailer.MailReport(ctx, m); err != nil {
		return err
	}
	return j.App.Store.SaveSetting(ctx, mark(k, "mailed"), written)
}

func subject(d *paper.Document) string {
	return locale.T(d.Lang, "report.mail.subject", "title", d.Title, "period", d.Period, "institution", d.Head())
}

// letter is the text of the mail: what the report says at its top.
func letter(d *paper.Document) string {
	text := ""
	for _, b := range d.Blocks {
		if p, ok := b.(paper.Para); ok && (p.Style == paper.Lead || p.Style == paper.Calm || p.Style == paper.Warn) {
			text = p.Text
			break
		}
	}
	return locale.T(d.Lang, "report.mail.text", "title", d.Title, "period", d.Period, "text", text)
}
