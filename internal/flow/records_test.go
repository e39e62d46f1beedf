package flow

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestRecords(t *testing.T) {
	c := seg{src: host1, dst: outer, sport: 40000, dport: 80, vlan: 12}
	flows, _ := run(t, Config{}, append(talk(c, 1_700_000_000*sec), seg{src: host1, dst: host2, sport: 5, dport: 6, data: "x"}.udp(sec)))
	write := func(f Format) string {
		var b bytes.Buffer
		w, err := NewWriter(&b, f)
		if err != nil {
			t.Fatal(err)
		}
		for i := range flows {
			w.Write(&flows[i])
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	lines := strings.Split(strings.TrimSpace(write(Zeek)), "\n")
	if lines[0] != `#separator \x09` || len(lines) != 9 {
		t.Fatalf("%d lines, first %q", len(lines), lines[0])
	}
	names, types := strings.Split(lines[5], "\t"), strings.Split(lines[6], "\t")
	if names[0] != "#fields" || names[1] != "ts" || types[0] != "#types" || len(names) != len(types) || len(names) != len(fields)+1 {
		t.Errorf("%q %q", names, types)
	}
	columns := strings.Split(lines[7], "\t")
	if want := "1700000000.000000\t" + columns[1] + "\t10.0.0.1\t40000\t198.51.100.7\t80\ttcp\t-\t0.000000\t5\t2\tSF\tT\tF\t0\tShADdFf\t5\t217\t3\t122\t-\t02:00:00:00:00:01\t02:00:00:00:00:07\t12\t-"; lines[7] != want {
		t.Errorf("got  %q\nwant %q", lines[7], want)
	}
	if u := columns[1]; len(u) != 18 || u[0] != 'C' || u != uid(&flows[0]) || u == uid(&flows[1]) {
		t.Errorf("uid %q", u)
	}
	rows, err := csv.NewReader(strings.NewReader(write(CSV))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][2] != "10.0.0.1" || rows[2][8] != "" {
		t.Errorf("%v %v", rows, err)
	}
	var o map[string]any
	if err := json.Unmarshal([]byte(strings.Split(write(JSON), "\n")[0]), &o); err != nil {
		t.Fatal(err)
	}
	if o["id.resp_p"] != 80.0 || o["local_orig"] != true || o["local_resp"] != false || o["history"] != "ShADdFf" || o["service"] != nil {
		t.Errorf("%v", o)
	}
	if _, err := NewWriter(nil, "xml"); err == nil {
		t.Error("xml was taken")
	}
}

func TestRecordTimes(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, Zeek)
	if err != nil {
		t.Fatal(err)
	}
	w.Opened, w.Closed = time.Date(2026, 4, 1, 9, 5, 0, 0, time.UTC), time.Date(2026, 4, 1, 9, 6, 7, 0, time.UTC)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 10 || lines[5] != "#open\t2026-04-01-09-05-00" || lines[8] != "#close\t2026-04-01-09-06-07" {
		t.Errorf("%q", lines)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestRecordsOnAFullDisk(t *testing.T) {
	w, err := NewWriter(full{}, Zeek)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil {
		t.Error("no error")
	}
}
