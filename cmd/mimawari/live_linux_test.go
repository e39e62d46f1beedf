package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// wire is a network namespace of the test's own with a veth pair: frames sent on wb1 arrive at wb0, where the patrol
// watches. All commands of it run in the namespace.
type wire struct {
	t    *testing.T
	fd   int
	nic  int
	data string
}

// onWire runs f on a thread with a network namespace, which both end with it: nothing outside is touched.
func onWire(t *testing.T, f func(w *wire)) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the ip command to make a veth pair")
	}
	w, skip := &wire{t: t, data: t.TempDir()}, ""
	var done sync.WaitGroup
	done.Go(func() {
		runtime.LockOSThread() // never unlocked: the thread dies with its namespace
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			skip = fmt.Sprintf("no network namespace: %v", err)
			return
		}
		for _, line := range []string{"link add wb0 type veth peer name wb1", "link set wb0 up", "link set wb1 up"} {
			if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
				skip = fmt.Sprintf("ip %s: %v: %s", line, err, out)
				return
			}
		}
		w.open()
		defer unix.Close(w.fd)
		f(w)
	})
	if done.Wait(); skip != "" {
		t.Skip(skip)
	}
}

func (w *wire) open() {
	nic, err := net.InterfaceByName("wb1")
	if err != nil {
		w.t.Error(err)
		return
	}
	w.nic = nic.Index
	if w.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		w.t.Error(err)
	}
}

func (w *wire) send(frames ...[]byte) {
	for _, b := range frames {
		err := unix.Sendto(w.fd, b, 0, &unix.SockaddrLinklayer{Ifindex: w.nic, Halen: 6})
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			w.t.Errorf("send: %v", err)
			return
		}
	}
}

// host i has the address 192.168.7.i and the MAC 02:00:00:00:07:i.
func mac(i byte) []byte { return []byte{2, 0, 0, 0, 7, i} }

// announce is a gratuitous ARP announcement (RFC 5227).
func announce(i byte) []byte {
	b := append(bytes.Repeat([]byte{0xff}, 6), mac(i)...)
	b = append(b, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1)
	b = append(append(b, mac(i)...), 192, 168, 7, i)
	return append(append(b, 0, 0, 0, 0, 0, 0, 192, 168, 7, i), make([]byte, 18)...)
}

func segment(from, to byte, sport, dport uint16, seq, ack uint32, flags byte, text string) []byte {
	b := append(append(mac(to), mac(from)...), 8, 0, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(40+len(text)))
	b = append(b, 0, 1, 0x40, 0, 64, 6, 0, 0, 192, 168, 7, from, 192, 168, 7, to)
	b = binary.BigEndian.AppendUint16(b, sport)
	b = binary.BigEndian.AppendUint16(b, dport)
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	return append(append(b, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0), text...)
}

// talk is a whole SSH connection between two hosts, both directions.
func talk(client, server byte, port uint16) [][]byte {
	return [][]byte{
		segment(client, server, port, 22, 1, 0, 0x02, ""), segment(server, client, 22, port, 1, 2, 0x12, ""),
		segment(client, server, port, 22, 2, 2, 0x10, ""), segment(server, client, 22, port, 2, 2, 0x18, "SSH-2.0-OpenSSH_9.6\r\n"),
		segment(client, server, port, 22, 2, 23, 0x18, "SSH-2.0-OpenSSH_9.6\r\n"),
		segment(client, server, port, 22, 23, 23, 0x11, ""), segment(server, client, 22, port, 23, 24, 0x11, ""),
	}
}

// watch is a patrol of wb0 that runs.
type watch struct {
	*exec.Cmd
	out, err bytes.Buffer
}

// mimawariLater is a command of ours that is not started yet.
func (w *wire) mimawariLater(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Args[0] = "mimawari" // TestMain then is the command
	c.Env = append(os.Environ(), "MIMAWARI_LANG=en", "MIMAWARI_DATA="+w.data)
	return c
}

func (w *wire) mimawari(args ...string) *watch {
	c := &watch{Cmd: w.mimawariLater(args...)}
	c.Stdout, c.Stderr = &c.out, &c.err
	if err := c.Start(); err != nil {
		w.t.Error(err)
	}
	return c
}

func (w *wire) patrol(args ...string) *watch {
	c := w.mimawari(append([]string{"patrol", "-i", "wb0", "-q", "--json"}, args...)...)
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) { // until it listens: its socket makes the interface promiscuous
		if out, _ := exec.Command("ip", "-d", "link", "show", "wb0").Output(); strings.Contains(string(out), "promiscuity 1") {
			return c
		}
		time.Sleep(20 * time.Millisecond)
	}
	w.t.Errorf("the patrol did not begin to listen: %s", c.err.String())
	return c
}

// end waits for the command and gives its exit code.
func (c *watch) end(t *testing.T) int {
	t.Helper()
	timer := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
	defer timer.Stop()
	_ = c.Wait() // the exit code says it
	return c.ProcessState.ExitCode()
}

type liveDocument struct {
	Hosts []struct {
		IPs []string `json:"ips"`
	} `json:"hosts"`
	Findings []struct {
		Rule   string            `json:"rule"`
		Params map[string]string `json:"params"`
	} `json:"findings"`
	Stats struct {
		Packets int `json:"packets"`
	} `json:"stats"`
}

func (c *watch) document(t *testing.T) (d liveDocument) {
	t.Helper()
	if err := json.Unmarshal(c.out.Bytes(), &d); err != nil {
		t.Errorf("%v: %.200s, %s", err, c.out.String(), c.err.String())
	}
	return d
}

func (d *liveDocument) has(ip string) bool {
	for _, h := range d.Hosts {
		if slices.Contains(h.IPs, ip) {
			return true
		}
	}
	return false
}

// blind gives the reasons of capture.blind.
func (d *liveDocument) blind() (reasons []string) {
	for _, f := range d.Findings {
		if f.Rule == "capture.blind" {
			reasons = append(reasons, f.Params["reason_key"])
		}
	}
	return reasons
}

func TestLiveMirrored(t *testing.T) {
	onWire(t, func(w *wire) {
		c := w.patrol("--for", "2s")
		for i := range byte(60) {
			w.send(announce(1 + i%6))
			w.send(talk(1+i%3, 4+i%3, 40000+uint16(i))...)
		}
		code := c.end(t)
		d := c.document(t)
		if code != 0 || !d.has("192.168.7.1") || !d.has("192.168.7.6") || d.Stats.Packets < 480 {
			t.Errorf("exit %d, %d hosts, %d packets: %s", code, len(d.Hosts), d.Stats.Packets, c.err.String())
		}
		if r := d.blind(); len(r) > 0 {
			t.Errorf("called blind for %v, though both directions were there", r)
		}
	})
}

func TestLiveNotMirrored(t *testing.T) {
	onWire(t, func(w *wire) {
		c := w.patrol("--for", "2s")
		for i := range byte(200) {
			w.send(announce(1 + i%6))
		}
		code := c.end(t)
		d := c.document(t)
		if r := d.blind(); code != 0 || !slices.Contains(r, "blind.broadcast_only") {
			t.Errorf("exit %d, blind for %v; a port that is not mirrored shows only broadcasts: %s", code, r, c.err.String())
		}
	})
}

func TestLiveInterrupted(t *testing.T) {
	onWire(t, func(w *wire) {
		c := w.patrol()
		w.send(announce(9))
		time.Sleep(300 * time.Millisecond)
		if err := c.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		code := c.end(t)
		if d := c.document(t); code != 0 || !d.has("192.168.7.9") {
			t.Errorf("exit %d, hosts %v: Ctrl-C ends the watch, not the patrol: %s", code, d.Hosts, c.err.String())
		}
	})
}

// What a checkpoint has saved outlives the process.
func TestLiveKilled(t *testing.T) {
	onWire(t, func(w *wire) {
		c := w.patrol("--save-every", "200ms")
		w.send(announce(9))
		saved := func() bool {
			list := w.mimawari("hosts", "--json", "--data", w.data)
			list.end(t)
			return strings.Contains(list.out.String(), "192.168.7.9")
		}
		for deadline := time.Now().Add(30 * time.Second); !saved(); {
			if time.Now().After(deadline) {
				t.Errorf("nothing was saved: %s", c.err.String())
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if err := c.Process.Kill(); err != nil {
			t.Error(err)
		}
		c.end(t)
		if !saved() {
			t.Error("what was saved is gone after the kill")
		}
		again := w.patrol("--for", "500ms") // the lock of the dead process does not hold
		w.send(announce(8))
		if code := again.end(t); code != 0 {
			t.Errorf("the next patrol: exit %d: %.1500s", code, again.out.String())
		}
		if d := again.document(t); !d.has("192.168.7.9") {
			t.Errorf("the next patrol does not know the host: %v", d.Hosts)
		}
	})
}

func TestLiveInterfaceGone(t *testing.T) {
	onWire(t, func(w *wire) {
		c := w.patrol()
		w.send(announce(9))
		time.Sleep(300 * time.Millisecond)
		if out, err := exec.Command("ip", "link", "del", "wb0").CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		code := c.end(t)
		if d := c.document(t); code != exitPartial || !d.has("192.168.7.9") || !strings.Contains(c.out.String(), `"live_down"`) {
			t.Errorf("exit %d, hosts %v: %.3000s %s", code, d.Hosts, c.out.String(), c.err.String())
		}
	})
}
