package notify

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// lineWorksText is the longest text that a bot may send, in characters.
const lineWorksText = 2000

func checkLineWorks(v values) []Problem {
	if v["private_key"] != "" {
		if _, err := rsaKey(v["private_key"]); err != nil {
			return []Problem{{Field: "private_key", Code: "private_key"}}
		}
	}
	return nil
}

// sendLineWorks sends as a bot: the service account's signed claim is exchanged for a token, with which the message is posted
// into the talk room.
func sendLineWorks(ctx context.Context, v values, d model.Delivery) error {
	c, err := client("")
	if err != nil {
		return err
	}
	token, err := lineWorksToken(ctx, c, v, d.ID)
	if err != nil {
		return err
	}
	address := strings.TrimRight(v["api"], "/") + "/v1.0/bots/" + url.PathEscape(v["bot"]) + "/channels/" + url.PathEscape(v["room"]) + "/messages"
	message := map[string]any{"content": map[string]string{"type": "text", "text": tagged(d.Notice) + "\n\n" + bounded(d.Notice, lineWorksText-maxSubject-60)}}
	return postJSON(ctx, c, address, message, map[string]string{"Authorization": "Bearer " + token})
}

// lineWorksToken asks for a token (RFC 7523). Tokens live a day; asking each time is simpler than keeping one, and messages
// are few.
func lineWorksToken(ctx context.Context, c *http.Client, v values, id string) (string, error) {
	claim, err := assertion(v["private_key"], map[string]any{
		"iss": v["client_id"], "sub": v["service_account"], "iat": time.Now().Unix(), "exp": time.Now().Add(10 * time.Minute).Unix(), "jti": id,
	})
	if err != nil {
		return "", err
	}
	form := url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {claim}, "client_id": {v["client_id"]},
		"client_secret": {v["client_secret"]}, "scope": {"bot"},
	}
	status, body, head, err := post(ctx, c, strings.TrimRight(v["auth_api"], "/")+"/oauth2/v2.0/token", []byte(form.Encode()),
		map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	if err != nil {
		return "", err
	}
	if status == http.StatusBadRequest { // RFC 6749, 5.2: what is wrong with the claim
		status = http.StatusUnauthorized
	}
	if err := taken(status, head); err != nil {
		return "", err
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Token == "" || strings.ContainsAny(answer.Token, "\r\n") {
		return "", sendError("answer", "the answer to the sign-in has no token")
	}
	return answer.Token, nil
}

// assertion is a JSON Web Token signed with RS256 (RFC 7519, RFC 7518 3.3).
func assertion(key string, claims map[string]any) (string, error) {
	k, err := rsaKey(key)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding.EncodeToString
	head := enc([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + enc(body)
	sum := sha256.Sum256([]byte(head))
	sig, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	if err != nil {
		return "", sendError("private_key", "the private key can't sign")
	}
	return head + "." + enc(sig), nil
}

// rsaKey reads a private key in PKCS#8 or PKCS#1.
func rsaKey(text string) (*rsa.PrivateKey, error) {
	bad := sendError("private_key", "the private key can't be read")
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, bad
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, bad
	}
	if k, ok := k.(*rsa.PrivateKey); ok {
		return k, nil
	}
	return nil, bad
}
