// Command pages asks a running server for its first page so many times a second, as if so many people looked, and says how long the answers
// took. It speaks to loopback only.
//
//	go run ./bench/pages -url http://127.0.0.1:8420 -key KEY -rate 200 -for 30s -pid PID
//
// KEY is what `mimawari users link LOGIN` gives after "key=". With -pid also the server's processor time and memory are said.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

type options struct {
	url, path, key string
	rate           int
	length         time.Duration
	pid            int
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "http://127.0.0.1:8420", "where the server is")
	flag.StringVar(&o.path, "path", "/", "the page")
	flag.StringVar(&o.key, "key", "", "of a sign-in link")
	flag.IntVar(&o.rate, "rate", 200, "page views a second")
	flag.DurationVar(&o.length, "for", 30*time.Second, "how long")
	flag.IntVar(&o.pid, "pid", 0, "the server's process")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "pages:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	c, err := signedIn(ctx, o)
	if err != nil {
		return err
	}
	before := processor(o.pid)
	m := views(ctx, c, o)
	used := processor(o.pid) - before
	m.print(os.Stdout, o)
	if o.pid != 0 {
		fmt.Printf("server: %.1f s of processor (%.2f of a core), peak memory %s\n", used.Seconds(), used.Seconds()/m.took.Seconds(), status(o.pid, "VmHWM"))
	}
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("load of the machine: %s", load)
	return nil
}

func signedIn(ctx context.Context, o options) (*http.Client, error) {
	u, err := url.Parse(o.url)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
		return nil, errors.New("loopback only")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConns: 1000, MaxIdleConnsPerHost: 1000}}
	if o.key == "" {
		return c, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url+"/enter", strings.NewReader(url.Values{"key": {o.key}}.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("sign in: %s", res.Status)
	}
	return c, nil
}

// measured is what came of all views.
type measured struct {
	mu    sync.Mutex
	times []time.Duration // of those that were answered
	wrong map[string]int
	bytes int64
	took  time.Duration
}

// views starts one view after the other at its time, whether or not the ones before are answered: people do not wait for each other. The time
// of an answer counts from when the view should have begun.
func views(ctx context.Context, c *http.Client, o options) *measured {
	m := &measured{wrong: map[string]int{}}
	var all sync.WaitGroup
	start := time.Now()
	for i := range int(o.length.Seconds() * float64(o.rate)) {
		due := start.Add(time.Duration(i) * time.Second / time.Duration(o.rate))
		time.Sleep(time.Until(due))
		all.Go(func() { m.view(ctx, c, o.url+o.path, due) })
	}
	all.Wait()
	m.took = time.Since(start)
	return m
}

func (m *measured) view(ctx context.Context, c *http.Client, to string, due time.Time) {
	n, err := get(ctx, c, to)
	d := time.Since(due)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.wrong[err.Error()]++
		return
	}
	m.times = append(m.times, d)
	m.bytes += n
}

func get(ctx context.Context, c *http.Client, to string) (int64, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return 0, err
	}
	res, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || res.Request.URL.Path != r.URL.Path) {
		err = fmt.Errorf("%s at %s", res.Status, res.Request.URL.Path)
	}
	return n, err
}

func (m *measured) print(w io.Writer, o options) {
	slices.Sort(m.times)
	at := func(p float64) time.Duration {
		if len(m.times) == 0 {
			return 0
		}
		return m.times[min(int(p*float64(len(m.times))), len(m.times)-1)].Round(100 * time.Microsecond)
	}
	wrong := 0
	for text, n := range m.wrong {
		wrong += n
		fmt.Fprintf(w, "wrong: %d × %s\n", n, text)
	}
	fmt.Fprintf(w, "%s: %d a second asked for, %.1f answered, %d wrong, %.1f kB each; p50 %v, p95 %v, p99 %v, longest %v\n", o.path, o.rate,
		float64(len(m.times))/m.took.Seconds(), wrong, float64(m.bytes)/1000/float64(max(1, len(m.times))), at(0.5), at(0.95), at(0.99), at(1))
}

// processor is how long a process has run on a processor, 0 if that is not known. Linux says it in hundredths of a second.
func processor(pid int) time.Duration {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func status(pid int, name string) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return "?"
	}
	_, rest, _ := strings.Cut(string(b), name+":")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}
