package model

import "time"

// Channel is one way by which people are told: a mail server with recipients, a room of a chat, a collector of logs. Its
// secrets are kept sealed; nobody is shown them again.
type Channel struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"` // mail, slack, teams, lineworks, chatwork, webhook, syslog
	Name    string            `json:"name"`
	On      bool              `json:"on"`
	Lang    string            `json:"lang"`
	Names   bool              `json:"names"` // names and addresses of machines may be in the messages
	When    Telling           `json:"when"`
	Options map[string]string `json:"options,omitempty"`
	Secrets map[string]string `json:"secrets,omitempty"` // sealed text by field
	Made    time.Time         `json:"made"`
	Changed time.Time         `json:"changed"`
}

// Telling says when a channel is used. What can't be muted does not ask it.
type Telling struct {
	Least     Severity     `json:"least"` // milder findings are not told
	Now       bool         `json:"now"`   // at once, apart from the quiet hours
	Daily     bool         `json:"daily"`
	Weekly    bool         `json:"weekly"`
	At        string       `json:"at"`      // time of the digests, "08:00"
	Weekday   time.Weekday `json:"weekday"` // of the weekly digest
	QuietFrom string       `json:"quiet_from,omitempty"`
	QuietTo   string       `json:"quiet_to,omitempty"`
	PerHour   int          `json:"per_hour"` // messages at most; what is above waits and is joined
	Report    bool         `json:"report"`   // digests carry the report as a file, where the channel can
}

// Notice is one message in words, in the language of its channel.
type Notice struct {
	Product     string       `json:"product"` // who speaks: what recipients filter by
	Institution string       `json:"institution,omitempty"`
	Subject     string       `json:"subject"`
	Intro       []string     `json:"intro,omitempty"` // sentences before the items
	Items       []NoticeItem `json:"items,omitempty"`
	More        int          `json:"more,omitempty"`      // items left out
	MoreText    string       `json:"more_text,omitempty"` // how to say so, with the hole {n}
	Outro       []string     `json:"outro,omitempty"`     // sentences after the items
	Files       []NoticeFile `json:"files,omitempty"`     // dropped once sent
}

// NoticeItem is one finding in a notice.
type NoticeItem struct {
	Finding  string   `json:"finding"`
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	State    State    `json:"state"`
	Level    string   `json:"level"` // mark and name of the severity, in words
	Title    string   `json:"title"`
	Why      string   `json:"why"`
	Todo     string   `json:"todo"`
	Link     string   `json:"link,omitempty"`
}

// NoticeFile is a file that goes with a notice.
type NoticeFile struct {
	Name string `json:"name"`
	Type string `json:"type"` // media type
	Data []byte `json:"data"`
}

// DeliveryState is where a delivery is.
type DeliveryState string

// The states. Sending that ended without a word, because the process died, is tried again: whether it arrived is not known.
const (
	Waiting DeliveryState = "waiting"
	Sending DeliveryState = "sending"
	Sent    DeliveryState = "sent"
	GivenUp DeliveryState = "given_up"
	Dropped DeliveryState = "dropped" // its channel was turned off or removed before
)

// Delivery is one notice on its way through one channel.
type Delivery struct {
	ID      string        `json:"id"` // stays the same over all tries, so that receivers can tell a repetition
	Channel string        `json:"channel"`
	Kind    string        `json:"kind"`            // urgent, alert, stopped, resumed, daily, weekly, report, undelivered, test
	Cause   string        `json:"cause,omitempty"` // one cause, one message
	State   DeliveryState `json:"state"`
	Tries   int           `json:"tries"`
	Made    time.Time     `json:"made"`
	Next    time.Time     `json:"next"` // when it is due; while sending: when the try counts as lost
	Done    time.Time     `json:"done,omitzero"`
	Trouble *Trouble      `json:"trouble,omitempty"` // of the last try
	Notice  Notice        `json:"notice"`
}

// Fresh is a finding that waits and that nobody was told of since it began to.
type Fresh struct {
	Finding Finding
	Episode int64 // number of the event with which it began
}

// Pending is a finding that a channel has yet to tell.
type Pending struct {
	Channel string
	Finding Finding // as it is now
	Urgent  bool    // can't be muted
	At      time.Time
}

// Backlog is what a channel has yet to tell and what it told before.
type Backlog struct {
	Pending  []Pending // oldest first
	LastHour int       // messages made in the last hour that can be held back
	Last     map[string]time.Time
	Cause    map[string]string // of the last message of each kind
}

// Happening is what came and went in a period.
type Happening struct {
	Came     []Finding // told in the period, as they are now, gravest first
	Resolved int       // findings that were resolved
	Patrols  int
	Last     *Patrol // the newest of all, nil if there was none
}
