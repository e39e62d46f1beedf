package main

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/scenario/traffic"
)

// TestScenarios runs the stories under scenario/: a ledger, traffic as readable lines, and what the product says of it.
func TestScenarios(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "../../scenario",
		Setup:         scenarioSetup,
		Cmds:          scenarioCommands(),
		Condition:     scenarioCondition,
		UpdateScripts: os.Getenv("UPDATE_SCENARIOS") != "",
	})
}

// scenarioSetup keeps the stories away from the data, the language and the clock's zone of whoever runs them.
func scenarioSetup(e *testscript.Env) error {
	for k, v := range map[string]string{
		"HOME": e.WorkDir, "MIMAWARI_DATA": filepath.Join(e.WorkDir, "data"), "MIMAWARI_LANG": "ja", "TZ": "Asia/Tokyo",
		"NEXT_YEAR": time.Now().AddDate(1, 0, 0).Format(time.DateOnly),
	} {
		e.Setenv(k, v)
	}
	return nil
}

// scenarioCondition: [root] whether the story runs as root, whom permissions do not stop.
func scenarioCondition(cond string) (bool, error) {
	if cond == "root" {
		return os.Geteuid() == 0, nil
	}
	return false, errUnknownCondition(cond)
}

func scenarioCommands() map[string]func(*testscript.TestScript, bool, []string) {
	all := scriptCommands()
	maps.Copy(all, map[string]func(*testscript.TestScript, bool, []string){
		"count": scenarioCount, "id": scenarioID, "word": scenarioWord, "spoil-at": scenarioSpoil, "newer": scenarioNewer, "hex": scenarioHex,
		"pcap": scenarioPcap, "xlsx": scenarioXLSX, "findings": scenarioFindings, "hosts": scenarioHosts, "sheets": scenarioSheets, "cut": scenarioCut,
		"spoil-entry": spoilEntry,
	})
	return all
}

// scenarioPcap makes a capture: pcap traffic.txt traffic.pcap
func scenarioPcap(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pcap LINES.txt OUT.pcap")
	}
	var b bytes.Buffer
	if err := traffic.Write(&b, ts.ReadFile(args[0])); err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o600))
}

// scenarioXLSX makes a workbook: xlsx ledger.csv ledger.xlsx [password]. A line [NAME] begins a sheet.
func scenarioXLSX(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: xlsx SHEETS.csv OUT.xlsx [PASSWORD]")
	}
	f := excelize.NewFile()
	defer f.Close()
	for i, part := range strings.Split("\n"+ts.ReadFile(args[0]), "\n[") {
		name, body, _ := strings.Cut(part, "]\n")
		if i == 0 {
			if name, body = "機器", part; strings.TrimSpace(part) == "" {
				continue
			}
		}
		ts.Check(addSheet(f, name, strings.TrimLeft(body, "\n")))
	}
	ts.Check(f.DeleteSheet("Sheet1"))
	var o excelize.Options
	if len(args) == 3 {
		o.Password = args[2]
	}
	ts.Check(f.SaveAs(ts.MkAbs(args[1]), o))
}

func addSheet(f *excelize.File, name, text string) error {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return fmt.Errorf("sheet %s: %w", name, err)
	}
	if _, err := f.NewSheet(name); err != nil {
		return err
	}
	for i, row := range rows {
		if err := f.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row); err != nil {
			return err
		}
	}
	return nil
}

// scenarioCut keeps the first part of a file: cut FILE OUT BYTES, or all but the last if BYTES is negative.
func scenarioCut(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: cut FILE OUT BYTES")
	}
	b := []byte(ts.ReadFile(args[0]))
	var n int
	if _, err := fmt.Sscan(args[2], &n); err != nil || n >= len(b) || n < -len(b) {
		ts.Fatalf("cut: bad length %s for %d bytes", args[2], len(b))
	}
	if n < 0 {
		n += len(b)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b[:n], 0o600))
}

// scenarioSpoil writes nonsense into a copy of a file: spoil-at FILE OUT OFFSET
func scenarioSpoil(ts *testscript.TestScript, _ bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	at, err := strconv.Atoi(args[2])
	ts.Check(err)
	for i := at; i < at+200 && i < len(b); i++ {
		b[i] = 0xee
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
}

// scenarioHex makes a file of bytes: hex DIGITS OUT
func scenarioHex(ts *testscript.TestScript, _ bool, args []string) {
	b, err := hex.DecodeString(args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), append(b, make([]byte, 4096)...), 0o600))
}

// scenarioNewer makes data look as if a newer version had written it: newer DATA-DIRECTORY
func scenarioNewer(ts *testscript.TestScript, _ bool, args []string) {
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(args[0]), store.FileName))
	ts.Check(err)
	_, err = db.Exec(`INSERT INTO migrations (name, digest, at_us) VALUES ('9999_of_tomorrow', 'x', 0)`)
	ts.Check(errors.Join(err, db.Close()))
}

// readDocument reads a patrol document and holds it against the schema: no story may print another shape.
func readDocument(ts *testscript.TestScript, name string) api.Document {
	text := ts.ReadFile(name)
	ts.Check(validDocument(text))
	var d api.Document
	ts.Check(json.Unmarshal([]byte(text), &d))
	return d
}

func validDocument(text string) error {
	s, err := jsonschema.NewCompiler().Compile("../../docs/schema/patrol-1.json")
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

// scenarioFindings compares findings: findings out.json want.txt [-only RULES] [-ignore RULES]
//
// A line is "rule severity address" of the first asset, and the state if it is not open. RULES are joined by commas; line.* is a family.
func scenarioFindings(ts *testscript.TestScript, neg bool, args []string) {
	args, only, ignore := pickRules(ts, args)
	if neg || len(args) != 2 {
		ts.Fatalf("usage: findings OUT.json WANT.txt [-only RULES] [-ignore RULES]")
	}
	var got []string
	for _, f := range readDocument(ts, args[0]).Findings {
		if len(only) > 0 && !matchesRule(only, f.Rule) || matchesRule(ignore, f.Rule) {
			continue
		}
		ip := "-"
		if len(f.Assets) > 0 && f.Assets[0].IP != "" {
			ip = f.Assets[0].IP
		}
		line := fmt.Sprintf("%s %s %s", f.Rule, f.Severity, ip)
		if f.State != "open" {
			line += " " + string(f.State)
		}
		got = append(got, line)
		if strings.ContainsAny(f.Title+f.Why+f.Todo, "{}") || strings.Contains(f.Title+f.Why+f.Todo, "?") {
			ts.Fatalf("%s has a hole in its words: %s / %s / %s", f.Rule, f.Title, f.Why, f.Todo)
		}
	}
	compareLines(ts, got, args[1])
}

// scenarioCount wants how often a rule was seen: count out.json RULE N
func scenarioCount(ts *testscript.TestScript, _ bool, args []string) {
	for _, f := range readDocument(ts, args[0]).Findings {
		if f.Rule == args[1] && fmt.Sprint(f.Count) != args[2] {
			ts.Fatalf("%s was counted %d times, want %s", f.Rule, f.Count, args[2])
		}
	}
}

// scenarioID puts the id of a finding into a variable: id out.json RULE ADDRESS VARIABLE
func scenarioID(ts *testscript.TestScript, _ bool, args []string) {
	for _, f := range readDocument(ts, args[0]).Findings {
		if f.Rule == args[1] && len(f.Assets) > 0 && f.Assets[0].IP == args[2] {
			ts.Setenv(args[3], f.ID)
			return
		}
	}
	ts.Fatalf("no finding %s of %s", args[1], args[2])
}

// scenarioWord puts the first word with a beginning into a variable: word FILE BEGINNING VARIABLE
func scenarioWord(ts *testscript.TestScript, _ bool, args []string) {
	for _, w := range strings.Fields(ts.ReadFile(args[0])) {
		if strings.HasPrefix(w, args[1]) {
			ts.Setenv(args[2], w)
			return
		}
	}
	ts.Fatalf("no word that begins with %s", args[1])
}

func pickRules(ts *testscript.TestScript, args []string) (rest, only, ignore []string) {
	for i := 0; i < len(args); i++ {
		if args[i] != "-only" && args[i] != "-ignore" {
			rest = append(rest, args[i])
			continue
		}
		if i+1 == len(args) {
			ts.Fatalf("%s needs rules", args[i])
		}
		rules := strings.Split(args[i+1], ",")
		if args[i] == "-only" {
			only = rules
		} else {
			ignore = rules
		}
		i++
	}
	return rest, only, ignore
}

func matchesRule(rules []string, rule string) bool {
	return slices.ContainsFunc(rules, func(r string) bool {
		head, family := strings.CutSuffix(r, "*")
		return r == rule || family && strings.HasPrefix(rule, head)
	})
}

// scenarioHosts compares hosts: hosts out.json want.txt. A line is "address class ledger-name", "-" for what is not there.
func scenarioHosts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hosts OUT.json WANT.txt")
	}
	var got []string
	for _, h := range readDocument(ts, args[0]).Hosts {
		ip, class, name := "-", "-", "-"
		if len(h.IPs) > 0 {
			ip = h.IPs[0].String()
		}
		if h.Class != "" {
			class = string(h.Class)
		}
		if h.Ledger != nil {
			name = h.Ledger.Name
		}
		got = append(got, ip+" "+class+" "+name)
	}
	compareLines(ts, got, args[1])
}

// compareLines compares without order; lines that begin with # and blank ones do not count.
func compareLines(ts *testscript.TestScript, got []string, file string) {
	var want []string
	for _, l := range strings.Split(ts.ReadFile(file), "\n") {
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
			want = append(want, strings.Join(strings.Fields(l), " "))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		ts.Fatalf("%s: (-want +got)\n%s\ngot:\n%s", file, d, strings.Join(got, "\n"))
	}
}

// scenarioSheets wants a workbook's sheets: sheets FILE NAME=ROWS... Rows are those with something in them.
func scenarioSheets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: sheets FILE.xlsx NAME=ROWS...")
	}
	f, err := excelize.OpenFile(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	var got []string
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		ts.Check(err)
		n := 0
		for _, r := range rows {
			if strings.Join(r, "") != "" {
				n++
			}
		}
		got = append(got, fmt.Sprintf("%s=%d", name, n))
	}
	if !slices.Equal(got, args[1:]) {
		ts.Fatalf("sheets are %v, want %v", got, args[1:])
	}
}
