// Package idptest is a small OpenID Connect provider on loopback. It is for tests only.
package idptest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/auth/directory"
)

// How this program is known to it.
const (
	Client = "mimawari"
	Secret = "client secret"
)

// Provider signs everybody in as Claims say.
type Provider struct {
	URL string
	// Claims are those of whoever signs in next, beside the usual ones; they go before these. A nil takes one away.
	Claims map[string]any
	// Forge signs with a key that is not published, None does not sign at all.
	Forge, None bool

	mu    sync.Mutex
	key   *rsa.PrivateKey
	codes map[string]url.Values // what was asked for, by code
}

// Start runs a provider until the test ends.
func Start(t testing.TB) *Provider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{key: key, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.describe)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	p.URL = srv.URL
	return p
}

// Draft gives settings that work.
func (p *Provider) Draft() directory.Draft {
	return directory.Draft{
		Kind: directory.OIDC, URL: p.URL, User: Client, Secret: Secret, Claim: "groups", Label: "病院のアカウント",
		Groups: "administrator: mimawari-admins\noperator: mimawari-staff",
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asks notices
}

func (p *Provider) describe(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256", "none"},
	})
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	e := big.NewInt(int64(p.key.E)).Bytes()
	answer(w, map[string]any{"keys": []any{map[string]string{"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": text(p.key.N.Bytes()), "e": text(e)}}})
}

// authorize lets everybody in at once.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != Client || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" || q.Get("nonce") == "" {
		http.Error(w, "not what this client is registered for", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = q
	p.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"state": {q.Get("state")}, "code": {code}}.Encode(), http.StatusFound)
}

// token gives a token for a code, once, to the client that asked for it.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	p.mu.Lock()
	q, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	p.mu.Unlock()
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	secret, err := url.QueryUnescape(secret) // as RFC 6749 2.3.1 has it
	if err != nil || id != Client || secret != Secret || !known || q.Get("redirect_uri") != r.PostFormValue("redirect_uri") || q.Get("code_challenge") != text(proof[:]) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		answer(w, map[string]string{"error": "invalid_grant"})
		return
	}
	answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": p.sign(q.Get("nonce"))})
}

func (p *Provider) sign(nonce string) string {
	now := time.Now()
	c := map[string]any{"iss": p.URL, "aud": Client, "sub": "u-1", "nonce": nonce, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	for k, v := range p.Claims {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	head := map[string]string{"alg": "RS256", "kid": "1"}
	if p.None {
		head["alg"] = "none"
	}
	h, _ := json.Marshal(head) // texts and numbers
	b, _ := json.Marshal(c)    // likewise
	body := text(h) + "." + text(b)
	if p.None {
		return body + "."
	}
	key := p.key
	if p.Forge {
		key, _ = rsa.GenerateKey(rand.Reader, 2048) // never fails
	}
	sum := sha256.Sum256([]byte(body))
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		return ""
	}
	return body + "." + text(sig)
}
