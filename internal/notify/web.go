package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// client speaks TLS 1.2 or newer, through the proxy of the environment, and follows no redirection: what is meant for one
// address may not go to another.
func client(ca string) (*http.Client, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	cfg, err := tlsConfig(ca, "")
	if err != nil {
		return nil, err
	}
	t.TLSClientConfig = cfg
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

// tlsConfig trusts the system's authorities, or only the one that was given.
func tlsConfig(ca, name string) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name}
	if ca != "" {
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return nil, sendError("pem", "the certificate of the authority can't be read")
		}
	}
	return cfg, nil
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 64 << 10

// post sends one request and gives the answer, whatever its status.
func post(ctx context.Context, c *http.Client, address string, body []byte, header map[string]string) (status int, answer []byte, h http.Header, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, sendError("url", "the address can't be used")
	}
	r.Header.Set("User-Agent", "Mimawari")
	for k, v := range header {
		r.Header.Set(k, v)
	}
	res, err := c.Do(r)
	if err != nil {
		return 0, nil, nil, network(err, r.URL.Hostname())
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return 0, nil, nil, network(err, r.URL.Hostname())
	}
	return res.StatusCode, answer, res.Header, nil
}

// postJSON posts a document and wants a 2xx.
func postJSON(ctx context.Context, c *http.Client, address string, doc any, header map[string]string) error {
	body, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	h := map[string]string{"Content-Type": "application/json; charset=utf-8"}
	for k, v := range header {
		h[k] = v
	}
	status, _, head, err := post(ctx, c, address, body, h)
	if err != nil {
		return err
	}
	return taken(status, head)
}

// taken turns a status into an error. The body of the answer is not shown: it is the other side's, and may be anything.
func taken(status int, h http.Header) error {
	if status >= 200 && status < 300 {
		return nil
	}
	code := "status"
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		code = "login"
	case status == http.StatusNotFound || status == http.StatusGone:
		code = "gone"
	case status == http.StatusTooManyRequests:
		code = "busy"
	case status >= 300 && status < 400:
		code = "redirect"
	}
	e := sendError(code, "the other side answers with status "+strconv.Itoa(status), strconv.Itoa(status))
	e.Final = status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout
	if s, err := strconv.Atoi(strings.TrimSpace(h.Get("Retry-After"))); err == nil && s > 0 {
		e.After = time.Duration(min(s, 24*3600)) * time.Second
	}
	return e
}

// network says what went wrong on the way. An *url.Error carries the address, which is a secret here: only its cause is used.
func network(err error, host string) *SendError {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	var lookup *net.DNSError
	switch {
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &name), errors.As(err, &verify):
		e := sendError("certificate", "the certificate of "+host+" is not trusted", host)
		e.Final = true
		return e
	case errors.As(err, &record), strings.Contains(err.Error(), "HTTP response to HTTPS client"):
		return sendError("no_tls", host+" does not speak TLS", host)
	case errors.As(err, &lookup):
		return sendError("no_such_host", "no address is known for "+host, host)
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return sendError("timeout", host+" does not answer", host)
	}
	return sendError("unreachable", "there is no connection to "+host, host)
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
