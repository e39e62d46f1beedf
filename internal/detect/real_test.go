package detect_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/catalog"
	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/detect"
	"github.com/mimawari/mimawari/internal/detect/rhythm"
	"github.com/mimawari/mimawari/internal/flow"
	"github.com/mimawari/mimawari/internal/inventory"
	"github.com/mimawari/mimawari/internal/model"
)

// bounds is how many findings of a rule all real captures together may give: fewer, and a rule has gone blind; more, and it floods.
type bounds struct{ floor, ceiling int }

// realFindings: what was counted and looked at one by one, with a little room. Rules that are not here must stay silent: the captures
// come without a ledger.
var realFindings = map[string]bounds{
	"inventory.duplicate_ip":  {2, 9},
	"service.smb1":            {10, 14},
	"service.telnet":          {1, 2},
	"service.cleartext_login": {5, 9},
	"line.tethering":          {7, 10},
	"line.tunnel":             {3, 6},
	"line.remote_control":     {1, 4},
	"capture.blind":           {3, 5},
	"inventory.public_source": {0, 1},
	"inventory.mac_change":    {0, 1},
	// nmap against a server of the laboratory, and against a host of the internet.
	"detect.scan.ports": {2, 2},
	// dnscat2 twice, iodine.
	"detect.c2.dns_tunnel": {3, 3},
	// Attack tools of two laboratories, one by one by their files' names; TestConformConduct names them.
	"detect.lateral.service": {12, 13},
	"detect.lateral.task":    {3, 3},
	"detect.lateral.wmi":     {15, 16},
	"detect.lateral.dcom":    {4, 5},
	"detect.lateral.winrm":   {3, 4},
	"detect.cred.dcsync":     {1, 1},
	"detect.cred.backupkey":  {1, 1},
	"detect.cred.zerologon":  {1, 1},
	"detect.cred.bruteforce": {1, 1},
	"detect.discovery.ad":    {6, 7},
}

func TestFindingsOfRealCaptures(t *testing.T) {
	tools, err := detect.LoadTools(catalog.FS)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	files := realCaptures(t)
	for _, f := range files {
		seen, rec := seenIn(t, f, tools)
		hosts := inventory.Build(inventory.Input{Seen: seen})
		for _, x := range slices.Concat(detect.Run(detect.Input{Seen: seen, Hosts: hosts, Tools: tools, Rhythm: rec}), inventory.Drift(inventory.DriftInput{Seen: seen, Hosts: hosts})) {
			if x.Rule != inventory.RuleNoLedger {
				count[x.Rule]++
				t.Logf("%s: %s %s %v", filepath.Base(f), x.Rule, x.Severity, x.Params)
			}
		}
	}
	for rule, n := range count {
		if n > realFindings[rule].ceiling {
			t.Errorf("%s: %d findings in %d captures, at most %d expected", rule, n, len(files), realFindings[rule].ceiling)
		}
	}
	for rule, b := range realFindings {
		if count[rule] < b.floor {
			t.Errorf("%s: %d findings in %d captures, at least %d expected", rule, count[rule], len(files), b.floor)
		}
	}
}

// realCaptures lists the captures of the data that MIMAWARI_SHARED names or that lies in ../shared beside the repository.
func realCaptures(t *testing.T) (files []string) {
	t.Helper()
	root := os.Getenv("MIMAWARI_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	root = filepath.Join(root, "data", "captures")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(path, ".gz")
		if !d.IsDir() && slices.Contains([]string{".pcap", ".pcapng", ".cap"}, filepath.Ext(name)) {
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) < 300 {
		t.Skip("the test captures are not here: set MIMAWARI_SHARED to the folder that has data/captures")
	}
	return files
}

// seenIn reads one capture as a patrol does; damage in it is no failure.
func seenIn(t *testing.T, file string, tools []detect.Tool) (*model.Seen, *rhythm.Recorder) {
	t.Helper()
	src, err := capture.Open(file, nil, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	rec := &rhythm.Recorder{}
	p := flow.New(flow.Config{Shards: 1, Watched: detect.Watched(tools), OnFlow: rec.Flow})
	var damage *capture.Damage
	if err := p.Run(context.Background(), src); err != nil && !errors.As(err, &damage) {
		t.Fatalf("%s: %v", file, err)
	}
	return p.Finish(), rec
}
