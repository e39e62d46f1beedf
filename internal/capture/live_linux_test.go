package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inNamespace runs f on a thread that has a network namespace of its own, with a veth pair wa0-wa1 in it. The thread and
// the namespace end with it: nothing outside is touched.
func inNamespace(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to make a network namespace")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the ip command to make a veth pair")
	}
	done, skip := make(chan struct{}), ""
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread dies with its namespace
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			skip = fmt.Sprintf("no network namespace: %v", err)
			return
		}
		for _, args := range [][]string{
			{"link", "add", "wa0", "address", "02:00:00:00:00:a0", "type", "veth", "peer", "name", "wa1", "address", "02:00:00:00:00:a1"},
			{"link", "set", "wa0", "up"},
			{"link", "set", "wa1", "up"},
			{"link", "set", "lo", "up"},
		} {
			cmd := exec.Command("ip", args...)
			if out, err := cmd.CombinedOutput(); err != nil {
				skip = fmt.Sprintf("ip %v: %v: %s", args, err, out)
				return
			}
		}
		f(t)
	}()
	if <-done; skip != "" {
		t.Skip(skip)
	}
}

type sender struct {
	t  *testing.T
	fd int
	to unix.SockaddrLinklayer
}

func newSender(t *testing.T, iface string) *sender {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	nic, err := net.InterfaceByName(iface)
	if err != nil {
		t.Fatal(err)
	}
	return &sender{t, fd, unix.SockaddrLinklayer{Ifindex: nic.Index, Halen: 6}}
}

func (s *sender) send(b []byte) {
	s.t.Helper()
	for range 1000 {
		err := unix.Sendto(s.fd, b, 0, &s.to)
		if err == nil {
			return
		}
		if !errors.Is(err, unix.ENOBUFS) {
			s.t.Error(err)
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// ours is the EtherType for experiments (IEEE 802 local), so that the kernel's own traffic can be told apart.
const ours = 0x88b5

func frameTo(dst string, tag []byte, n int) []byte {
	mac, _ := net.ParseMAC(dst)
	b := append(append([]byte{}, mac...), 2, 0, 0, 0, 0, 0xa1)
	b = append(b, tag...)
	b = append(b, ours>>8, ours&0xff)
	return append(b, make([]byte, n)...)
}

func TestLive(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		l, err := OpenLive("wa0", LiveOptions{Ring: 4 << 20})
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		s := newSender(t, "wa1")
		for range 500 {
			s.send(frameTo("02:00:00:00:00:a0", nil, 50))                            // to the interface itself
			s.send(frameTo("02:00:00:00:00:bb", nil, 1400))                          // to somebody else
			s.send(frameTo("ff:ff:ff:ff:ff:ff", []byte{0x81, 0x00, 0x00, 0x2a}, 60)) // broadcast in VLAN 42
		}
		l.Stop()
		tagged, sizes := 0, map[int]int{}
		last := int64(0)
		for {
			b, err := l.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Error(err)
				return
			}
			for _, f := range b.Frames {
				at := 12
				if len(f.Data) > 18 && f.Data[12] == 0x81 && f.Data[13] == 0 && f.Data[15] == 42 {
					tagged++
					at = 16
				}
				if int(f.Data[at])<<8|int(f.Data[at+1]) == ours && f.Link == 1 && int(f.Wire) == len(f.Data) {
					sizes[len(f.Data)]++
				}
				last = max(last, f.At)
			}
			b.Release()
		}
		if sizes[64] != 500 || sizes[1414] != 500 || sizes[78] != 500 || tagged != 500 {
			t.Errorf("%v, %d tagged", sizes, tagged)
		}
		if d := time.Since(time.Unix(0, last)); d < 0 || d > time.Minute {
			t.Errorf("frame times are %v ago", d)
		}
		info := l.Info()
		m := info.Mirror
		if info.Packets < 1500 || m.OwnUnicast != 500 || m.Unicast != 1000 || m.Broadcast < 500 || m.Dropped != 0 || info.Kind != "live" {
			t.Errorf("%+v", info)
		}
	})
}

func TestLiveCountsDrops(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		l, err := OpenLive("wa0", LiveOptions{Ring: 2 << 20})
		if err != nil {
			t.Error(err)
			return
		}
		s := newSender(t, "wa1")
		const sent = 5000
		for range sent {
			s.send(frameTo("02:00:00:00:00:bb", nil, 1400)) // 7 MB into a ring of 2 MiB
		}
		l.Stop()
		n := uint64(0)
		for {
			b, err := l.Next(context.Background())
			if err != nil {
				break
			}
			for _, f := range b.Frames {
				if len(f.Data) == 1414 {
					n++
				}
			}
			b.Release()
		}
		l.Close()
		if got := l.Info().Mirror.Dropped; got == 0 || n+got < sent || n == sent {
			t.Errorf("%d frames and %d drops of %d", n, got, sent)
		}
	})
}

func TestLiveEnds(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		l, err := OpenLive("wa0", LiveOptions{For: 50 * time.Millisecond, Ring: 2 << 20})
		if err != nil {
			t.Error(err)
			return
		}
		for err == nil { // the kernel's own IPv6 packets may come
			var b *Batch
			if b, err = l.Next(context.Background()); err == nil {
				b.Release()
			}
		}
		if err != io.EOF {
			t.Error(err)
		}
		l.Close()
		l, err = OpenLive("wa0", LiveOptions{Ring: 2 << 20})
		if err != nil {
			t.Error(err)
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		for err == nil {
			var b *Batch
			if b, err = l.Next(ctx); err == nil {
				b.Release()
			}
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		l.Close()
		if _, err := l.Next(context.Background()); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestLiveGoesDown(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		l, err := OpenLive("wa0", LiveOptions{Ring: 2 << 20})
		if err != nil {
			t.Error(err)
			return
		}
		defer l.Close()
		if out, err := exec.Command("ip", "link", "set", "wa0", "down").CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		for err == nil {
			var b *Batch
			if b, err = l.Next(ctx); err == nil {
				b.Release()
			}
		}
		wantDamageHere(t, err, "live_down")
		_, err = OpenLive("wa0", LiveOptions{})
		wantDamageHere(t, err, "live_down")
	})
}

func wantDamageHere(t *testing.T, err error, code string) {
	t.Helper()
	var d *Damage
	if !errors.As(err, &d) || d.Code != code {
		t.Errorf("%v, want %s", err, code)
	}
}

func TestLiveErrors(t *testing.T) {
	_, err := OpenLive("no-such-if0", LiveOptions{})
	d := wantDamage(t, err, "live_no_interface")
	if len(d.Args) != 1 || d.Args[0] == "" {
		t.Error(d.Args)
	}
	for _, code := range []string{"live_no_permission", "live_down", "live_link", "live_failed", "live_unsupported"} {
		wantDamage(t, liveDamage("eth0", code, errors.ErrUnsupported), code)
	}
}

func TestLiveWithoutPermission(t *testing.T) {
	if os.Getuid() == 0 {
		if err := unix.Prctl(unix.PR_CAPBSET_READ, unix.CAP_NET_RAW, 0, 0, 0); err != nil {
			t.Skip("cannot tell what this process may do")
		}
		// Dropping the capability of one thread is enough: it is the thread that opens the socket.
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			var data [2]unix.CapUserData
			if err := unix.Capset(&hdr, &data[0]); err != nil {
				done <- err
				return
			}
			_, err := OpenLive("lo", LiveOptions{})
			done <- err
		}()
		wantDamage(t, <-done, "live_no_permission")
		return
	}
	_, err := OpenLive("lo", LiveOptions{})
	wantDamage(t, err, "live_no_permission")
}
