package ledger

import (
	"bytes"
	"context"
	"testing"

	"github.com/mimawari/mimawari/internal/locale"
)

// BenchmarkImport reads 5,000 full rows.
func BenchmarkImport(b *testing.B) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"x.xlsx": func(w *bytes.Buffer) error { return Export(w, large(5000), locale.Japanese) },
		"x.csv":  func(w *bytes.Buffer) error { return ExportCSV(w, large(5000), locale.Japanese) },
	} {
		b.Run(name, func(b *testing.B) {
			var buf bytes.Buffer
			if err := write(&buf); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ImportData(context.Background(), name, buf.Bytes(), Options{Now: testNow}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
