package notify

import (
	"context"
	"net/url"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// chatworkEscape: every notation of Chatwork ([To:...], [toall], [info]) begins with a bracket and there is no way to quote
// one, so foreign text gets the full-width one.
var chatworkEscape = strings.NewReplacer("[", "［", "]", "］")

// chatworkText bounds a message, in characters.
const chatworkText = 10000

// sendChatwork posts into a room.
func sendChatwork(ctx context.Context, v values, d model.Delivery) error {
	c, err := client("")
	if err != nil {
		return err
	}
	form := url.Values{"body": {chatworkMessage(d.Notice)}, "self_unread": {"1"}}
	status, _, head, err := post(ctx, c, strings.TrimRight(v["api"], "/")+"/v2/rooms/"+url.PathEscape(v["room"])+"/messages", []byte(form.Encode()),
		map[string]string{"Content-Type": "application/x-www-form-urlencoded", "X-ChatWorkToken": v["token"]})
	if err != nil {
		return err
	}
	return taken(status, head)
}

func chatworkMessage(n model.Notice) string {
	return "[info][title]" + chatworkEscape.Replace(tagged(n)) + "[/title]" + chatworkEscape.Replace(bounded(n, chatworkText)) + "[/info]"
}
