package notify

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// hostile is what an attacker would like to be called.
const hostile = "PC|=\\\r\nBcc: evil@example.com\r\n\r\n<!channel> <@U1> [To:1] [toall] [info] *b* `c` [x](http://evil) {{DATE(2026)}} | = \\ \u202e\u2028\x00\x1b[2J & \"q\" '"

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func finding(id string, s model.Severity, host string) model.Finding {
	return model.Finding{
		ID: id, Rule: "inventory.unknown_host", Severity: s, State: model.Open, First: noon, Last: noon, Count: 1,
		Params:   map[string]string{"host": host, "ip": "10.1.2.3", "mac": "02:00:00:00:00:01", "when": "2026-11-25", "maker": "x"},
		Assets:   []model.Asset{{Host: "h-1", Label: host, IP: "10.1.2.3"}},
		Evidence: []model.Evidence{{At: noon, Source: "x.pcap", Where: "frame 1", Text: "PATIENT^TARO 1970-01-01"}},
	}
}

func japanese() words {
	return words{lang: locale.Japanese, zone: time.UTC, institution: "みなと病院", link: "https://mimawari.example", names: true, show: shownToPeople}
}

// hostileDelivery is an alert about a machine with a hostile name, in an institution with one too.
func hostileDelivery(n int) model.Delivery {
	w := japanese()
	w.institution = text(hostile)
	var fs []model.Finding
	for range n {
		fs = append(fs, finding("f-1", model.Critical, hostile))
	}
	return planner{channel: model.Channel{ID: "c-1"}, now: noon, words: w}.delivery(UrgentKind, "", w.urgent(fs))
}

// received is a server on loopback that keeps what it is sent and answers as told.
type received struct {
	*httptest.Server
	requests []*http.Request
	bodies   []string
	answer   http.HandlerFunc
}

func receive(t *testing.T, answer http.HandlerFunc) *received {
	t.Helper()
	r := &received{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		b, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		r.requests, r.bodies = append(r.requests, q), append(r.bodies, string(b))
		if r.answer != nil {
			r.answer(w, q)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func jsonOf[T any](t *testing.T, s string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%v in %s", err, s)
	}
	return v
}

func TestSlackGetsPlainText(t *testing.T) {
	r := receive(t, nil)
	if err := sendSlack(t.Context(), values{"url": r.URL + "/services/T/B/x"}, hostileDelivery(10)); err != nil {
		t.Fatal(err)
	}
	m := jsonOf[struct {
		Text   string
		Mrkdwn *bool
		Blocks []struct {
			Type string
			Text struct {
				Type, Text string
				Emoji      bool
			}
		}
	}](t, r.bodies[0])
	if m.Mrkdwn == nil || *m.Mrkdwn || strings.ContainsAny(m.Text, "<>\n") || len(m.Blocks) < 12 || len(m.Blocks) > 50 {
		t.Fatalf("%s", r.bodies[0])
	}
	for i, b := range m.Blocks {
		limit := slackSection
		if b.Type == "header" {
			limit = slackHeader
		}
		if b.Text.Type != "plain_text" || b.Text.Emoji || strings.ContainsAny(b.Text.Text, "<>") || utf8.RuneCountInString(b.Text.Text) > limit || b.Text.Text == "" {
			t.Errorf("block %d: %+v", i, b)
		}
	}
	if !strings.Contains(r.bodies[0], "\\u0026lt;!channel\\u0026gt;") {
		t.Errorf("the name was not escaped but lost: %s", r.bodies[0])
	}
}

// runs are all texts of a card. In a TextRun Markdown is not interpreted.
func runs(t *testing.T, body string) (out []string) {
	t.Helper()
	m := jsonOf[struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version string
				Body          []struct {
					Type    string
					Inlines []struct{ Type, Text string }
				}
			}
		}
	}](t, body)
	if m.Type != "message" || len(m.Attachments) != 1 || m.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" ||
		m.Attachments[0].Content.Type != "AdaptiveCard" {
		t.Fatalf("%s", body)
	}
	for _, b := range m.Attachments[0].Content.Body {
		for _, i := range b.Inlines {
			if b.Type != "RichTextBlock" || i.Type != "TextRun" || i.Text == "" {
				t.Fatalf("%+v", b)
			}
			out = append(out, i.Text)
		}
	}
	return out
}

func TestTeamsGetsACardWithoutMarkup(t *testing.T) {
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })
	if err := sendTeams(t.Context(), values{"url": r.URL}, hostileDelivery(2)); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(runs(t, r.bodies[0]), "\n")
	if strings.Contains(all, "{{") || !strings.Contains(all, "[x](http://evil)") || !strings.Contains(all, "{ {DATE") {
		t.Fatal(all)
	}
	// A card that would be too large loses findings at its end, and says how many.
	w := japanese()
	w.show = 500
	var fs []model.Finding
	for range 300 {
		fs = append(fs, finding("f-1", model.High, strings.Repeat("長", 100)))
	}
	b, err := json.Marshal(teamsMessage(w.alert(fs, 0)))
	if err != nil || len(b) > maxCard {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	texts := runs(t, string(b))
	shown := strings.Count(strings.Join(texts, "\n"), "■重大  ")
	if want := locale.T(locale.Japanese, "notify.more", "n", itoa(300-shown)); shown < 5 || !strings.Contains(strings.Join(texts, "\n"), want) {
		t.Fatalf("%d shown, no %q", shown, want)
	}
}

func TestChatworkGetsNoNotation(t *testing.T) {
	r := receive(t, nil)
	v := values{"api": r.URL, "room": "123", "token": "secret-token"}
	if err := sendChatwork(t.Context(), v, hostileDelivery(2)); err != nil {
		t.Fatal(err)
	}
	q := r.requests[0]
	if q.URL.Path != "/v2/rooms/123/messages" || q.Header.Get("X-ChatWorkToken") != "secret-token" {
		t.Fatalf("%s %v", q.URL, q.Header)
	}
	body := form(t, r.bodies[0])["body"][0]
	inner := strings.NewReplacer("[info]", "", "[title]", "", "[/title]", "", "[/info]", "").Replace(body)
	if strings.ContainsAny(inner, "[]") || strings.Count(body, "[") != 4 || !strings.Contains(body, "［toall］") {
		t.Fatal(body)
	}
}

func rsaPEM(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return k, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// The server of LINE WORKS checks the claim as the real one does: signature, issuer, subject, age; then the token.
func TestLineWorksSignsInAndSends(t *testing.T) {
	k, text := rsaPEM(t)
	r := receive(t, nil)
	r.answer = func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/oauth2/v2.0/token":
			f := form(t, r.bodies[len(r.bodies)-1])
			part := strings.Split(f["assertion"][0], ".")
			sig, err := base64.RawURLEncoding.DecodeString(part[2])
			sum := sha256.Sum256([]byte(part[0] + "." + part[1]))
			if err != nil || rsa.VerifyPKCS1v15(&k.PublicKey, crypto.SHA256, sum[:], sig) != nil || f["scope"][0] != "bot" || f["client_secret"][0] != "shh" {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			raw, err := base64.RawURLEncoding.DecodeString(part[1])
			if err != nil {
				t.Error(err)
			}
			c := jsonOf[struct {
				Iss, Sub string
				Iat, Exp int64
			}](t, string(raw))
			if c.Iss != "client" || c.Sub != "x.serviceaccount@y" || c.Exp <= c.Iat || c.Exp-c.Iat > 3600 {
				t.Errorf("%+v", c)
			}
			io.WriteString(w, `{"access_token":"tok","token_type":"Bearer","expires_in":"86400"}`)
		case "/v1.0/bots/7/channels/room-1/messages":
			if q.Header.Get("Authorization") != "Bearer tok" {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			w.WriteHeader(http.StatusCreated)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}
	v := values{"api": r.URL + "/", "auth_api": r.URL, "client_id": "client", "client_secret": "shh", "service_account": "x.serviceaccount@y", "private_key": text, "bot": "7", "room": "room-1"}
	if err := sendLineWorks(t.Context(), v, hostileDelivery(10)); err != nil {
		t.Fatal(err)
	}
	m := jsonOf[struct{ Content struct{ Type, Text string } }](t, r.bodies[1])
	if n := utf8.RuneCountInString(m.Content.Text); m.Content.Type != "text" || n > lineWorksText || n < 500 {
		t.Fatalf("%d characters: %+v", n, m)
	}
	_, v["private_key"] = rsaPEM(t)
	wantsTrouble(t, sendLineWorks(t.Context(), v, hostileDelivery(1)), "notify_login")
	v["private_key"] = "nonsense"
	wantsTrouble(t, sendLineWorks(t.Context(), v, hostileDelivery(1)), "notify_private_key")
}

func TestWebhookIsSigned(t *testing.T) {
	r := receive(t, nil)
	d := hostileDelivery(3)
	if err := sendWebhook(t.Context(), values{"url": r.URL + "/hook", "key": "shared key"}, d); err != nil {
		t.Fatal(err)
	}
	head := r.requests[0].Header
	at, sig, _ := strings.Cut(strings.TrimPrefix(head.Get("Mimawari-Signature"), "t="), ",v1=")
	h := hmac.New(sha256.New, []byte("shared key"))
	io.WriteString(h, at+"."+r.bodies[0])
	if sig != hex.EncodeToString(h.Sum(nil)) || head.Get("Mimawari-Delivery") != d.ID {
		t.Fatalf("%v", head)
	}
	doc := jsonOf[Document](t, r.bodies[0])
	if doc.Schema != "mimawari.notice/1" || doc.Kind != UrgentKind || len(doc.Findings) != 3 || doc.Findings[0].Severity != model.Critical || doc.Findings[0].Finding != "f-1" {
		t.Fatalf("%+v", doc)
	}
	if strings.Contains(r.bodies[0], "PATIENT") {
		t.Fatal("evidence got into a message")
	}
}

// Whatever the other side answers, it becomes words, never a panic, and never with a secret in it.
func TestAnswersOfOtherSides(t *testing.T) {
	for status, code := range map[int]string{
		301: "redirect", 400: "status", 401: "login", 403: "login", 404: "gone", 410: "gone", 429: "busy", 500: "status", 503: "status",
	} {
		r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/stolen")
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(status)
			io.WriteString(w, "<script>geheim")
		})
		err := sendSlack(t.Context(), values{"url": r.URL + "/geheim"}, hostileDelivery(1))
		e := wantsTrouble(t, err, "notify_"+code)
		if e.After != 2*time.Minute || len(r.bodies) != 1 || e.Final != (status != 429 && status < 500) {
			t.Errorf("%d: %+v, %d requests", status, e, len(r.bodies))
		}
	}
}

func TestNetworkTroubles(t *testing.T) {
	strange := httptest.NewTLSServer(nil)
	defer strange.Close()
	plain := receive(t, nil)
	for address, code := range map[string]string{
		"http://127.0.0.1:1/geheim":            "notify_unreachable",
		strange.URL + "/geheim":                "notify_certificate",
		"https://" + plain.URL[7:] + "/geheim": "notify_no_tls",
		"http://\x00/geheim":                   "notify_url",
	} {
		wantsTrouble(t, sendSlack(t.Context(), values{"url": address}, hostileDelivery(1)), code)
	}
}

// wantsTrouble also makes sure that the error tells no secret and that there are words for it in both languages.
func wantsTrouble(t *testing.T, err error, code string) *SendError {
	t.Helper()
	var e *SendError
	if !errors.As(err, &e) || e.Trouble.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	for _, l := range locale.Langs {
		words := locale.Trouble(l, e.Trouble)
		if !locale.Has("trouble."+code) || strings.ContainsAny(words, "?{") || strings.Contains(words+err.Error(), "geheim") || strings.Contains(words+err.Error(), "script") {
			t.Fatalf("%s: %s / %v", l, words, err)
		}
	}
	return e
}
