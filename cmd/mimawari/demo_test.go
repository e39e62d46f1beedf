package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	neturl "net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/hospitalsim"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// mimawari runs the real main with the words in English.
func mimawari(t *testing.T, want int, args ...string) (out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	if got := run(append([]string{"--lang", "en"}, args...), strings.NewReader(""), &o, &e); got != want {
		t.Fatalf("mimawari %v: exit %d, want %d\n%s%s", args, got, want, o.String(), e.String())
	}
	return o.String(), e.String()
}

// findingsOf gives what the patrol of a demo directory left.
func findingsOf(t *testing.T, dir string) []model.Finding {
	t.Helper()
	out, _ := mimawari(t, exitClean, "findings", "--data", filepath.Join(dir, "data"), "--state", "all", "--json")
	var doc struct{ Findings []model.Finding }
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	return doc.Findings
}

// tells reports whether f is the finding that p must yield: the rule, and the machine, and what else there is.
func tells(f *model.Finding, p *hospitalsim.Planted) bool {
	if f.Rule != p.Rule {
		return false
	}
	machine := p.IP == "" || slices.ContainsFunc(f.Assets, func(a model.Asset) bool { return a.IP == p.IP || a.MAC != "" && a.MAC == p.MAC })
	if p.Value == "" {
		return machine
	}
	value := slices.ContainsFunc(f.Assets, func(a model.Asset) bool { return a.Label == p.Value })
	for _, v := range f.Params {
		value = value || strings.Contains(v, p.Value)
	}
	return machine && value
}

// The patrol finds all that was hidden, and nothing else.
func TestDemoFindsWhatIsHidden(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	out, errs := mimawari(t, exitClean, "demo", "--dir", dir)
	if !strings.Contains(out, "hosts seen") || !strings.Contains(errs, "manifest.json") {
		t.Errorf("the summary says little:\n%s%s", out, errs)
	}
	m, err := hospitalsim.ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	reused(t, dir, asHidden(t, dir, &m))
}

// asHidden compares what the patrol of dir found with what was hidden in it, and gives the number of findings.
func asHidden(t *testing.T, dir string, m *hospitalsim.Manifest) int {
	t.Helper()
	found := findingsOf(t, dir)
	explained := map[string]bool{}
	for _, p := range m.Planted {
		n := 0
		for i := range found {
			if tells(&found[i], &p) {
				n++
				explained[found[i].ID] = true
			}
		}
		if n != 1 {
			t.Errorf("%d findings for %+v", n, p)
		}
	}
	for _, f := range found {
		if !explained[f.ID] {
			t.Errorf("nobody hid this: %s %s %v %v", f.Severity, f.Rule, f.Params, f.Assets)
		}
	}
	for _, p := range m.NearMisses {
		p.Value = ""
		for i := range found {
			if tells(&found[i], &p) {
				t.Errorf("%s fired on a near miss: %+v", p.Rule, p)
			}
		}
	}
	return len(found)
}

// It is not the seed that makes the patrol find everything, and more traffic makes it find no more.
func TestOtherHospitals(t *testing.T) {
	all := []hospitalsim.Options{{Seed: 1}, {Seed: 2}}
	if os.Getenv("MIMAWARI_LARGE") != "" {
		all = append(all, hospitalsim.Options{Seed: 4, Size: hospitalsim.Large, Bytes: 200_000_000})
	}
	for _, o := range all {
		dir := t.TempDir()
		m, err := hospitalsim.Write(t.Context(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d, %s", o.Seed, o.Size)
		mimawari(t, exitClean, append([]string{"patrol", "--ledger", filepath.Join(dir, hospitalsim.LedgerFile), "--data", filepath.Join(dir, "data")}, m.Sources(dir)...)...)
		asHidden(t, dir, &m)
	}
}

// reused runs the demo again: nothing is made anew, and the same findings are there.
func reused(t *testing.T, dir string, findings int) {
	t.Helper()
	path := filepath.Join(dir, hospitalsim.MorningFile)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, errs := mimawari(t, exitClean, "demo", "--dir", dir); !strings.Contains(errs, "made before") {
		t.Errorf("does not say that the sample is used again: %s", errs)
	}
	if after, err := os.Stat(path); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the capture was made anew: %v", err)
	}
	if again := findingsOf(t, dir); len(again) != findings {
		t.Errorf("%d findings the second time, %d the first", len(again), findings)
	}
	serves(t, dir)
	remade(t, dir)
}

// serves opens the pages of the sample, until it is interrupted.
func serves(t *testing.T, dir string) {
	t.Helper()
	r, w := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- run([]string{"--lang", "en", "demo", "--dir", dir, "--serve", "--listen", "127.0.0.1:0"}, strings.NewReader(""), io.Discard, w)
		w.Close()
	}()
	url := ""
	var said bytes.Buffer
	for b := make([]byte, 512); url == ""; {
		n, err := r.Read(b)
		said.Write(b[:n])
		if err != nil {
			t.Fatalf("no pages: %v\n%s", err, said.String())
		}
		url = regexp.MustCompile(`http://127\.0\.0\.1:\d+/enter\?key=\S+`).FindString(said.String())
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	base, key, _ := strings.Cut(url, "/enter?key=")
	if res, err := http.Get(base + "/"); err != nil || res.Request.URL.Path != "/signin" {
		t.Errorf("without the link: %v, %v", res.Request.URL, err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Jar: jar}).PostForm(base+"/enter", neturl.Values{"key": {key}})
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || res.StatusCode != http.StatusOK || !bytes.Contains(page, []byte("10.1.0.45")) {
		t.Errorf("%s: %s, %d bytes, %v", url, res.Status, len(page), err)
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Signal(os.Interrupt)
	}
	if err != nil {
		t.Fatal(err)
	}
	if code := <-done; code != exitClean {
		t.Errorf("exit %d after the interrupt", code)
	}
}

// remade: another sample in the same place does not get among the results of the first.
func remade(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, hospitalsim.ARPFile)
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	mimawari(t, exitClean, "demo", "--dir", dir, "--make-only")
	if b, err := os.ReadFile(path); err != nil || len(b) < 100 {
		t.Errorf("the damaged file was not made anew: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); !os.IsNotExist(err) {
		t.Errorf("results of the sample before are still there: %v", err)
	}
}

func TestDemoPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, errs := mimawari(t, exitPartial, "demo", "--dir", filepath.Join(t.TempDir(), "demo"), "--serve", "--listen", l.Addr().String())
	if !strings.Contains(errs, l.Addr().String()) || !strings.Contains(errs, "--listen") {
		t.Errorf("does not say what to do: %s", errs)
	}
}

func TestDemoNowhereToWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs := mimawari(t, exitPartial, "demo", "--dir", filepath.Join(file, "demo")); !strings.Contains(errs, file) {
		t.Errorf("does not say where: %s", errs)
	}
}

func TestDemoStopped(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var errs bytes.Buffer
	s := &session{in: strings.NewReader(""), out: io.Discard, err: &errs, lang: locale.English}
	var ex exitError
	if err := s.demo(ctx, &demoFlags{dir: dir, size: "small"}); !errors.As(err, &ex) || ex.code != exitPartial || !strings.Contains(errs.String(), "Stopped") {
		t.Errorf("%v %s", err, errs.String())
	}
	if _, err := hospitalsim.ReadManifest(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a sample is taken for a whole one: %v", err)
	}
}

func TestDemoUsage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	for _, args := range [][]string{{"--size", "huge"}, {"--bytes", "100000000"}, {"--size", "large", "--bytes", "5"}, {"--serve", "--make-only"}, {"more"}} {
		mimawari(t, exitUsage, append([]string{"demo", "--dir", dir}, args...)...)
	}
	t.Setenv("MIMAWARI_DATABASE", "postgres://localhost/real")
	if _, errs := mimawari(t, exitUsage, "demo", "--dir", dir); !strings.Contains(errs, "MIMAWARI_DATABASE") {
		t.Errorf("does not say why: %s", errs)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("something was made in spite of the mistake")
	}
}
