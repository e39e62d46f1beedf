package notify

import (
	"context"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// slackEscape keeps mentions, links and commands of Slack out of text from the network: these three characters begin all of
// them.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

type slackText struct {
	Type  string `json:"type"`
	Text  string `json:"text"`
	Emoji bool   `json:"emoji"`
}

type slackBlock struct {
	Type string     `json:"type"`
	Text *slackText `json:"text,omitempty"`
}

// Limits of Block Kit: characters of a header and of a section.
const (
	slackHeader  = 150
	slackSection = 3000
)

// slackPlain is a block of plain text: without the mark-up of Slack, which people on the network could otherwise write.
func slackPlain(kind, s string, max int) slackBlock {
	// The escapes count as well, so the text is cut before and with room for them.
	for s = cut(s, max); len([]rune(slackEscape.Replace(s))) > max; {
		s = cut(s, len([]rune(s))*9/10)
	}
	return slackBlock{kind, &slackText{"plain_text", slackEscape.Replace(s), false}}
}

// sendSlack posts to an incoming web hook.
func sendSlack(ctx context.Context, v values, d model.Delivery) error {
	c, err := client("")
	if err != nil {
		return err
	}
	return postJSON(ctx, c, v["url"], slackMessage(d.Notice), nil)
}

func slackMessage(n model.Notice) map[string]any {
	blocks := []slackBlock{slackPlain("header", tagged(n), slackHeader)}
	if len(n.Intro) > 0 {
		blocks = append(blocks, slackPlain("section", strings.Join(n.Intro, "\n"), slackSection))
	}
	for _, x := range n.Items {
		blocks = append(blocks, slackPlain("section", strings.TrimSpace(strings.Join([]string{x.Level + "  " + x.Title, x.Why, x.Todo, x.Link}, "\n")), slackSection))
	}
	if n.More > 0 {
		blocks = append(blocks, slackPlain("section", more(n), slackSection))
	}
	if len(n.Outro) > 0 {
		blocks = append(blocks, slackPlain("section", strings.Join(n.Outro, "\n"), slackSection))
	}
	return map[string]any{"text": slackEscape.Replace(line(tagged(n))), "mrkdwn": false, "blocks": blocks, "unfurl_links": false, "unfurl_media": false}
}
