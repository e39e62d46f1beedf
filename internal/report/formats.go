package report

import (
	"fmt"
	"io"

	"github.com/mimawari/mimawari/internal/report/paper"
	"github.com/mimawari/mimawari/internal/report/pdf"
)

// Formats are the forms in which a document can be had; each is also the ending of its files.
var Formats = []string{"pdf", "xlsx", "html"}

// WriteDocument writes a document in one of the Formats.
func WriteDocument(w io.Writer, d *paper.Document, format string) error {
	switch format {
	case "pdf":
		return pdf.Write(w, d)
	case "xlsx":
		return paper.XLSX(w, d)
	case "html":
		return paper.HTML(w, d)
	}
	return fmt.Errorf("BUG: no report format %q", format)
}
