package notify

import (
	"context"
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// FieldType says how a field is entered and checked.
type FieldType string

// The types.
const (
	TextField   FieldType = "text"
	ListField   FieldType = "list" // mail addresses, separated by commas or lines
	URLField    FieldType = "url"
	NumberField FieldType = "number"
	ChoiceField FieldType = "choice"
	PEMField    FieldType = "pem" // several lines
	HostField   FieldType = "host"
	MailField   FieldType = "mail" // one mail address
)

// Field is one thing that a kind of channel must or may know. Its words are under "notify.field.NAME".
type Field struct {
	Name    string
	Type    FieldType
	Secret  bool // kept sealed, never shown again
	Needed  bool
	Choices []string
	Default string
}

// Kind is a kind of channel. Its words are under "notify.kind.ID".
type Kind struct {
	ID      string
	Names   bool // whether names and addresses may be said unless somebody decides: not to services outside the institution
	Machine bool // read by programs: all findings, not the first ten
	Files   bool // can carry files
	Fields  []Field
	check   func(values) []Problem
	send    func(ctx context.Context, v values, d model.Delivery) error
}

// values are the options of a channel together with its opened secrets.
type values map[string]string

var caField = Field{Name: "ca", Type: PEMField}

// Kinds are all kinds of channels, in the order in which they are offered.
func Kinds() []Kind { return slices.Clone(kinds) }

var kinds = []Kind{
	{ID: "mail", Names: true, Files: true, send: sendMail, check: checkMail, Fields: []Field{
		{Name: "host", Type: HostField, Needed: true},
		{Name: "port", Type: NumberField, Default: "587"},
		{Name: "tls", Type: ChoiceField, Choices: []string{"starttls", "tls", "none"}, Default: "starttls"},
		{Name: "user", Type: TextField},
		{Name: "password", Type: TextField, Secret: true},
		{Name: "from", Type: MailField, Needed: true},
		{Name: "to", Type: ListField, Needed: true},
		caField,
	}},
	{ID: "slack", send: sendSlack, Fields: []Field{{Name: "url", Type: URLField, Secret: true, Needed: true}}},
	{ID: "teams", send: sendTeams, Fields: []Field{{Name: "url", Type: URLField, Secret: true, Needed: true}}},
	{ID: "lineworks", send: sendLineWorks, check: checkLineWorks, Fields: []Field{
		{Name: "client_id", Type: TextField, Needed: true},
		{Name: "client_secret", Type: TextField, Secret: true, Needed: true},
		{Name: "service_account", Type: TextField, Needed: true},
		{Name: "private_key", Type: PEMField, Secret: true, Needed: true},
		{Name: "bot", Type: TextField, Needed: true},
		{Name: "room", Type: TextField, Needed: true},
		{Name: "api", Type: URLField, Default: "https://www.worksapis.com"},
		{Name: "auth_api", Type: URLField, Default: "https://auth.worksmobile.com"},
	}},
	{ID: "chatwork", send: sendChatwork, Fields: []Field{
		{Name: "token", Type: TextField, Secret: true, Needed: true},
		{Name: "room", Type: NumberField, Needed: true},
		{Name: "api", Type: URLField, Default: "https://api.chatwork.com"},
	}},
	{ID: "webhook", Names: true, Machine: true, send: sendWebhook, Fields: []Field{
		{Name: "url", Type: URLField, Secret: true, Needed: true},
		{Name: "key", Type: TextField, Secret: true, Needed: true},
		caField,
	}},
	{ID: "syslog", Names: true, Machine: true, send: sendSyslog, check: checkSyslog, Fields: []Field{
		{Name: "host", Type: HostField, Needed: true},
		{Name: "port", Type: NumberField, Default: "6514"},
		{Name: "transport", Type: ChoiceField, Choices: []string{"tls", "tcp", "udp"}, Default: "tls"},
		caField,
	}},
}

// KindOf gives a kind by id; false if there is none.
func KindOf(id string) (Kind, bool) {
	i := slices.IndexFunc(kinds, func(k Kind) bool { return k.ID == id })
	if i < 0 {
		return Kind{ID: id}, false
	}
	return kinds[i], true
}

func kindOf(id string) Kind {
	k, _ := KindOf(id)
	return k
}

// Field gives a field by name; false if the kind has none of that name.
func (k Kind) Field(name string) (Field, bool) {
	i := slices.IndexFunc(k.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return k.Fields[i], true
}
