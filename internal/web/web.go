// Package web shows what the patrol found: 今日 (today), 機器 (hosts), 指摘 (findings), and serves the API beneath the same
// roof. Pages are rendered on the server and work without JavaScript. It decides nothing: what people decide goes to the
// Desk, what is shown comes from the Memory.
//
// There is no login yet, so the server must listen on loopback only: Listen refuses anything else, and Handler refuses
// requests that name another host (DNS rebinding) or come from another site.
package web

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
)

//go:embed static
var static embed.FS

// Site is what the pages need.
type Site struct {
	Memory api.Memory
	Desk   api.Desk
	Zone   *time.Location
	Now    func() time.Time
	// Report is told of errors that the reader is not shown. May be nil.
	Report func(error)
}

// ErrNotLoopback is returned by Listen for addresses that other machines can reach.
var ErrNotLoopback = errors.New("not a loopback address")

// Listen opens addr, which must be on loopback.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	if !loopback(host) {
		return nil, fmt.Errorf("listen on %s: %w", addr, ErrNotLoopback)
	}
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", addr)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// Server gives the HTTP server with its limits.
func Server(s Site) *http.Server {
	return &http.Server{
		Handler: Handler(s), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
}

// Handler serves pages and API.
func Handler(s Site) http.Handler {
	p := &pages{Site: s}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.today)
	mux.HandleFunc("GET /hosts", p.hosts)
	mux.HandleFunc("GET /hosts.xlsx", p.hostsXLSX)
	mux.HandleFunc("GET /hosts/{id}", p.host)
	mux.HandleFunc("GET /findings", p.findings)
	mux.HandleFunc("GET /findings.xlsx", p.findingsXLSX)
	mux.HandleFunc("GET /findings/{id}", p.finding)
	mux.HandleFunc("POST /findings/{id}", p.decide)
	mux.HandleFunc("GET /silences", p.silences)
	mux.HandleFunc("POST /silences", p.silence)
	mux.HandleFunc("POST /silences/{id}/remove", p.unsilence)
	mux.HandleFunc("POST /lang", p.lang)
	mux.HandleFunc("GET /report.html", p.reportHTML)
	mux.HandleFunc("GET /report.xlsx", p.reportXLSX)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("/api/v1/", api.Handler(s.Memory, s.Desk))
	files, err := fs.Sub(static, "static")
	if err != nil {
		panic("BUG: no static files: " + err.Error())
	}
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(files)))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { p.fail(w, r, errNoPage) })
	return guard(http.NewCrossOriginProtection().Handler(mux))
}

// guard sets the security headers and refuses requests for another host name.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !loopback(host) {
			http.Error(w, "this address is served on loopback only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
