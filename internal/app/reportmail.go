package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"mime"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
	"github.com/mimawari/mimawari/internal/report"
	"github.com/mimawari/mimawari/internal/report/periodic"
	"github.com/mimawari/mimawari/internal/store"
)

// maxAttached bounds what is attached to one mail: many mail servers refuse more than ten megabytes.
const maxAttached = 7 << 20

// ReportPost puts reports into the outbox of the notifications, for the channels that carry files and asked for reports.
type ReportPost struct {
	Store *store.Store
	Now   func() time.Time
}

var _ Mailer = ReportPost{}

// MailReport puts a report into the outbox. The weekly one goes with the weekly digest to those who get that.
func (p ReportPost) MailReport(ctx context.Context, m ReportMail) error {
	channels, err := p.Store.Channels(ctx)
	if err != nil {
		return err
	}
	weekly := strings.HasPrefix(m.Key, string(periodic.Weekly))
	var files []model.NoticeFile
	for _, c := range channels {
		if k, ok := notify.KindOf(c.Kind); !ok || !k.Files || !c.On || !c.When.Report || weekly && c.When.Weekly {
			continue
		}
		if files == nil {
			if files, err = attached(m.Files); err != nil {
				return err
			}
		}
		if err := p.put(ctx, c, m, files); err != nil {
			return err
		}
	}
	return nil
}

// put stores one delivery. Its id follows from channel and report: the same report is one delivery, however often it is put.
func (p ReportPost) put(ctx context.Context, c model.Channel, m ReportMail, files []model.NoticeFile) error {
	sum := sha256.Sum256([]byte(c.ID + "\x00" + m.Key))
	id := hex.EncodeToString(sum[:8])
	old, err := p.Store.Deliveries(ctx, c.ID, 0)
	if err != nil {
		return err
	}
	for _, d := range old {
		if d.ID == id {
			return nil
		}
	}
	now := p.Now().UTC()
	return p.Store.AddDelivery(ctx, model.Delivery{
		ID: id, Channel: c.ID, Kind: "report", Cause: m.Key, State: model.Waiting, Made: now, Next: now,
		Notice: model.Notice{Product: "Mimawari", Subject: m.Subject, Intro: strings.Split(m.Text, "\n\n"), Files: files},
	})
}

// attached reads the files of a report, as many as fit.
func attached(names []string) (out []model.NoticeFile, err error) {
	size := 0
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			return nil, fmt.Errorf("attach the report: %w", err)
		}
		if size += len(b); size > maxAttached {
			break
		}
		out = append(out, model.NoticeFile{Name: filepath.Base(n), Type: mediaType(n), Data: b})
	}
	return out, nil
}

func mediaType(name string) string {
	switch filepath.Ext(name) {
	case ".xlsx":
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case ".pdf":
		return "application/pdf"
	}
	return mime.TypeByExtension(filepath.Ext(name))
}

// digestFiles is the weekly report as a file for the weekly digest: the last week that is over.
func (a *App) digestFiles(z *time.Location) func(context.Context, string, time.Time, time.Time, locale.Lang) ([]model.NoticeFile, error) {
	return func(ctx context.Context, kind string, _, to time.Time, l locale.Lang) ([]model.NoticeFile, error) {
		if kind != notify.Weekly {
			return nil, nil
		}
		p := periodic.Of(periodic.Weekly, to.In(z)).Before()
		d, err := a.PeriodReport(ctx, p, to.In(z), l)
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		if err := report.WriteDocument(&b, d, "pdf"); err != nil {
			return nil, err
		}
		return []model.NoticeFile{{Name: reportFile(p.Kind, p.Key(), "pdf"), Type: mediaType(".pdf"), Data: []byte(b.String())}}, nil
	}
}

// WriteReports writes the reports that are due until ctx ends; wait returns when the last is written.
func (a *App) WriteReports(ctx context.Context, now func() time.Time, z *time.Location, l locale.Lang, trouble func(error)) (wait func()) {
	j := &ReportJob{App: a, Now: now, Zone: z, Lang: l, Mailer: ReportPost{Store: a.Store, Now: now}, Report: trouble}
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.Run(ctx)
	}()
	return func() { <-done }
}
