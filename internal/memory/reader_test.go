package memory

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// A reader that shares no code with ours reads the same rows. scripts/test-setup.sh installs it; `make test` runs that.
func TestIndependentReader(t *testing.T) {
	modules, err := filepath.Abs("../../.cache/parquet")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "node_modules", "hyparquet-compressors")); err != nil {
		t.Skip("hyparquet is not installed: run scripts/test-setup.sh")
	}
	s := &Files{Dir: t.TempDir()}
	const n = 5000
	fill(t, s, 1, n)
	fill(t, s, 1, n)
	if err := s.Compact(t.Context(), morning.AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	files, err := s.list(dayOf(morning.UnixMilli()))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	out, err := exec.Command("node", "testdata/read.mjs", modules, files[0].path).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, err.(*exec.ExitError).Stderr)
	}
	var got struct {
		Version string
		Rows    []struct {
			Row
			First time.Time `json:"first"` // written as such: the column says that it is a time
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	found, err := s.Hunt(t.Context(), Query{Limit: 2 * n})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(found.Rows, func(a, b Row) int { return compare(&a, &b) })
	if got.Version != "1" || len(got.Rows) != n || len(found.Rows) != n {
		t.Fatalf("version %q, %d rows, we read %d", got.Version, len(got.Rows), len(found.Rows))
	}
	for i, r := range got.Rows {
		if r.Row.First = r.First.UnixMilli(); r.Row != found.Rows[i] {
			t.Fatalf("row %d: %+v, we read %+v", i, r.Row, found.Rows[i])
		}
	}
}
