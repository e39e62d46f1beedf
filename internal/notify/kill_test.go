package notify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
	"github.com/mimawari/mimawari/internal/seal"
	"github.com/mimawari/mimawari/internal/store"
)

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("NOTIFY_TEST_DIR"); dir != "" {
		if err := sender(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// at opens the data directory as a process of its own does; later turns its clock ahead.
func at(ctx context.Context, dir string, later time.Duration) (*notify.Service, *store.Store, error) {
	s, err := store.Open(ctx, filepath.Join(dir, store.FileName))
	if err != nil {
		return nil, nil, err
	}
	key, err := seal.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	return &notify.Service{
		Store: s, Key: key.For("notify"), Now: func() time.Time { return time.Now().Add(later) }, Zone: time.UTC, Stale: func(context.Context) time.Duration { return 36 * time.Hour },
	}, s, nil
}

func sender(dir string) error {
	svc, s, err := at(context.Background(), dir, 0)
	if err != nil {
		return err
	}
	defer s.Close()
	return svc.Step(context.Background())
}

// A process is killed with -9 while it sends. What it had stored is sent by the next one: nothing is lost; the receiver
// sees the same id again and can tell the repetition.
func TestKilledWhileSending(t *testing.T) {
	dir := t.TempDir()
	svc, s, err := at(t.Context(), dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan string, 4)
	hang, answer := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var d notify.Document
		if err != nil || json.Unmarshal(b, &d) != nil || len(d.Findings) != 1 || d.Findings[0].Finding != "f-1" {
			t.Errorf("%v: %s", err, b)
		}
		asked <- d.ID
		select {
		case <-hang:
		case <-answer:
		}
	}))
	defer server.Close()
	defer close(hang)
	d := notify.NewDraft("webhook", locale.Japanese)
	d.Values["url"], d.Values["key"] = server.URL, "k"
	if _, err := svc.Save(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	r := model.Result{Patrol: model.Patrol{ID: "p-1", Started: now, Ended: now}, Findings: []model.Finding{found("f-1", model.Critical)}}
	if err := s.SaveResult(t.Context(), r); err != nil {
		t.Fatal(err)
	}

	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "NOTIFY_TEST_DIR="+dir)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	first := <-asked // stored, claimed, on its way
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed

	// While it may still be under way, nobody sends it a second time.
	if err := svc.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(asked) != 0 {
		t.Fatal("sent again at once")
	}
	close(answer)
	next, s2, err := at(t.Context(), dir, 3*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer s2.Close()
	for range 3 {
		if err := next.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(asked) != 1 {
		t.Fatalf("sent %d times after the restart", len(asked))
	}
	if again := <-asked; again != first {
		t.Fatalf("id %s, before %s: the receiver can't tell that it is the same", again, first)
	}
	ds, err := s2.Deliveries(t.Context(), "", 0)
	if err != nil || len(ds) != 1 || ds[0].State != model.Sent || ds[0].Tries != 2 {
		t.Fatalf("%+v, %v", ds, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// The running service looks every ten seconds and ends when it is told to.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, s, err := at(t.Context(), t.TempDir(), 0)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		c := notify.NewDraft("webhook", locale.Japanese)
		c.Values["url"], c.Values["key"] = "http://127.0.0.1:1/", "k"
		if _, err := svc.Save(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			svc.Run(ctx)
			close(done)
		}()
		time.Sleep(time.Hour)
		now := time.Now()
		r := model.Result{Patrol: model.Patrol{ID: "p-1", Started: now, Ended: now}, Findings: []model.Finding{found("f-1", model.Critical)}}
		if err := s.SaveResult(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * notify.Every)
		ds, err := s.Deliveries(t.Context(), "", 0)
		if err != nil || len(ds) != 1 || ds[0].Made.Sub(now) > notify.Every {
			t.Fatalf("%+v, %v", ds, err)
		}
		stop()
		<-done
	})
}
