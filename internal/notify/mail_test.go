package notify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/mimawari/mimawari/internal/model"
)

func itoa(n int) string { return strconv.Itoa(n) }

func form(t *testing.T, body string) url.Values {
	t.Helper()
	v, err := url.ParseQuery(body)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// certificate makes an own authority's certificate for 127.0.0.1.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// post office is a real SMTP server in this process.
type postOffice struct {
	mails    chan letter
	password string // needed to sign in, "" for none
	refuse   *smtp.SMTPError
}

type letter struct {
	from string
	to   []string
	data []byte
	tls  bool
}

type postSession struct {
	office *postOffice
	conn   *smtp.Conn
	letter
	signedIn bool
}

func (o *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &postSession{office: o, conn: c, signedIn: o.password == ""}, nil
}

func (s *postSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *postSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "mimawari" || password != s.office.password {
			return smtp.ErrAuthFailed
		}
		s.signedIn = true
		return nil
	}), nil
}

func (s *postSession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *postSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.office.refuse != nil {
		return s.office.refuse
	}
	s.to = append(s.to, to)
	return nil
}

func (s *postSession) Data(r io.Reader) (err error) {
	if s.data, err = io.ReadAll(r); err != nil {
		return err
	}
	_, s.tls = s.conn.TLSConnectionState()
	s.office.mails <- s.letter
	return nil
}

func (*postSession) Reset()        {}
func (*postSession) Logout() error { return nil }

// open starts the office; how is none, starttls or tls.
func (o *postOffice) open(t *testing.T, how string) values {
	t.Helper()
	o.mails = make(chan letter, 10)
	s := smtp.NewServer(o)
	s.AllowInsecureAuth = how == "none"
	v := values{"host": "127.0.0.1", "tls": how, "from": "みまわり <mimawari@hospital.example>", "to": "a@hospital.example, 事務長 <b@hospital.example>\nc@hospital.example"}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if how != "none" {
		c, ca := certificate(t)
		v["ca"] = ca
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{c}}
	}
	_, v["port"], _ = net.SplitHostPort(l.Addr().String())
	if how == "tls" {
		l = tls.NewListener(l, s.TLSConfig)
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	if o.password != "" {
		v["user"], v["password"] = "mimawari", o.password
	}
	return v
}

func TestMailArrives(t *testing.T) {
	for _, how := range []string{"none", "starttls", "tls"} {
		for _, password := range []string{"", "p@ss 秘密"} {
			o := &postOffice{password: password}
			v := o.open(t, how)
			d := hostileDelivery(12)
			d.Notice.Files = []model.NoticeFile{{Name: "報告.pdf", Type: "application/pdf", Data: []byte("%PDF-1.7 test")}}
			if err := sendMail(t.Context(), v, d); err != nil {
				t.Fatalf("%s %q: %v", how, password, err)
			}
			got := <-o.mails
			if got.tls != (how != "none") || len(got.to) != 3 || got.from != "mimawari@hospital.example" {
				t.Fatalf("%s: %+v", how, got)
			}
			checkMailContent(t, got.data, d)
		}
	}
}

// The name of a machine can't become a header, a recipient or a part of the mail.
func checkMailContent(t *testing.T, data []byte, d model.Delivery) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Bcc") != "" || m.Header.Get("Message-ID") != "<"+d.ID+"@hospital.example>" || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Fatalf("%v", m.Header)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || strings.ContainsAny(subject, "\r\n\x00\x1b\u202e") || !strings.HasPrefix(subject, "[みまわり ") {
		t.Fatalf("%q, %v", subject, err)
	}
	if to, err := m.Header.AddressList("To"); err != nil || len(to) != 3 {
		t.Fatalf("%v, %v", to, err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	p, err := parts.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	body := decoded(t, p)
	if !strings.Contains(body, "ほか2件") || strings.Count(body, "\nBcc:") != 0 || strings.Contains(body, "\u202e") || strings.Contains(body, "PATIENT") {
		t.Fatal(body)
	}
	p, err = parts.NextPart()
	if err != nil || p.FileName() == "" || decoded(t, p) != "%PDF-1.7 test" {
		t.Fatalf("attachment: %v", err)
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Fatalf("another part: %v", err)
	}
}

func TestMailTroubles(t *testing.T) {
	d := hostileDelivery(1)
	o := &postOffice{password: "right"}
	v := o.open(t, "starttls")
	v["password"] = "geheim"
	wantsTrouble(t, sendMail(t.Context(), v, d), "notify_login")
	delete(v, "ca")
	wantsTrouble(t, sendMail(t.Context(), v, d), "notify_certificate")

	v = (&postOffice{}).open(t, "none")
	v["tls"] = "starttls" // the server does not offer it: the mail does not go in clear
	wantsTrouble(t, sendMail(t.Context(), v, d), "notify_no_tls")

	o = &postOffice{refuse: &smtp.SMTPError{Code: 550, Message: "no such user geheim"}}
	if e := wantsTrouble(t, sendMail(t.Context(), o.open(t, "none"), d), "notify_recipient"); !e.Final {
		t.Error("refused for good, but to be tried again soon")
	}
	o = &postOffice{refuse: &smtp.SMTPError{Code: 451, Message: "greylisted"}}
	if e := wantsTrouble(t, sendMail(t.Context(), o.open(t, "none"), d), "notify_mail_status"); e.Final {
		t.Error("refused for now, but not to be tried again soon")
	}
	v["port"] = "1"
	wantsTrouble(t, sendMail(t.Context(), v, d), "notify_unreachable")
}

func decoded(t *testing.T, p *multipart.Part) string {
	t.Helper()
	b, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, p))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}
