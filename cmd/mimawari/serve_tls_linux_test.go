package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Beyond this machine the pages are encrypted: who trusts the authority of the house reaches them under the machine's address, nobody
// reaches them in the clear or under another name, and nothing but the set-up answers before there is an administrator.
func TestServeBeyondThisMachine(t *testing.T) {
	onWire(t, func(w *wire) {
		const addr = "192.0.2.10"
		for _, line := range []string{"link set lo up", "addr add " + addr + "/24 dev wb0"} {
			if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
				t.Errorf("ip %s: %v: %s", line, err, out)
				return
			}
		}
		c := w.mimawariLater("serve", "--listen", addr+":8443", "--data", w.data, "--lang", "en")
		said, err := c.StderrPipe()
		if err != nil {
			t.Error(err)
			return
		}
		if err := c.Start(); err != nil {
			t.Error(err)
			return
		}
		defer func() { _, _ = c.Process.Kill(), c.Wait() }()
		told := untilPages(t, bufio.NewScanner(said))
		if !strings.Contains(told, "certificate") {
			t.Errorf("it does not say that it made a certificate: %s", told)
		}
		pem, err := w.mimawariLater("cert", "ca", "--data", w.data).Output()
		if err != nil {
			t.Error(err)
			return
		}
		house := x509.NewCertPool()
		house.AppendCertsFromPEM(pem)
		for _, x := range []struct {
			host  string
			roots *x509.CertPool
			want  string
		}{
			{addr, house, "303 /setup"},
			{"evil.example", nil, "421 "},
			{addr, x509.NewCertPool(), "no trust"},
		} {
			if got := ask(t, addr, x.host, x.roots); !strings.HasPrefix(got, x.want) {
				t.Errorf("%s: %s, want %s", x.host, got, x.want)
			}
		}
		plain, err := net.Dial("tcp", addr+":8443")
		if err != nil {
			t.Error(err)
			return
		}
		defer plain.Close()
		if res := request(t, plain, addr); res != nil && res.StatusCode != http.StatusBadRequest {
			t.Errorf("in the clear: %s", res.Status)
		}
	})
}

// untilPages reads what the command says until it serves.
func untilPages(t *testing.T, s *bufio.Scanner) string {
	told := ""
	for s.Scan() {
		told += s.Text() + "\n"
		if strings.Contains(s.Text(), "Pages:") {
			return told
		}
	}
	t.Errorf("it ended: %s", told)
	return told
}

// ask sends one request over TLS on this thread, which is in the namespace. roots nil: trust anything.
func ask(t *testing.T, addr, host string, roots *x509.CertPool) string {
	plain, err := net.Dial("tcp", addr+":8443")
	if err != nil {
		return err.Error()
	}
	conn := tls.Client(plain, &tls.Config{RootCAs: roots, ServerName: addr, InsecureSkipVerify: roots == nil})
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		return "no trust: " + err.Error()
	}
	res := request(t, conn, host)
	if res == nil {
		return "no answer"
	}
	where, err := res.Location()
	if err != nil {
		return fmt.Sprintf("%d ", res.StatusCode)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, where.Path)
}

func request(t *testing.T, conn net.Conn, host string) *http.Response {
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Error(err)
	}
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return nil
	}
	_ = res.Body.Close()
	return res
}
