package decide

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Question is what is asked about one machine.
type Question struct {
	Host, Subject, Text string // "" for subject and text: as drafted
}

// Draft writes the question about a machine: what was seen, since when, and what a person can answer without knowing
// about networks. zone is the one that people's clocks show.
func Draft(l locale.Lang, x *ledger.Index, h *model.Host, who string, zone *time.Location) (subject, text string) {
	class := "unknown"
	if h.Class != model.ClassUnknown {
		class = string(h.Class)
	}
	network := "-"
	if n := networkOf(x, h.IPs); n != nil && n.Name != "" {
		network = n.Name
	}
	pairs := []string{
		"label", model.Clean(SeenLabel(h)), "ip", dash(seenIPs(h)), "mac", dash(macText(h)), "name", dash(strings.Join(h.Names[:min(len(h.Names), 3)], ", ")),
		"class", locale.T(l, "class."+class), "maker", dash(strings.TrimSpace(h.Maker + " " + h.Model)), "os", dash(seenOS(h)), "network", network,
		"first", h.First.In(zone).Format("2006-01-02 15:04"), "last", h.Last.In(zone).Format("2006-01-02 15:04"), "who", who,
	}
	key := "ledger.inquiry.undeclared"
	if h.Ledger != nil {
		key = "ledger.inquiry.differs"
		pairs = append(pairs, "declared", h.Ledger.Name)
	}
	return locale.T(l, key+".subject", pairs...), locale.T(l, key+".text", pairs...)
}

func macText(h *model.Host) string {
	if len(h.MACs) == 0 {
		return ""
	}
	return h.MACs[0].String()
}

// Ask notes a question to a department or a person for each machine. sent: it is on its way already.
func (w World) Ask(questions []Question, to, mail string, sent bool, zone *time.Location, by By) (model.Act, error) {
	d, err := w.draft(model.BatchAsk, by)
	if err != nil {
		return model.Act{}, err
	}
	to, mail = model.Clean(to), model.Clean(mail)
	switch {
	case len(questions) == 0:
		return model.Act{}, refuse("nothing")
	case to == "":
		return model.Act{}, refuse("to")
	}
	for _, q := range questions {
		h, err := d.host(q.Host)
		if err != nil {
			return model.Act{}, err
		}
		if len(q.Subject)+len(q.Text) > 2*maxText {
			return model.Act{}, refuse("text_long")
		}
		d.ask(h, q, to, mail, sent, zone)
	}
	return d.done(), nil
}

func (d *draft) ask(h model.Host, q Question, to, mail string, sent bool, zone *time.Location) {
	subject, text := Draft(d.Lang, d.index, &h, d.Who, zone)
	if strings.TrimSpace(q.Subject) != "" {
		subject = strings.Join(strings.Fields(q.Subject), " ")
	}
	if strings.TrimSpace(q.Text) != "" {
		text = strings.ReplaceAll(strings.TrimSpace(q.Text), "\r\n", "\n")
	}
	x := model.Inquiry{
		ID: d.NewID("q-"), Host: h.ID, Label: SeenLabel(&h), State: model.InquiryDraft, To: to, Mail: mail, Subject: subject, Text: text, Who: d.Who, Made: d.At.UTC(),
	}
	if h.Ledger != nil {
		x.Key = h.Ledger.Key
	}
	if sent {
		x.State, x.Sent = model.InquirySent, d.At.UTC()
	}
	d.subjects = append(d.subjects, x.Label)
	d.act.Batch.Inquiries = append(d.act.Batch.Inquiries, model.InquiryStep{ID: x.ID, After: &x})
	rules := []string{ruleUnknown, "inventory.name_mismatch", "inventory.mac_change"}
	d.about(h.ID, rules, func(f model.Finding) {
		if f.State == model.Open || f.State == model.Reopened {
			d.say(f, model.Standing{State: model.Acknowledged, Owner: to, Reason: d.words("ledger.decide.asked_reason", "to", to)})
		}
	})
}

// Sent notes that a question is on its way.
func (w World) Sent(id string, by By) (model.Act, error) {
	return w.inquiry(id, model.BatchAsk, by, func(q *model.Inquiry) error {
		q.State, q.Sent = model.InquirySent, by.At.UTC()
		return nil
	})
}

// Answer notes what was answered. The decision that follows from it is still to be made.
func (w World) Answer(id, answer string, by By) (model.Act, error) {
	return w.inquiry(id, model.BatchAnswer, by, func(q *model.Inquiry) error {
		answer = strings.TrimSpace(answer)
		switch {
		case answer == "":
			return refuse("answer")
		case len(answer) > maxText:
			return refuse("text_long")
		}
		q.State, q.Answer, q.Answered, q.AnsweredBy = model.InquiryAnswered, answer, by.At.UTC(), by.Who
		return nil
	})
}

func (w World) inquiry(id, kind string, by By, change func(*model.Inquiry) error) (model.Act, error) {
	d, err := w.draft(kind, by)
	if err != nil {
		return model.Act{}, err
	}
	was, ok := w.Inquiries[id]
	if !ok {
		return model.Act{}, refuse("no_inquiry", "id", id)
	}
	now := was
	if err := change(&now); err != nil {
		return model.Act{}, err
	}
	d.subjects = append(d.subjects, was.Label)
	d.act.Batch.Inquiries = append(d.act.Batch.Inquiries, model.InquiryStep{ID: id, Before: &was, After: &now})
	return d.done(), nil
}

// MailLink opens the question in a mail program: RFC 6068.
func MailLink(q model.Inquiry) string {
	to := strings.NewReplacer("%40", "@").Replace(url.PathEscape(q.Mail))
	enc := func(s string) string {
		return strings.ReplaceAll(url.QueryEscape(strings.ReplaceAll(s, "\n", "\r\n")), "+", "%20")
	}
	return "mailto:" + to + "?subject=" + enc(q.Subject) + "&body=" + enc(q.Text)
}

// Addressees are the departments and people of the ledger that a question can go to, with the mail address where one is
// known.
func Addressees(l *model.Ledger) (out []model.Person) {
	if l == nil {
		return nil
	}
	seen := map[string]bool{}
	add := func(p model.Person) {
		if p.Name != "" && !seen[p.Name] {
			seen[p.Name] = true
			out = append(out, p)
		}
	}
	for _, p := range l.People {
		add(p)
	}
	for _, d := range l.Departments {
		i := slices.IndexFunc(l.People, func(p model.Person) bool { return p.Department == d.Name && p.Mail != "" })
		p := model.Person{Name: d.Name}
		if i >= 0 {
			p.Mail = l.People[i].Mail
		}
		add(p)
	}
	for _, h := range l.Hosts {
		add(model.Person{Name: h.Department})
	}
	return out[:min(len(out), 500)]
}
