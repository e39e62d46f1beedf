package notify

import (
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// tagged is the subject with the sign that people filter by.
func tagged(n model.Notice) string {
	return "[" + strings.TrimSpace(n.Product+" "+n.Institution) + "] " + n.Subject
}

// plain is a notice as text: for mails, LINE WORKS and Chatwork.
func plain(n model.Notice) string {
	var b strings.Builder
	for _, s := range n.Intro {
		b.WriteString(s + "\n")
	}
	for i, x := range n.Items {
		b.WriteString("\n" + strconv.Itoa(i+1) + ". " + x.Level + "  " + x.Title + "\n")
		for _, s := range []string{x.Why, x.Todo, x.Link} {
			if s != "" {
				b.WriteString("   " + s + "\n")
			}
		}
	}
	if n.More > 0 {
		b.WriteString("\n" + more(n) + "\n")
	}
	if len(n.Outro) > 0 {
		b.WriteString("\n" + strings.Join(n.Outro, "\n") + "\n")
	}
	return b.String()
}

// more says how many findings were left out: "ほか12件".
func more(n model.Notice) string { return strings.ReplaceAll(n.MoreText, "{n}", strconv.Itoa(n.More)) }

// bounded is plain, with findings left out at the end until it has at most max characters.
func bounded(n model.Notice, max int) string {
	s := plain(n)
	for len([]rune(s)) > max && len(n.Items) > 0 {
		n.Items = n.Items[:len(n.Items)-1]
		n.More++
		s = plain(n)
	}
	return cut(s, max)
}
