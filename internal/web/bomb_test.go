package web_test

import (
	"archive/zip"
	"bytes"
	"testing"
)

// bomb is a workbook of some hundred kilobytes whose sheet is 300 MB of nothing.
func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, size := range map[string]int{"[Content_Types].xml": 1 << 20, "xl/workbook.xml": 1 << 20, "xl/worksheets/sheet1.xml": 300 << 20, "xl/sharedStrings.xml": 1 << 20} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		block := make([]byte, 1<<20)
		for range size >> 20 {
			if _, err := w.Write(block); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
