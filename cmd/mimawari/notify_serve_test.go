//go:build unix

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/notify"
)

// A patrol on the command line, while the server runs in another process: the server tells what it found.
func TestServeTellsOfOtherPatrols(t *testing.T) {
	p := newProgram(t)
	got := make(chan notify.Document, 9)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var d notify.Document
		if err != nil || json.Unmarshal(b, &d) != nil {
			t.Errorf("%v: %s", err, b)
		}
		got <- d
	}))
	defer receiver.Close()
	for name, text := range map[string]string{"url": receiver.URL, "key": "k"} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.want(exitClean, "設定済み", "notify", "add", "webhook", "--secret", "url=url", "--secret", "key=key", "--least", "low")

	c := p.command(t.Context(), "serve", "--listen", "127.0.0.1:0")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p.want(exitClean, "", "patrol", p.capture("a.pcap", busy(3)), "-q")
	select {
	case d := <-got:
		if len(d.Findings) == 0 || d.Kind != notify.Alert && d.Kind != notify.UrgentKind {
			t.Fatalf("%+v", d)
		}
		if all, err := json.Marshal(d); err != nil || !strings.Contains(string(all), "SMB") {
			t.Fatalf("%s, %v", all, err)
		}
	case <-time.After(time.Minute):
		t.Fatal("nothing was told")
	}
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	p.want(exitClean, "送りました", "notify", "outbox")
}
