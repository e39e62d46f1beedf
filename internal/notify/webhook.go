package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Document is what the generic web hook gets. It is described in docs/notifications.md.
type Document struct {
	Schema      string             `json:"schema"` // mimawari.notice/1
	ID          string             `json:"id"`     // the same over all tries
	Kind        string             `json:"kind"`
	Made        time.Time          `json:"made"`
	Institution string             `json:"institution,omitempty"`
	Subject     string             `json:"subject"`
	Text        []string           `json:"text"`
	Findings    []model.NoticeItem `json:"findings"`
	More        int                `json:"more"` // findings left out
}

// sendWebhook posts the document with its signature.
func sendWebhook(ctx context.Context, v values, d model.Delivery) error {
	c, err := client(v["ca"])
	if err != nil {
		return err
	}
	body, err := json.Marshal(document(d))
	if err != nil {
		return err
	}
	status, _, head, err := post(ctx, c, v["url"], body, map[string]string{
		"Content-Type": "application/json; charset=utf-8", "Mimawari-Delivery": d.ID, "Mimawari-Signature": Sign(v["key"], time.Now(), body),
	})
	if err != nil {
		return err
	}
	return taken(status, head)
}

func document(d model.Delivery) Document {
	n := d.Notice
	text := append(append([]string{}, n.Intro...), n.Outro...)
	return Document{
		Schema: "mimawari.notice/1", ID: d.ID, Kind: d.Kind, Made: d.Made.UTC(), Institution: n.Institution, Subject: n.Subject,
		Text: text, Findings: append([]model.NoticeItem{}, n.Items...), More: n.More,
	}
}

// Sign is the value of the header Mimawari-Signature: "t=SECONDS,v1=HEX", where HEX is the HMAC-SHA256 with the channel's key
// over "SECONDS.BODY". A receiver that also looks at the time can't be fooled with an old message.
func Sign(key string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(t + "."))
	h.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(h.Sum(nil))
}
