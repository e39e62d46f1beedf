package main

import (
	"fmt"
	"io"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is `mimawari serve` in the namespace of a wire.
type server struct {
	*exec.Cmd
	w       *wire
	addr    string
	session string // cookies of whoever is signed in
	mu      sync.Mutex
	said    strings.Builder
}

func (s *server) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.Write(b)
}

func (s *server) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.String()
}

func (w *wire) serve(args ...string) *server {
	w.ip("link set lo up")
	w.mimawari("users", "add", "sato", "--role", "administrator").end(w.t)
	made := w.mimawari("users", "link", "sato", "--url", "http://127.0.0.1/")
	made.end(w.t)
	c := w.mimawariLater(append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	s := &server{Cmd: c, w: w}
	c.Stdout, c.Stderr = s, s
	if err := c.Start(); err != nil {
		w.t.Error(err)
		return s
	}
	place := regexp.MustCompile(`http://([0-9.:]+)/`)
	w.until("the server to be there", func() bool {
		m := place.FindStringSubmatch(s.text())
		if m != nil {
			s.addr = m[1]
		}
		return m != nil
	})
	key := regexp.MustCompile(`key=\S+`).FindString(made.out.String() + made.err.String())
	answer := s.ask("POST", "/enter", key)
	for _, m := range regexp.MustCompile(`Set-Cookie: ([^;]+)`).FindAllStringSubmatch(answer, -1) {
		s.session += m[1] + "; "
	}
	if s.session == "" {
		w.t.Errorf("sign in: %s", answer)
	}
	return s
}

func (w *wire) ip(line string) {
	if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
		w.t.Errorf("ip %s: %v: %s", line, err, out)
	}
}

func (w *wire) until(what string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Errorf("waited in vain for %s", what)
			return
		}
	}
}

// page reads a page.
func (s *server) page(path string) string { return s.ask("GET", path, "") }

// ask sends a request. The connection is made by hand, on the thread that is in the namespace.
func (s *server) ask(method, path, form string) string {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.w.t.Error(err)
		return ""
	}
	defer c.Close()
	fmt.Fprintf(c, "%s %s HTTP/1.0\r\nHost: %s\r\nAccept-Language: en\r\nCookie: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		method, path, s.addr, s.session, len(form), form)
	b, err := io.ReadAll(c)
	if err != nil {
		s.w.t.Error(err)
	}
	return string(b)
}

func (w *wire) knows(ip string) bool {
	list := w.mimawari("hosts", "--json", "--data", w.data)
	list.end(w.t)
	return strings.Contains(list.out.String(), `"`+ip+`"`)
}

// The server watches an interface all the time: what it sees is stored again and again, the page says what came in the last minute,
// and an interface that goes away and comes back is watched on. A patrol of the command line runs beside it.
func TestServeWatches(t *testing.T) {
	onWire(t, func(w *wire) {
		s := w.serve("-i", "wb0", "--save-every", "300ms")
		defer s.Process.Kill()
		w.until("both directions to be seen", func() bool {
			w.send(announce(1), announce(2))
			w.send(talk(1, 2, 40000)...)
			return strings.Contains(s.page("/intake"), "It sees the traffic of others")
		})
		w.until("the first machine to be stored", func() bool { return w.knows("192.168.7.1") })

		w.ip("link del wb0")
		w.until("the page to say that it is lost", func() bool { return strings.Contains(s.page("/intake"), "tried again by itself") })
		w.ip("link add wb0 type veth peer name wb1")
		w.ip("link set wb0 up")
		w.ip("link set wb1 up")
		w.open()
		w.until("a machine to be seen on the new interface", func() bool {
			w.send(announce(8))
			return w.knows("192.168.7.8")
		})
		if p := s.page("/intake"); !strings.Contains(p, "lost and found again 1 times") || !w.knows("192.168.7.1") {
			t.Errorf("after the loss: %s", tail(p, 3000))
		}

		beside := w.mimawari("patrol", "-i", "wb1", "--for", "300ms", "-q", "--json")
		if code := beside.end(t); code != 0 && code != exitPartial {
			t.Errorf("a patrol beside it: exit %d: %s", code, beside.err.String())
		}
		w.send(announce(9))
		w.until("the machine after that patrol", func() bool { return w.knows("192.168.7.9") })
		_ = s.Process.Signal(syscall.SIGTERM)
		if err := s.Wait(); err != nil {
			t.Errorf("ended with %v: %s", err, s.text())
		}
		if !w.knows("192.168.7.1") || !w.knows("192.168.7.8") || !w.knows("192.168.7.9") {
			t.Error("a machine was forgotten")
		}
	})
}

// An interface that is no longer watched: what it saw stays known when the others are stored again.
func TestServeStopsWatching(t *testing.T) {
	onWire(t, func(w *wire) {
		s := w.serve("--save-every", "300ms")
		defer s.Process.Kill()
		add := w.mimawari("sources", "add", "-i", "wb0", "--data", w.data)
		if code := add.end(t); code != 0 {
			t.Errorf("exit %d: %s", code, add.err.String())
		}
		w.until("a machine on the first interface", func() bool {
			w.send(announce(1))
			return w.knows("192.168.7.1")
		})
		w.ip("link add wc0 type veth peer name wc1")
		w.ip("link set wc0 up")
		w.ip("link set wc1 up")
		more := w.mimawari("sources", "add", "-i", "wc0", "--data", w.data)
		more.end(t)
		list := w.mimawari("sources", "list", "--data", w.data)
		list.end(t)
		id := regexp.MustCompile(`(w-\w+) +wb0`).FindStringSubmatch(list.out.String())
		if id == nil {
			t.Errorf("no id: %s", list.out.String())
			return
		}
		w.send(announce(2)) // just before the end
		w.until("the frame to have been read", func() bool { return strings.Contains(s.page("/intake"), "wc0") })
		off := w.mimawari("sources", "remove", id[1], "--data", w.data)
		off.end(t)
		w.until("the last frame to be stored", func() bool { return w.knows("192.168.7.2") })
		w.until("frames of the other one to be stored", func() bool {
			w.sendTo("wc1", announce(3))
			return w.knows("192.168.7.3")
		})
		time.Sleep(time.Second) // stored again and again
		if !w.knows("192.168.7.1") || !w.knows("192.168.7.2") {
			t.Error("what the interface saw that is no longer watched is forgotten")
		}
		_ = s.Process.Signal(syscall.SIGTERM)
		if err := s.Wait(); err != nil {
			t.Errorf("ended with %v: %s", err, s.text())
		}
	})
}

// sendTo sends on another interface of the namespace.
func (w *wire) sendTo(name string, frames ...[]byte) {
	nic, err := net.InterfaceByName(name)
	if err != nil {
		w.t.Error(err)
		return
	}
	was := w.nic
	w.nic = nic.Index
	w.send(frames...)
	w.nic = was
}

// A port that does not mirror shows frames to everybody only, and a cable that is pulled out nothing: the page says so.
func TestServeSaysWhyNothing(t *testing.T) {
	onWire(t, func(w *wire) {
		s := w.serve("-i", "wb0", "-i", "nowhere0")
		defer s.Process.Kill()
		w.until("an interface that is not there", func() bool {
			return strings.Contains(s.page("/intake"), "There is no network interface &#34;nowhere0&#34;")
		})
		w.until("broadcasts only", func() bool {
			w.send(announce(1), announce(2), announce(3))
			return strings.Contains(s.page("/intake"), "Only frames to everybody arrive")
		})
		w.ip("link set wb1 down")
		w.until("no cable", func() bool { return strings.Contains(s.page("/intake"), "There is no cable") })
		_ = s.Process.Signal(syscall.SIGTERM)
		if err := s.Wait(); err != nil {
			t.Errorf("ended with %v: %s", err, s.text())
		}
	})
}
