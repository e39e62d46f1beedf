package intake

import (
	"context"
	"errors"
	"os"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/collect"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/model"
)

// Found is what a file turned out to be.
type Found struct {
	Kind   model.UploadKind
	Format string
	Rows   uint64 // of a table or ledger that is small enough to be counted at once
}

// countUpTo is the size up to which the rows of a table are counted at once.
const countUpTo = 16 << 20

// Recognise finds out by its content what the file at path is; shown is its name for people. What can't be used comes with a
// trouble that says what it looks like.
func Recognise(ctx context.Context, path, shown string) (Found, *model.Trouble) {
	head, err := capture.Head(path)
	if err != nil {
		return Found{}, &model.Trouble{Code: "unreadable", Where: shown, Args: []string{err.Error()}, Text: err.Error()}
	}
	format := capture.SniffName(shown, head)
	switch format {
	case capture.Pcap, capture.Pcapng:
		return Found{Kind: model.UploadCapture, Format: string(format)}, nil
	}
	if kind, ok := collect.Sniff(head); ok {
		return Found{Kind: model.UploadTable, Format: string(kind), Rows: count(path, shown)}, nil
	}
	if format == capture.Excel || format == capture.Text {
		return book(ctx, path, shown, format)
	}
	return Found{}, looks(shown, format)
}

func looks(shown string, f capture.Format) *model.Trouble {
	code := "looks_" + string(f)
	switch f {
	case capture.Empty:
		code = "empty"
	case capture.Excel, capture.OldXLS:
		code = "upload_" + string(f) // not about flags of the command line
	}
	return &model.Trouble{Code: code, Where: shown, Text: shown + " looks like " + string(f)}
}

func count(path, shown string) uint64 {
	st, err := os.Stat(path)
	if err != nil || st.Size() > countUpTo {
		return 0
	}
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	r, err := collect.Read(shown, f, st.ModTime())
	if err != nil {
		return 0
	}
	return r.Source.Packets
}

// book finds out whether a workbook or text is a ledger.
func book(ctx context.Context, path, shown string, f capture.Format) (Found, *model.Trouble) {
	rep, err := ReadLedger(ctx, path, shown, ledger.Options{})
	var fe *ledger.FileError
	switch {
	case err == nil && len(rep.Ledger.Hosts) > 0:
		return Found{Kind: model.UploadLedger, Format: rep.Format, Rows: uint64(len(rep.Ledger.Hosts))}, nil
	case err == nil && f == capture.Excel:
		return Found{Kind: model.UploadLedger, Format: rep.Format}, nil
	case errors.As(err, &fe) && f == capture.Excel:
		switch fe.Code {
		case "no_table", "empty":
			return Found{}, &model.Trouble{Code: "upload_no_table", Where: shown, Text: fe.Error()}
		case "too_big":
			return Found{}, &model.Trouble{Code: "upload_too_big", Where: shown, Args: []string{fe.More}, Text: fe.Error()}
		}
		return Found{}, &model.Trouble{Code: "upload_damaged", Where: shown, Text: fe.Error()}
	}
	return Found{}, looks(shown, f)
}

// ReadLedger reads a ledger whose name on disk is ours; shown is the name that the report names.
func ReadLedger(ctx context.Context, path, shown string, o ledger.Options) (*ledger.Report, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.Size() > ledger.MaxFile {
		return nil, &ledger.FileError{Code: "too_big", Name: shown, More: "64 MB"}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return ledger.ImportData(ctx, shown, b, o)
}
