package traffic

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// http: get [host=H] [ua=U] [server=S] [login=USER:PASSWORD]
func http(c *capturing, _ []string) ([]said, error) {
	o := c.event.opts
	var q bytes.Buffer
	fmt.Fprintf(&q, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n", cmp.Or(o["path"], "/"), cmp.Or(o["host"], "server.example"), cmp.Or(o["ua"], "curl/8.5.0"))
	if l := o["login"]; l != "" {
		fmt.Fprintf(&q, "Authorization: Basic %s\r\n", base64.StdEncoding.EncodeToString([]byte(l)))
	}
	q.WriteString("\r\n")
	page := "<html><head><title>" + o["title"] + "</title></head><body>ok</body></html>"
	a := fmt.Sprintf("HTTP/1.1 200 OK\r\nServer: %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s", cmp.Or(o["server"], "nginx"), len(page), page)
	return []said{ask(q.Bytes()), answer([]byte(a))}, nil
}

// telnet session: the options of RFC 854, then a login.
func telnet(*capturing, []string) ([]said, error) {
	return []said{
		answer([]byte{255, 253, 24, 255, 253, 32, 255, 251, 1}), ask([]byte{255, 252, 24, 255, 252, 32, 255, 253, 1}),
		answer([]byte("\r\nHUB-2F login: ")), ask([]byte("admin\r\n")), answer([]byte("Password: ")), ask([]byte("secret-of-the-story\r\n")), answer([]byte("\r\nHUB-2F> ")),
	}, nil
}

// ftp: login | anonymous | tls (RFC 959, RFC 4217)
func ftp(_ *capturing, args []string) ([]said, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("want: ftp login, anonymous or tls")
	}
	user, pass := "xray", "secret-of-the-story"
	switch args[0] {
	case "anonymous":
		user, pass = "anonymous", "guest@"
	case "tls":
		h, err := handshake("ftp.example", 0)
		return append([]said{answer([]byte("220 ready\r\n")), ask([]byte("AUTH TLS\r\n")), answer([]byte("234 go ahead\r\n"))}, h...), err
	}
	return []said{
		answer([]byte("220 FTP server ready\r\n")), ask([]byte("USER " + user + "\r\n")), answer([]byte("331 Password required\r\n")),
		ask([]byte("PASS " + pass + "\r\n")), answer([]byte("230 logged in\r\n")), ask([]byte("QUIT\r\n")), answer([]byte("221 bye\r\n")),
	}, nil
}

// tlsHello: sni NAME. It is a true handshake, of version 1.2 if version=1.2.
func tlsHello(c *capturing, args []string) ([]said, error) {
	if len(args) < 2 || args[0] != "sni" {
		return nil, fmt.Errorf("want: tls sni NAME")
	}
	v := uint16(0)
	if c.event.opts["version"] == "1.2" {
		v = tls.VersionTLS12
	}
	return handshake(args[1], v)
}

// recorder notes who wrote what on a pipe, in order.
type recorder struct {
	net.Conn
	server bool
	mu     *sync.Mutex
	lines  *[]said
}

func (r recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	*r.lines = append(*r.lines, said{r.server, bytes.Clone(b)})
	r.mu.Unlock()
	return r.Conn.Write(b)
}

var certificate = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "story.example"}, NotBefore: time.Unix(1.7e9, 0), NotAfter: time.Unix(1.9e9, 0)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
})

// handshake lets Go's own TLS client and server talk and notes every byte.
func handshake(name string, version uint16) ([]said, error) {
	cert, err := certificate()
	if err != nil {
		return nil, err
	}
	var lines []said
	var mu sync.Mutex
	a, b := net.Pipe()
	client := tls.Client(recorder{a, false, &mu, &lines}, &tls.Config{ServerName: name, InsecureSkipVerify: true, MaxVersion: version}) // a story's server has no trusted certificate
	server := tls.Server(recorder{b, true, &mu, &lines}, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version})
	done := make(chan error, 1)
	go func() {
		_, err := io.CopyN(server, server, 5)
		done <- err
	}()
	if _, err := client.Write([]byte("hello")); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(client, make([]byte, 5)); err != nil {
		return nil, err
	}
	err = <-done
	a.Close()
	b.Close()
	return lines, err
}

// dns: query NAME [answer=ADDRESS]
func dns(c *capturing, args []string) ([]said, error) {
	if len(args) != 2 || args[0] != "query" {
		return nil, fmt.Errorf("want: dns query NAME")
	}
	name := []byte(args[1])
	q := layers.DNSQuestion{Name: name, Type: layers.DNSTypeA, Class: layers.DNSClassIN}
	r := layers.DNSResourceRecord{Name: name, Type: layers.DNSTypeA, Class: layers.DNSClassIN, TTL: 300, IP: net.ParseIP(cmp.Or(c.event.opts["answer"], "203.0.113.80")).To4()}
	make := func(d *layers.DNS) []byte {
		buf := gopacket.NewSerializeBuffer()
		if err := d.SerializeTo(buf, gopacket.SerializeOptions{FixLengths: true}); err != nil {
			panic("BUG: " + err.Error())
		}
		return buf.Bytes()
	}
	return []said{
		ask(make(&layers.DNS{ID: c.port, RD: true, Questions: []layers.DNSQuestion{q}})),
		answer(make(&layers.DNS{ID: c.port, QR: true, RD: true, RA: true, Questions: []layers.DNSQuestion{q}, Answers: []layers.DNSResourceRecord{r}})),
	}, nil
}

// wireguard handshake: initiation (148 bytes), response (92), data, as in the protocol's paper, section 5.4.
func wireguard(*capturing, []string) ([]said, error) {
	body := func(kind byte, n int) []byte {
		b := make([]byte, n)
		b[0] = kind
		for i := 4; i < n; i++ {
			b[i] = byte(i*31 + 7)
		}
		return b
	}
	initiation, response := body(1, 148), body(2, 92)
	copy(response[8:12], initiation[4:8]) // the receiver's index is the sender's
	data := body(4, 96)
	copy(data[4:8], response[4:8])
	copy(data[8:16], make([]byte, 8))
	return []said{ask(initiation), answer(response), ask(data), answer(data)}, nil
}
