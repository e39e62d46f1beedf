package model

import (
	"errors"
	"time"
)

// ErrMoved is returned when what a decision was made on is no longer so: somebody else was faster.
var ErrMoved = errors.New("changed by somebody else meanwhile")

// The kinds of batch.
const (
	BatchKnown    = "known"     // seen machines were taken into the ledger
	BatchNotKnown = "not_known" // nobody knows these machines
	BatchAsk      = "ask"       // somebody was asked
	BatchAnswer   = "answer"    // what was answered was noted
	BatchAccept   = "accept"    // what was seen was taken into declared rows
	BatchKeep     = "keep"      // what is declared is right although something else is seen
	BatchEdit     = "edit"      // one row was corrected
	BatchAdd      = "add"       // a row was added by hand
	BatchRemove   = "remove"    // rows were removed
	BatchImport   = "import"    // a workbook was taken in
	BatchRestore  = "restore"   // an old version was made the newest
	BatchUndo     = "undo"      // another batch was taken back
)

// Batch is one decision of a person on one or many rows, with all that it changed, so that it can be taken back.
type Batch struct {
	N         int           `json:"n"` // running number, given by the store
	ID        string        `json:"id"`
	Kind      string        `json:"kind"`
	Who       string        `json:"who"`
	Why       string        `json:"why"`
	At        time.Time     `json:"at"`
	Subjects  []string      `json:"subjects"` // what the rows are called, at most MaxSubjects
	Count     int           `json:"count"`    // how many rows
	Before    int           `json:"before"`   // ledger version it was made on, 0 if there was none
	After     int           `json:"after"`    // version that it made, 0 if it left the ledger as it was
	Findings  []FindingStep `json:"findings,omitempty"`
	Marks     []MarkStep    `json:"marks,omitempty"`
	Inquiries []InquiryStep `json:"inquiries,omitempty"`
	Undoes    string        `json:"undoes,omitempty"` // id of the batch that this one takes back
	Undone    string        `json:"undone,omitempty"` // id of the batch that took this one back
}

// MaxSubjects bounds the names kept with a batch.
const MaxSubjects = 20

// Standing is what people said of a finding.
type Standing struct {
	State  State     `json:"state"`
	Owner  string    `json:"owner,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"`
}

// StandingOf takes what people said out of f.
func StandingOf(f Finding) Standing {
	s := Standing{State: f.State, Owner: f.Owner, Reason: f.Reason, Until: f.Until.UTC()}
	if s.State == "" {
		s.State = Open
	}
	return s
}

// Same reports whether both say the same.
func (s Standing) Same(o Standing) bool {
	return s.State == o.State && s.Owner == o.Owner && s.Reason == o.Reason && s.Until.Equal(o.Until)
}

// FindingStep is one finding before and after a batch; nil: it was not there.
type FindingStep struct {
	ID     string    `json:"id"`
	Before *Standing `json:"before,omitempty"`
	After  *Standing `json:"after,omitempty"`
	Made   *Finding  `json:"made,omitempty"` // the finding that the batch made or took away
}

// Mark is what people said of a seen machine that belongs into no ledger row.
type Mark struct {
	Host     string    `json:"host"` // Host.ID
	Label    string    `json:"label"`
	NotKnown bool      `json:"not_known,omitempty"` // nobody knows it: to be looked into
	Owner    string    `json:"owner,omitempty"`     // who looks into it
	Kept     []Kept    `json:"kept,omitempty"`
	Who      string    `json:"who"`
	Why      string    `json:"why"`
	At       time.Time `json:"at"`
}

// Kept is a difference that a person looked at and found right as declared.
type Kept struct {
	Field    string    `json:"field"`
	Declared string    `json:"declared"`
	Seen     string    `json:"seen"`
	Until    time.Time `json:"until"`
}

// MarkStep is one mark before and after a batch; nil: there was none.
type MarkStep struct {
	Host   string `json:"host"`
	Before *Mark  `json:"before,omitempty"`
	After  *Mark  `json:"after,omitempty"`
}

// The states of an inquiry.
const (
	InquiryDraft    = "draft"    // written, not sent
	InquirySent     = "sent"     // waits for an answer
	InquiryAnswered = "answered" // answered; the decision is still a person's
	InquiryClosed   = "closed"   // decided without an answer
)

// Inquiry is a question to a department or a person about a machine that was seen.
type Inquiry struct {
	ID         string    `json:"id"`
	Host       string    `json:"host"` // Host.ID
	Label      string    `json:"label"`
	Key        string    `json:"key,omitempty"` // LedgerHost.Key, if it is about a difference
	State      string    `json:"state"`
	To         string    `json:"to"`   // department or person
	Mail       string    `json:"mail"` // address, may be empty
	Subject    string    `json:"subject"`
	Text       string    `json:"text"`
	Who        string    `json:"who"` // who asks
	Made       time.Time `json:"made"`
	Sent       time.Time `json:"sent,omitzero"`
	Answer     string    `json:"answer,omitempty"`
	Answered   time.Time `json:"answered,omitzero"`
	AnsweredBy string    `json:"answered_by,omitempty"`
}

// InquiryStep is one inquiry before and after a batch; nil: there was none.
type InquiryStep struct {
	ID     string   `json:"id"`
	Before *Inquiry `json:"before,omitempty"`
	After  *Inquiry `json:"after,omitempty"`
}

// HostRef says which declared row a seen host is; nil: none.
type HostRef struct {
	Host string
	Ref  *LedgerRef
}

// Act is a batch with what the store has to write for it: all of it, or nothing.
type Act struct {
	Batch  Batch
	Ledger *Ledger   // the version that it makes; nil: the ledger stays
	Refs   []HostRef // seen hosts whose declared row is another one now
}

// Stamp changes whenever what the ledger page shows may have changed.
type Stamp struct {
	Ledger    int    // newest version
	Patrol    string // newest patrol, as stored
	Decisions int    // newest batch
	Changes   int64  // what people changed on findings
}
