package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/mimawari/mimawari/internal/model"
)

// checkMail: a password may not go over the network in clear.
func checkMail(v values) (ps []Problem) {
	if v["tls"] == "none" && v["user"] != "" && !loopback(v["host"]) {
		ps = append(ps, Problem{Field: "tls", Code: "clear_password"})
	}
	from, err := addresses(v["from"])
	if err != nil || len(from) != 1 {
		ps = append(ps, Problem{Field: "from", Code: "one_address"})
	}
	return ps
}

// sendMail hands one message for all recipients to the mail server. Its Message-ID is that of the delivery, so that a
// repetition can be told.
func sendMail(ctx context.Context, v values, d model.Delivery) error {
	m, err := mailMessage(v, d)
	if err != nil {
		return err
	}
	c, err := mailClient(v)
	if err != nil {
		return err
	}
	if err := c.DialAndSendWithContext(ctx, m); err != nil && !m.IsDelivered() {
		return mailTrouble(err, v["host"])
	}
	return nil
}

func mailClient(v values) (*mail.Client, error) {
	port, err := strconv.Atoi(v["port"])
	if err != nil {
		return nil, fmt.Errorf("port of the mail server: %w", err)
	}
	cfg, err := tlsConfig(v["ca"], v["host"])
	if err != nil {
		return nil, err
	}
	options := []mail.Option{mail.WithPort(port), mail.WithTimeout(sendTimeout), mail.WithTLSConfig(cfg)}
	switch v["tls"] {
	case "tls":
		options = append(options, mail.WithSSL())
	case "none":
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if v["user"] != "" {
		auth := mail.SMTPAuthAutoDiscover
		if v["tls"] == "none" { // only this very machine: see checkMail
			auth = mail.SMTPAuthPlainNoEnc
		}
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(v["user"]), mail.WithPassword(v["password"]))
	}
	return mail.NewClient(v["host"], options...)
}

func mailMessage(v values, d model.Delivery) (*mail.Msg, error) {
	from, err := addresses(v["from"])
	if err != nil {
		return nil, sendError("address", "the sender's address can't be used")
	}
	to, err := addresses(v["to"])
	if err != nil {
		return nil, sendError("address", "a recipient's address can't be used")
	}
	m := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingB64))
	m.FromMailAddress(from[0])
	m.ToMailAddress(to...)
	m.Subject(line(tagged(d.Notice)))
	m.SetDateWithValue(d.Made)
	_, domain, _ := strings.Cut(from[0].Address, "@")
	m.SetMessageIDWithValue(d.ID + "@" + domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answers from absent people
	m.SetGenHeader("X-Mimawari-Kind", d.Kind)
	m.SetBodyString(mail.TypeTextPlain, plain(d.Notice))
	for _, f := range d.Notice.Files {
		if err := m.AttachReader(f.Name, bytes.NewReader(f.Data), mail.WithFileContentType(mail.ContentType(f.Type))); err != nil {
			return nil, fmt.Errorf("attach %s: %w", f.Name, err)
		}
	}
	return m, nil
}

// mailTrouble says what the mail server does not like. Its own words are left out: they may quote the password's encoding
// or anything else.
func mailTrouble(err error, host string) error {
	var reply *textproto.Error
	var sent *mail.SendError
	code := 0
	if errors.As(err, &sent) {
		code = sent.ErrorCode()
	}
	if code == 0 && errors.As(err, &reply) {
		code = reply.Code
	}
	if code == 0 {
		return mailSilence(err, host)
	}
	e := sendError("mail_status", "the mail server answers with "+strconv.Itoa(code), strconv.Itoa(code))
	switch {
	case code == 530 || code == 534 || code == 535:
		e = sendError("login", "the mail server refuses user or password", strconv.Itoa(code))
	case code == 550 || code == 551 || code == 553:
		e = sendError("recipient", "the mail server refuses a recipient or the sender", strconv.Itoa(code))
	case code == 552 || code == 523:
		e = sendError("too_large", "the mail is too large for the server", strconv.Itoa(code))
	}
	e.Final = code >= 500
	return e
}

// mailSilence is for troubles before the server said anything that counts.
func mailSilence(err error, host string) error {
	if strings.Contains(err.Error(), "STARTTLS") {
		return sendError("no_tls", host+" does not offer TLS", host)
	}
	return network(err, host)
}
