package notify

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// maxCard keeps a card under the 28 KiB that Teams takes, with room for what Teams adds.
const maxCard = 20 << 10

type cardRun struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
}

type cardBlock struct {
	Type      string    `json:"type"`
	Inlines   []cardRun `json:"inlines"`
	Separator bool      `json:"separator,omitempty"`
}

// cardText keeps the one thing that is interpreted in a TextRun, date functions in double braces, out of foreign text.
// Markdown is not interpreted there, which is why the card is made of them.
func cardText(s string) string { return strings.ReplaceAll(s, "{{", "{ {") }

func cardLine(s, weight, size string) cardBlock {
	return cardBlock{Type: "RichTextBlock", Inlines: []cardRun{{"TextRun", cardText(s), weight, size}}}
}

// sendTeams posts to a web hook of Workflows. It takes the card before it shows it: "taken" is all that can be known.
func sendTeams(ctx context.Context, v values, d model.Delivery) error {
	c, err := client("")
	if err != nil {
		return err
	}
	return postJSON(ctx, c, v["url"], teamsMessage(d.Notice), nil)
}

// teamsMessage is the message with its card; findings are left out at the end until it is small enough.
func teamsMessage(n model.Notice) map[string]any {
	for {
		m := teamsCard(n)
		b, err := json.Marshal(m)
		if err != nil || len(b) <= maxCard || len(n.Items) == 0 {
			return m
		}
		n.Items = n.Items[:len(n.Items)-1]
		n.More++
	}
}

func teamsCard(n model.Notice) map[string]any {
	body := []cardBlock{cardLine(tagged(n), "Bolder", "Medium")}
	for _, s := range n.Intro {
		body = append(body, cardLine(s, "", ""))
	}
	for _, x := range n.Items {
		head := cardLine(x.Level+"  "+x.Title, "Bolder", "")
		head.Separator = true
		body = append(body, head)
		for _, s := range []string{x.Why, x.Todo, x.Link} {
			if s != "" {
				body = append(body, cardLine(s, "", ""))
			}
		}
	}
	if n.More > 0 {
		body = append(body, cardLine(more(n), "", ""))
	}
	for _, s := range n.Outro {
		body = append(body, cardLine(s, "", "Small"))
	}
	return map[string]any{"type": "message", "attachments": []any{map[string]any{
		"contentType": "application/vnd.microsoft.card.adaptive",
		"contentUrl":  nil,
		"content": map[string]any{
			"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body,
		},
	}}}
}
