package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

func TestThePiecesOfADocumentAreTheBytesOfOneEncoder(t *testing.T) {
	for name, r := range map[string]model.Result{
		"nothing": {},
		"some": {
			Hosts:    []model.Host{{ID: "h-1", Names: []string{"<PC & 1>"}}, {ID: "h-2"}},
			Findings: []model.Finding{{ID: "f-1", Rule: "service.smb1", Severity: model.High}},
			Patrol:   model.Patrol{ID: "p-1", Sources: []model.Source{{Name: "a.pcap"}}},
		},
	} {
		d := NewDocument(r, locale.Japanese)
		var want, got bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err := e.Encode(d); err != nil {
			t.Fatal(err)
		}
		n, err := d.WriteTo(&got)
		if err != nil || n != int64(got.Len()) {
			t.Fatalf("%s: wrote %d of %d: %v", name, n, got.Len(), err)
		}
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Errorf("%s: (-one encoder +pieces)\n%s", name, diff)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

var errFull = errors.New("no space left")

func TestADocumentSaysThatItCouldNotBeWritten(t *testing.T) {
	if _, err := NewDocument(model.Result{}, locale.English).WriteTo(fullDisk{}); !errors.Is(err, errFull) {
		t.Fatal(err)
	}
}
