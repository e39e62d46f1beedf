package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mimawari/mimawari/scenario/traffic"
)

// program is the product as a process of its own: the test's binary under the product's name.
type program struct {
	t         *testing.T
	path, dir string
}

func newProgram(t *testing.T) program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := program{t, filepath.Join(t.TempDir(), "mimawari"), t.TempDir()}
	if err := os.Symlink(self, p.path); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	return p
}

func (p program) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, p.path, args...)
	c.Dir = p.dir
	c.Env = append(os.Environ(), "MIMAWARI_DATA="+filepath.Join(p.dir, "data"), "MIMAWARI_LANG=ja", "MIMAWARI_DATABASE=")
	return c
}

// run gives exit code and output, both streams.
func (p program) run(args ...string) (int, string) {
	p.t.Helper()
	out, err := p.command(p.t.Context(), args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	if exit != nil {
		return exit.ExitCode(), string(out)
	}
	return 0, string(out)
}

// want runs and wants an exit code and words.
func (p program) want(code int, words string, args ...string) string {
	p.t.Helper()
	got, out := p.run(args...)
	if got != code || !strings.Contains(out, words) {
		p.t.Fatalf("mimawari %s: exit %d, want %d with %q:\n%s", strings.Join(args, " "), got, code, words, tail(out, 3000))
	}
	return out
}

func (p program) capture(name, lines string) string {
	p.t.Helper()
	var b bytes.Buffer
	if err := traffic.Write(&b, lines); err != nil {
		p.t.Fatal(err)
	}
	p.file(name, b.Bytes())
	return name
}

func (p program) file(name string, b []byte) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), b, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

// busy is a network of machines that are all seen.
func busy(machines int) string {
	var b strings.Builder
	for i := range machines {
		fmt.Fprintf(&b, "09:%02d:00 10.1.%d.%d > 10.1.0.5:445 smb1 negotiate\n", i%60, 1+i/200, 1+i%200)
	}
	return b.String()
}

// Every document holds against the schema: nothing seen, much seen, in both languages, and real captures where they are.
func TestDocumentsKeepTheSchema(t *testing.T) {
	p := newProgram(t)
	p.file("l.csv", []byte("機器名,IPアドレス\nPC1,10.1.1.1\nPC2,10.1.1.1\n"))
	p.file("empty.pcap", nil)
	cases := map[string][]string{
		"busy":    {p.capture("busy.pcap", busy(300)), "--ledger", "l.csv"},
		"again":   {p.capture("again.pcap", "2026-04-02T09:00:00 10.1.1.1 > 10.1.0.5:445 smb2 negotiate"), "--lang", "en"},
		"nothing": {"empty.pcap", "--data", "nothing"},
		"broken":  {p.capture("busy.pcap", busy(3)), "nowhere.pcap", "--data", "broken"},
	}
	for i, c := range realCaptures(t) {
		cases[fmt.Sprint(i, filepath.Base(c))] = []string{c, "--data", "real"}
	}
	for _, name := range []string{"busy", "again"} { // in this order
		p.document(name, cases[name])
		delete(cases, name)
	}
	for name, args := range cases {
		p.document(name, args)
	}
}

func (p program) document(name string, args []string) {
	p.t.Helper()
	var out bytes.Buffer
	c := p.command(p.t.Context(), append([]string{"patrol", "--json", "-q"}, args...)...)
	c.Stdout = &out
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitPartial) {
		p.t.Errorf("%s: %v", name, err)
	}
	if err := validDocument(out.String()); err != nil {
		p.t.Errorf("%s: %v", name, err)
	}
}

// realCaptures gives some captures of the shared data, or none where it is not.
func realCaptures(t *testing.T) []string {
	t.Helper()
	shared := os.Getenv("MIMAWARI_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	shared, err := filepath.Abs(shared)
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(filepath.Join(shared, "data", "captures", "*", "*.pcap*"))
	if err != nil || len(all) == 0 {
		t.Log("no shared captures here: only made ones are tried")
		return nil
	}
	all = slices.DeleteFunc(all, func(name string) bool { return strings.Contains(filepath.Base(name), ".out") }) // another program's results
	var some []string
	for i := 0; i < len(all); i += max(1, len(all)/25) {
		if st, err := os.Stat(all[i]); err == nil && st.Size() < 20<<20 {
			some = append(some, all[i])
		}
	}
	return some
}

// Killed at any moment the data stays whole, nobody holds it, and the next patrol goes on.
func TestKilledAtAnyMoment(t *testing.T) {
	p := newProgram(t)
	big := p.capture("big.pcap", busy(600))
	p.want(exitClean, "台が見えました", "patrol", p.capture("first.pcap", busy(20)), "-q")
	rnd := rand.New(rand.NewPCG(1, 2))
	began := time.Now()
	p.want(exitClean, "", "patrol", big, "-q", "--data", "measure")
	whole := time.Since(began)
	for i := range 14 {
		c := p.command(t.Context(), "patrol", big, "-q")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		after := whole/10 + time.Duration(rnd.Int64N(int64(whole)))
		time.Sleep(after)
		_ = c.Process.Kill() // it may have ended by itself
		_ = c.Wait()
		if code, out := p.run("db", "check"); code != 0 {
			t.Fatalf("round %d, killed after %v: %s", i, after, out)
		}
	}
	p.want(exitClean, "601 台が見えました", "patrol", big, "-q")
	p.want(exitClean, "傷はありません", "db", "check")
}

// Stopped by Ctrl-C while it reads, it says that nothing of it is kept.
func TestStoppedWhileReading(t *testing.T) {
	p := newProgram(t)
	p.want(exitClean, "", "patrol", p.capture("first.pcap", busy(3)), "-q")
	var out bytes.Buffer
	c := p.command(t.Context(), "patrol", "-", "-q")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(p.dir, "first.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(b); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second) // it waits for more
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	in.Close() // a read that waits can't be broken off; the end of input frees it
	err = c.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitPartial || !strings.Contains(out.String(), "途中で止めた") {
		t.Errorf("%v: %s", err, out.String())
	}
	p.want(exitClean, "合計 4 件", "hosts")
}

// A full disk: said in words, nothing half written, and with space again it goes on.
func TestFullDisk(t *testing.T) {
	p := newProgram(t)
	disk := filepath.Join(p.dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := smallDisk(disk, "6m"); err != nil {
		t.Skip("a small disk can be made only by root:", err)
	}
	t.Cleanup(func() { _ = unmount(disk) })
	small, big := p.capture("small.pcap", busy(5)), p.capture("big.pcap", busy(3000))
	p.want(exitClean, "", "patrol", small, "-q", "--data", "disk/data")
	fill(t, filepath.Join(disk, "junk"))
	p.want(exitPartial, "ディスクがいっぱい", "patrol", big, "-q", "--data", "disk/data")
	p.want(exitPartial, "ディスクがいっぱい", "patrol", small, "-q", "--data", "elsewhere", "--report", "disk/out.html")
	if left, _ := filepath.Glob(filepath.Join(disk, "*.html")); len(left) > 0 {
		t.Errorf("half a report is left: %v", left)
	}
	if left, _ := filepath.Glob(filepath.Join(disk, ".mimawari*")); len(left) > 0 {
		t.Errorf("a half-written file is left: %v", left)
	}
	if err := os.Remove(filepath.Join(disk, "junk")); err != nil {
		t.Fatal(err)
	}
	p.want(exitClean, "傷はありません", "db", "check", "--data", "disk/data")
	p.want(exitClean, "前回から", "patrol", small, "-q", "--data", "disk/data")
}

// fill writes until there is no room left.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 16; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}

// The pages: served on this machine, refused where the port or the data is taken, and ended by a signal.
func TestServe(t *testing.T) {
	p := newProgram(t)
	p.want(exitClean, "", "patrol", p.capture("a.pcap", busy(3)), "-q")
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p.want(exitPartial, "ほかのプログラムが使っています", "serve", "--listen", taken.Addr().String())

	c := p.command(t.Context(), "serve", "--listen", "127.0.0.1:0")
	errw, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 300)
	n, _ := errw.Read(line)
	url := regexp.MustCompile(`http://[0-9.:]+/`).FindString(string(line[:n]))
	// Nothing answers before there is an administrator; then nobody gets in without signing in.
	if body := get(t, url+"hosts", ""); !strings.Contains(body, "最初の管理者を決める") || strings.Contains(body, "10.1.1.1") {
		t.Errorf("before the set-up: %s", tail(body, 500))
	}
	p.want(exitClean, "管理者", "users", "add", "sato", "--role", "administrator")
	if body := get(t, url+"hosts", ""); !strings.Contains(body, "サインイン") || strings.Contains(body, "10.1.1.1") {
		t.Errorf("before the sign-in: %s", tail(body, 500))
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, key, _ := strings.Cut(p.want(exitClean, "/enter?key=", "users", "link", "sato", "--url", url), "key=")
	client := &http.Client{Jar: jar}
	res, err := client.PostForm(url+"enter", neturl.Values{"key": {strings.Fields(key)[0]}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	http.DefaultClient.Jar = jar
	t.Cleanup(func() { http.DefaultClient.Jar = nil })
	for path, words := range map[string]string{"": "みまわり", "hosts": "10.1.1.1", "findings": "SMBv1", "api/v1/hosts": `"total"`} {
		if body := get(t, url+path, ""); !strings.Contains(body, words) {
			t.Errorf("/%s lacks %q: %s", path, words, tail(body, 500))
		}
	}
	token := strings.Fields(p.want(exitClean, "mmw_", "token", "create", "監視", "--owner", "sato"))[0]
	http.DefaultClient.Jar = nil
	for header, words := range map[string]string{"": "web.sign_in_first", "Bearer " + token: `"total"`, "Bearer mmw_x": "web.sign_in_first"} {
		if body := get(t, url+"api/v1/hosts", header); !strings.Contains(body, words) {
			t.Errorf("with %q: %s", header, tail(body, 500))
		}
	}
	p.want(exitPartial, "ほかのみまわりが使っています", "serve", "--listen", "127.0.0.1:0")
	p.want(exitClean, "前回から", "patrol", "a.pcap", "-q") // a patrol runs beside the pages
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func get(t *testing.T, url, authorization string) string {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Accept-Language", "ja")
	if authorization != "" {
		q.Header.Set("Authorization", authorization)
	}
	r, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A ledger of 50,000 rows is read, compared and remembered while somebody waits.
func TestLedgerOfFiftyThousandRows(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	p := newProgram(t)
	var b strings.Builder
	b.WriteString("機器名,IPアドレス,設置場所,備考\n")
	for i := range 50000 {
		fmt.Fprintf(&b, "PC-%05d,10.%d.%d.%d,%dF 診察室,備考 %d\n", i, 100+i/40000, i/200%200, 1+i%200, i%9, i)
	}
	p.file("big.csv", []byte(b.String()))
	began := time.Now()
	p.want(exitClean, "台帳は 50000 件", "patrol", p.capture("a.pcap", busy(20)), "-q", "--ledger", "big.csv")
	first := time.Since(began)
	began = time.Now()
	p.want(exitClean, "台帳は 50000 件", "patrol", "a.pcap", "-q")
	t.Logf("with import %v, from memory %v", first, time.Since(began))
	if first > 60*time.Second {
		t.Errorf("took %v", first)
	}
}
