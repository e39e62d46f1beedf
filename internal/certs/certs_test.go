package certs_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/certs"
	"github.com/mimawari/mimawari/internal/locale"
)

var begin = time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)

// A browser that trusts the own authority reaches the server under every name; one that does not is warned.
func TestServeWithTheOwnAuthority(t *testing.T) {
	now := time.Now()
	k := certs.Open(filepath.Join(t.TempDir(), "tls"), func() time.Time { return now })
	if err := k.Make([]string{"mimawari.local", "127.0.0.1", "::1"}); err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", k.TLS())
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: time.Second}
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	go func() { _ = srv.Serve(l) }()
	defer srv.Close()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(k.Authority()) {
		t.Fatal("no authority")
	}
	get := func(host string, roots *x509.CertPool) error {
		c := &http.Client{Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: host},
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
			},
		}}
		res, err := c.Get("https://" + host + "/")
		if err == nil {
			_ = res.Body.Close()
		}
		return err
	}
	for _, host := range []string{"mimawari.local", "127.0.0.1"} {
		if err := get(host, pool); err != nil {
			t.Errorf("%s: %v", host, err)
		}
	}
	if err := get("other.local", pool); err == nil {
		t.Error("another name was served")
	}
	if err := get("mimawari.local", x509.NewCertPool()); err == nil {
		t.Error("trusted by nobody, and still fine")
	}
	if !k.Serves("MIMAWARI.local") || !k.Serves("127.0.0.1") || k.Serves("evil.example") {
		t.Error("Serves")
	}
}

// Its own certificate is renewed a month before its end, under the same names and the same authority.
func TestRenewal(t *testing.T) {
	now := begin
	k := certs.Open(t.TempDir(), func() time.Time { return now })
	if err := k.Make([]string{"mimawari.local"}); err != nil {
		t.Fatal(err)
	}
	first := status(t, k)
	now = begin.AddDate(0, 0, 300)
	if s := status(t, k); s.Fingerprint != first.Fingerprint {
		t.Error("renewed too early")
	}
	now = begin.AddDate(0, 0, 380)
	s := status(t, k)
	if s.Fingerprint == first.Fingerprint || s.Authority != first.Authority || s.Kind != certs.Own || len(s.Names) != 1 || s.NotAfter.Before(now.AddDate(1, 0, 0)) {
		t.Errorf("%+v", s)
	}
}

func status(t *testing.T, k *certs.Keeper) certs.Status {
	t.Helper()
	s, err := k.Status()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestImport(t *testing.T) {
	now := begin
	from := t.TempDir()
	other := certs.Open(from, func() time.Time { return now })
	if err := other.Make([]string{"pages.example.jp"}); err != nil {
		t.Fatal(err)
	}
	pair, err := os.ReadFile(filepath.Join(from, "server.pem"))
	if err != nil {
		t.Fatal(err)
	}
	k := certs.Open(t.TempDir(), func() time.Time { return now })
	if err := k.Import(pair, pair); err != nil {
		t.Fatal(err)
	}
	s := status(t, k)
	if s.Kind != certs.Given || s.Names[0] != "pages.example.jp" {
		t.Errorf("%+v", s)
	}
	f := func(cert, key []byte, want certs.Code) {
		t.Helper()
		var e *certs.Error
		if err := k.Import(cert, key); !errors.As(err, &e) || e.Code != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f(nil, nil, certs.NoPair)
	f(pair[:100], pair, certs.NoPair)
	f([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), pair, certs.NoPair)
	now = begin.AddDate(3, 0, 0)
	f(pair, pair, certs.Expired)
	if got := status(t, k); got.Fingerprint != s.Fingerprint {
		t.Error("a refused certificate took the place of the good one")
	}
}

func TestBadNames(t *testing.T) {
	k := certs.Open(t.TempDir(), func() time.Time { return begin })
	for _, n := range []string{"", "a b", "-x", "x..y", ".x", "病院", "a/b", "*.example.jp", "x\ny"} {
		if err := k.Make([]string{n}); err == nil {
			t.Errorf("%q was taken", n)
		}
	}
	if err := k.Make(nil); err == nil {
		t.Error("no name at all")
	}
}

func TestKeysAreForTheOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tls")
	k := certs.Open(dir, time.Now)
	if err := k.Make([]string{"x"}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"server.pem", "ca.key"} {
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, st, err)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range certs.Codes() {
		if !locale.Has("certs." + string(c)) {
			t.Errorf("no words for %s", c)
		}
	}
}
