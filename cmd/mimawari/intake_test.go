package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/app"
)

// serving is `mimawari serve` as a process that can be killed.
type serving struct {
	p       program
	cmd     *exec.Cmd
	url     string
	session string // of whoever is signed in
}

// link makes an administrator and gives the key of a link that signs them in.
func (p program) link(data string) string {
	p.t.Helper()
	p.want(exitClean, "", "users", "add", "sato", "--role", "administrator", "--data", data)
	out := p.want(exitClean, "/enter?key=", "users", "link", "sato", "--url", "http://127.0.0.1/", "--data", data)
	return regexp.MustCompile(`/enter\?key=(\S+)`).FindStringSubmatch(out)[1]
}

// enter signs in; the session goes on with the next server over the same data.
func (s *serving) enter(key string) *serving {
	s.p.t.Helper()
	res, body, err := s.ask("POST", "/enter", strings.NewReader("key="+key), "Content-Type", "application/x-www-form-urlencoded")
	if err != nil || res.StatusCode != http.StatusSeeOther || len(res.Cookies()) == 0 {
		s.p.t.Fatalf("sign in: %v %s", err, body)
	}
	s.session = res.Cookies()[0].Value
	return s
}

func (p program) serving(data, session string) *serving {
	p.t.Helper()
	s := p.servingAt("127.0.0.1:0", data)
	s.session = session
	return s
}

func (p program) servingAt(listen, data string) *serving {
	p.t.Helper()
	s := &serving{p: p, cmd: p.command(context.Background(), "serve", "--listen", listen, "--data", data)}
	errw, err := s.cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(s.kill)
	line := make([]byte, 400)
	n, _ := errw.Read(line)
	s.url = regexp.MustCompile(`http://[0-9.:]+`).FindString(string(line[:n]))
	if s.url == "" {
		p.t.Fatalf("no address: %s", line[:n])
	}
	go func() { _, _ = io.Copy(io.Discard, errw) }()
	return s
}

// kill ends it as a power cut would.
func (s *serving) kill() {
	_ = s.cmd.Process.Kill() // it may have ended by itself
	_ = s.cmd.Wait()
}

func (s *serving) ask(method, path string, body io.Reader, header ...string) (*http.Response, string, error) {
	r, err := http.NewRequestWithContext(s.p.t.Context(), method, s.url+path, body)
	if err != nil {
		s.p.t.Fatal(err)
	}
	r.Header.Set("Cookie", "mimawari-"+r.URL.Port()+"="+s.session) // each server has a name of its own for it
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

func (s *serving) create(size int) string {
	s.p.t.Helper()
	res, body, err := s.ask("POST", "/intake/uploads", nil, "Upload-Length", strconv.Itoa(size), "Upload-Metadata", "filename Ymlnlg==")
	if err != nil || res.StatusCode != http.StatusCreated {
		s.p.t.Fatalf("%v %s", err, body)
	}
	return res.Header.Get("Location")
}

func (s *serving) offset(at string) int {
	s.p.t.Helper()
	res, _, err := s.ask("HEAD", at, nil)
	if err != nil {
		s.p.t.Fatal(err)
	}
	n, err := strconv.Atoi(res.Header.Get("Upload-Offset"))
	if err != nil {
		s.p.t.Fatalf("%s: %v", res.Status, err)
	}
	return n
}

func (s *serving) patch(at string, offset int, body io.Reader) (*http.Response, string, error) {
	return s.ask("PATCH", at, body, "Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
}

// slowly gives its bytes in small pieces, so that a kill comes in between.
type slowly struct{ r io.Reader }

func (s *slowly) Read(p []byte) (int, error) {
	time.Sleep(2 * time.Millisecond)
	return s.r.Read(p[:min(len(p), 64<<10)])
}

// Killed again and again while a file arrives, the upload goes on and is equal to the file; killed while it is patrolled, the
// patrol is made by the next server.
func TestServeKilled(t *testing.T) {
	p := newProgram(t)
	file, err := os.ReadFile(filepath.Join(p.dir, p.capture("big.pcap", busy(2000))))
	if err != nil {
		t.Fatal(err)
	}
	rnd, key := rand.New(rand.NewPCG(3, 4)), p.link("data")
	s := p.serving("data", "").enter(key)
	at := s.create(len(file))
	for kills, have := 0, 0; have < len(file); kills++ {
		if kills < 4 {
			process := s.cmd.Process
			time.AfterFunc(time.Duration(5+rnd.IntN(30))*time.Millisecond, func() { _ = process.Kill() })
		}
		if res, body, err := s.patch(at, have, &slowly{bytes.NewReader(file[have:])}); err == nil && res.StatusCode != http.StatusNoContent {
			t.Fatalf("%s: %s", res.Status, body)
		}
		if kills < 4 {
			s.kill()
			s = p.serving("data", s.session)
		}
		now := s.offset(at)
		if now < have {
			t.Fatalf("%d bytes were there, now %d", have, now)
		}
		have = now
	}
	id := at[strings.LastIndex(at, "/")+1:]
	got, err := os.ReadFile(filepath.Join(p.dir, "data", "uploads", id))
	if err != nil || !bytes.Equal(got, file) {
		t.Fatalf("the upload differs from the file: %v", err)
	}
	for i := range 2 { // a third time, and it would be given up: it could be what kills the server
		if i == 0 {
			if res, body, err := s.ask("POST", "/intake/rounds", strings.NewReader("file="+id), "Content-Type", "application/x-www-form-urlencoded"); err != nil || res.StatusCode != http.StatusSeeOther {
				t.Fatalf("%v %s", err, body)
			}
		}
		time.Sleep(time.Duration(20+rnd.IntN(150)) * time.Millisecond)
		s.kill()
		if code, out := p.run("db", "check", "--data", "data"); code != 0 {
			t.Fatalf("kill %d: %s", i, out)
		}
		if i == 0 {
			s = p.serving("data", s.session)
		}
	}
	s = p.serving("data", s.session)
	p.until("the patrol to be made after the kills", func() bool {
		_, body, err := s.ask("GET", "/intake", nil, "Accept-Language", "ja")
		return err == nil && strings.Contains(body, "台が見えました")
	})
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	p.want(exitClean, "傷はありません", "db", "check", "--data", "data")
}

func (p program) until(what string, is func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// The disk becomes full while a file arrives: said in words, what has arrived stays, and with space again it goes on.
func TestUploadOnAFullDisk(t *testing.T) {
	p := newProgram(t)
	disk := filepath.Join(p.dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := smallDisk(disk, "40m"); err != nil {
		t.Skip("a small disk can be made only by root:", err)
	}
	t.Cleanup(func() { _ = unmount(disk) })
	a, err := app.OpenDeciding(t.Context(), filepath.Join(disk, "data"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(a.Store.SaveSetting(t.Context(), "intake", `{"min_free":4000000}`), a.Close()); err != nil {
		t.Fatal(err)
	}
	s := p.serving("disk/data", "").enter(p.link("disk/data"))
	if res, body, err := s.ask("POST", "/intake/uploads", nil, "Upload-Length", "39000000"); err != nil || res.StatusCode != http.StatusInsufficientStorage || !strings.Contains(body, "ディスクの空きが足りません") {
		t.Fatalf("more than there is room for: %v %s", err, body)
	}
	file := bytes.Repeat([]byte("10.1.0.1  02-00-00-00-00-01  dynamic\n"), 400_000) // 15 MB
	at := s.create(len(file))
	if res, body, err := s.patch(at, 0, bytes.NewReader(file[:5_000_000])); err != nil || res.StatusCode != http.StatusNoContent {
		t.Fatalf("%v %s", err, body)
	}
	fill(t, filepath.Join(disk, "junk"))
	res, body, err := s.patch(at, 5_000_000, bytes.NewReader(file[5_000_000:]))
	if err == nil && (res.StatusCode != http.StatusInsufficientStorage || !strings.Contains(body, "続きから送れます")) {
		t.Fatalf("on a full disk: %s %s", res.Status, body)
	}
	if err := os.Remove(filepath.Join(disk, "junk")); err != nil {
		t.Fatal(err)
	}
	have := s.offset(at)
	if have < 5_000_000 {
		t.Fatalf("only %d bytes are left of 5,000,000", have)
	}
	if res, body, err := s.patch(at, have, bytes.NewReader(file[have:])); err != nil || res.StatusCode != http.StatusNoContent {
		t.Fatalf("%v %s", err, body)
	}
	if _, body, _ := s.ask("GET", at, nil); !strings.Contains(body, `"state":"ready"`) {
		t.Error(body)
	}
	got, err := os.ReadFile(filepath.Join(disk, "data", "uploads", at[strings.LastIndex(at, "/")+1:]))
	if err != nil || !bytes.Equal(got, file) {
		t.Fatal(fmt.Errorf("the upload differs from the file: %w", err))
	}
}
