package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Times that no clock of ours can have said are troubles of their line; what is stored can be read again.
func TestImpossibleTimes(t *testing.T) {
	const good = `{"_path":"conn","ts":"2026-01-01T00:00:00Z","id.orig_h":"10.0.0.1","id.orig_p":40000,"id.resp_h":"10.0.0.2","id.resp_p":22,"proto":"tcp","conn_state":"SF","orig_pkts":3,"resp_pkts":3}` + "\n"
	f := func(ts string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "conn.log")
		bad := `{"_path":"conn","ts":` + ts + `,"id.orig_h":"10.0.0.3","id.orig_p":40000,"id.resp_h":"10.0.0.2","id.resp_p":22,"proto":"tcp","duration":9e9,"conn_state":"SF"}` + "\n"
		if err := os.WriteFile(path, []byte(good+bad), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := patrolOf(t, 1, path)
		if err != nil {
			t.Errorf("ts %s: %v", ts, err)
			return
		}
		if y := out.Patrol.Last.Year(); !out.Partial || len(out.Hosts) == 0 || y != 2026 {
			t.Errorf("ts %s: partial %v, %d hosts, last seen in the year %d", ts, out.Partial, len(out.Hosts), y)
		}
	}
	f(`253402300800.5`) // the first second of the year 10000
	f(`"9999-12-31T23:59:59-23:00"`)
	f(`"0000-01-01T00:00:00+23:00"`)
	f(`-1`)
	f(`1e300`)
	f(`9223372036854775807`)
}

// A file's date can be anything.
func TestImpossibleFileDates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "arp.txt")
	if err := os.WriteFile(path, []byte("? (10.0.0.1) at 00:1b:21:00:00:01 [ether] on eth0\n? (10.0.0.2) at 00:1b:21:00:00:02 [ether] on eth0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{time.Date(-3, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(-1, 0)} {
		if err := os.Chtimes(path, at, at); err != nil {
			t.Skipf("the file system takes no such date: %v", err)
		}
		out, err := patrolOf(t, 1, path)
		if err != nil || len(out.Bindings) == 0 {
			t.Errorf("date %v: %v, %+v", at, err, out)
		}
	}
}
