package pdf_test

import (
	"io"
	"testing"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/report/paper"
	"github.com/mimawari/mimawari/internal/report/pdf"
	"github.com/mimawari/mimawari/internal/report/periodic"
	"github.com/mimawari/mimawari/internal/report/periodic/periodictest"
)

// BenchmarkMonthly is a month of a large hospital: 5,000 hosts, 1,000 findings. docs/benchmarks.md has figures.
func BenchmarkMonthly(b *testing.B) {
	in := periodictest.Busy(locale.Japanese, 5000, 1000)
	d := periodic.Report(in)
	for name, f := range map[string]func() error{
		"write-up": func() error { periodic.Report(in); return nil },
		"pdf":      func() error { return pdf.Write(io.Discard, d) },
		"xlsx":     func() error { return paper.XLSX(io.Discard, d) },
		"html":     func() error { return paper.HTML(io.Discard, d) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
