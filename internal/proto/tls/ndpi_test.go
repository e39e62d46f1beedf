package tls_test

import (
	"bufio"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/prototest"
)

var ja4InReport = regexp.MustCompile(`\[JA4: ([a-z0-9_]+)\]`)

func readReport(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = bufio.NewReader(f)
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(r); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// captureOf finds the capture that a report is about.
func captureOf(report string) string {
	base := strings.TrimSuffix(strings.TrimSuffix(report, ".gz"), ".out")
	for _, p := range []string{base, base + ".gz"} {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return ""
}

// plainJA4 blanks where nDPI leaves the specification (FoxIO, technical_details/JA4.md): it writes d for a client without
// server name and i for one that names an address, takes the first two characters of the ALPN instead of the first and the last,
// has no version for old DTLS, and hashes an empty list of extensions instead of writing zeros.
func plainJA4(s string) string {
	s = strings.Replace(s, "ds3", "d00", 1)
	s = strings.Replace(s, "e3b0c44298fc", "000000000000", 1)
	b := []byte(s)
	b[3], b[9] = '.', '.'
	return string(b)
}

// elsewhere are captures in which the hello is not ours to find here, with the reason.
var elsewhere = map[string]string{
	"capwap_data.pcapng":     "DTLS inside CAPWAP",
	"tls_invalid_reads.pcap": "the hello is longer than what was captured of it",
}

// Every fingerprint that nDPI reports for a capture must be found by us in the same capture.
func TestJA4AgainstNDPI(t *testing.T) {
	dir := prototest.Shared(t, "captures/ndpi")
	reports, err := filepath.Glob(filepath.Join(dir, "*.out*"))
	if err != nil || len(reports) == 0 {
		t.Fatalf("no reports in %s: %v", dir, err)
	}
	want, miss := 0, 0
	for _, rep := range reports {
		capture := captureOf(rep)
		found := ja4InReport.FindAllStringSubmatch(readReport(t, rep), -1)
		if capture == "" || len(found) == 0 {
			continue
		}
		have := map[string]bool{}
		obs, _ := prototest.Run(t, capture)
		for _, o := range obs {
			if o.Kind == model.TLSJA4 {
				have[plainJA4(o.Value)] = true
			}
		}
		seen := map[string]bool{}
		for _, m := range found {
			if seen[m[1]] {
				continue
			}
			seen[m[1]] = true
			want++
			if _, ok := elsewhere[filepath.Base(capture)]; !have[plainJA4(m[1])] && !ok {
				miss++
				t.Logf("%s: %s not found, have %v", filepath.Base(capture), m[1], keys(have))
			}
		}
	}
	t.Logf("%d of %d fingerprints found", want-miss, want)
	if want < 140 || miss > 0 {
		t.Errorf("%d of %d fingerprints missing", miss, want)
	}
}

func keys(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}
