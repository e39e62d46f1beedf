package store_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

// TestMain lets the test binary play the process that is killed or runs into a limit.
func TestMain(m *testing.M) {
	if job := os.Getenv("STORE_TEST_JOB"); job != "" {
		if err := child(job, os.Getenv("STORE_TEST_DIR"), os.Getenv("STORE_TEST_FROM")); err != nil {
			var e *store.Error
			code := ""
			if ok := asError(err, &e); ok {
				code = string(e.Code)
			}
			fmt.Fprintln(os.Stderr, "CODE", code, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child saves one result after the other and says so when each is acknowledged.
func child(job, dir, from string) error {
	lock, err := store.Lock(dir, job)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	fmt.Println("locked")
	if job == "hold" {
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	}
	if job == "limit" {
		if err := limitFiles(3 << 20); err != nil {
			return err
		}
	}
	s, err := store.Open(ctx, filepath.Join(dir, store.FileName))
	if err != nil {
		return err
	}
	defer s.Close()
	n, err := strconv.Atoi(from)
	if err != nil {
		return err
	}
	for ; ; n++ {
		size := killSize(n)
		if job == "limit" {
			size *= 10
		}
		if err := s.SaveResult(ctx, storetest.Result(n, size, size, size)); err != nil {
			return err
		}
		fmt.Println("saved", n)
	}
}

// killSize varies how much a result holds, so that the kill falls into transactions of all sizes.
func killSize(n int) int { return 20 + n*37%200 }

func start(t *testing.T, job, dir string, from int) (*exec.Cmd, *bytes.Buffer, *bufio.Scanner, io.Closer) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "STORE_TEST_JOB="+job, "STORE_TEST_DIR="+dir, "STORE_TEST_FROM="+strconv.Itoa(from))
	errs := &bytes.Buffer{}
	c.Stderr = errs
	in, err := c.StdinPipe()
	must(t, err)
	out, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	t.Cleanup(func() { c.Process.Kill() })
	return c, errs, bufio.NewScanner(out), in
}

// A process that saves is killed with -9 at any moment. Whatever was acknowledged is there, whole; the next process
// starts at once.
func TestKilledAtAnyMoment(t *testing.T) {
	rounds := 35
	if testing.Short() {
		rounds = 5
	}
	dir := t.TempDir()
	acked := -1
	for round := range rounds {
		c, errs, lines, _ := start(t, "patrol", dir, acked+1)
		if !lines.Scan() || lines.Text() != "locked" {
			t.Fatalf("round %d: %q %s", round, lines.Text(), errs)
		}
		kill := func() {
			time.AfterFunc(time.Duration(rand.IntN(50))*time.Millisecond, func() { c.Process.Kill() })
		}
		opening := round%4 == 3 // else while it saves
		if opening {
			kill()
		}
		for first := true; lines.Scan(); first = false {
			if first && !opening {
				kill()
			}
			if n, ok := strings.CutPrefix(lines.Text(), "saved "); ok {
				var err error
				acked, err = strconv.Atoi(n)
				must(t, err)
			}
		}
		c.Wait()
		if errs.Len() > 0 {
			t.Fatalf("round %d: %s", round, errs)
		}
		acked = afterKill(t, dir, acked, round)
	}
	if acked < 10 {
		t.Fatalf("only %d results were saved: the kills came too early to test anything", acked)
	}
	t.Logf("%d kills, %d results", rounds, acked+1)
}

// afterKill opens what a killed process left and gives the number of the last result. One that was committed but not
// yet acknowledged may be there as well.
func afterKill(t *testing.T, dir string, acked, round int) int {
	t.Helper()
	s, err := store.Open(ctx, filepath.Join(dir, store.FileName))
	must(t, err)
	defer s.Close()
	r, err := s.Check(ctx)
	must(t, err)
	if len(r.Problems) > 0 {
		t.Fatalf("round %d: %+v", round, r.Problems)
	}
	k, err := s.LoadKnown(ctx)
	must(t, err)
	last := -1
	if k.Last != nil {
		last, err = strconv.Atoi(strings.TrimPrefix(k.Last.ID, "p-"))
		must(t, err)
	}
	if last != acked && last != acked+1 {
		t.Fatalf("round %d: last acknowledged %d, found %d", round, acked, last)
	}
	if last < 0 {
		return last
	}
	want := storetest.Remembered(storetest.Result(last, killSize(last), killSize(last), killSize(last)))
	k.Findings = k.Findings[:0] // findings of earlier results stay; Check has compared them
	want.Findings = nil
	if d := cmp.Diff(want, k, storetest.Equal); d != "" {
		t.Fatalf("round %d: a result is there in part: %s", round, d)
	}
	return last
}

// The second process is told who has the directory; when the first is killed the lock is free at once.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	c, errs, lines, in := start(t, "hold", dir, 0)
	if !lines.Scan() || lines.Text() != "locked" {
		t.Fatal(lines.Text(), errs)
	}
	_, err := store.Lock(dir, "patrol")
	e := wants(t, err, store.Locked)
	if e.Args["pid"] != strconv.Itoa(c.Process.Pid) || e.Args["what"] != "hold" || e.Args["command"] == "?" || !strings.HasPrefix(e.Args["since"], "20") {
		t.Fatalf("%+v", e.Args)
	}
	must(t, c.Process.Kill())
	c.Wait()
	in.Close()
	l, err := store.Lock(dir, "patrol")
	must(t, err)
	_, err = store.Lock(dir, "serve")
	if e := wants(t, err, store.Locked); e.Args["pid"] != strconv.Itoa(os.Getpid()) {
		t.Fatalf("%+v", e.Args)
	}
	must(t, l.Unlock())
	must(t, l.Unlock())
	l, err = store.Lock(dir, "serve")
	must(t, err)
	must(t, l.Unlock())
}

// What is in the lock file is only a note: nonsense in it harms nobody.
func TestLockWithNonsense(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"", "{", `{"pid":"x"}`, `{"pid":-1,"command":"\u0000\u001b[2J"}`, strings.Repeat("x", 1<<20)} {
		l, err := store.Lock(dir, "patrol")
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, store.LockName), []byte(text), 0o600))
		_, err = store.Lock(dir, "serve")
		e := wants(t, err, store.Locked)
		if b, err := json.Marshal(e.Args); err != nil || strings.Contains(string(b), `\u0000`) {
			t.Fatalf("%s, %v", b, err)
		}
		must(t, l.Unlock())
	}
}
