package triage

import (
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Action is what a person decides on a finding.
type Action struct {
	To     model.State // Acknowledged, Accepted, Resolved or Open
	Who    string      // the person, for the history
	Owner  string      // who takes care; needed for Accepted
	Reason string      // needed for Accepted and Resolved
	Until  time.Time   // needed for Accepted; for Acknowledged the day by which it is to be done, if there is one
	Now    time.Time
}

// Error is a decision that can't be accepted. Its words are under "triage.error.CODE".
type Error struct {
	Code  string
	Pairs []string // names and values for the words
}

func (e *Error) Error() string {
	return "triage: " + strings.Join(append([]string{e.Code}, e.Pairs...), " ")
}

func refuse(code string, pairs ...string) *Error { return &Error{code, pairs} }

// ErrorCodes are all codes, so that a test can make sure that each has words.
var ErrorCodes = []string{"who", "owner", "reason", "until", "until_past", "until_far", "state", "step", "matches_all", "address"}

// MaxUntil bounds how long a risk can be accepted: a decision that nobody looks at again is none.
const MaxUntil = 3 * 366 * 24 * time.Hour

// steps are what a person may do from each state. Reopened and suppressed are never set by people: the first follows
// from what is seen, the second from a suppression.
var steps = map[model.State][]model.State{
	model.Open:         {model.Acknowledged, model.Accepted, model.Resolved},
	model.Reopened:     {model.Acknowledged, model.Accepted, model.Resolved},
	model.Acknowledged: {model.Acknowledged, model.Accepted, model.Resolved, model.Open},
	model.Accepted:     {model.Accepted, model.Acknowledged, model.Resolved, model.Open},
	model.Resolved:     {model.Open},
	model.Suppressed:   {model.Acknowledged, model.Accepted, model.Resolved},
}

// Steps gives the states that a person may bring a finding into from state s.
func Steps(s model.State) []model.State {
	if s == "" {
		s = model.Open
	}
	return slices.Clone(steps[s])
}

// Apply gives f as it is after the action, or an *Error that says what is missing.
func Apply(f model.Finding, a Action) (model.Finding, error) {
	a.Who, a.Owner, a.Reason = model.Clean(a.Who), model.Clean(a.Owner), model.Clean(a.Reason)
	if err := a.check(f); err != nil {
		return f, err
	}
	f.State, f.Owner, f.Reason, f.Until = a.To, a.Owner, a.Reason, time.Time{}
	switch a.To {
	case model.Accepted, model.Acknowledged:
		f.Until = a.Until.UTC()
	case model.Open:
		f.Owner, f.Reason = "", ""
	}
	return f, nil
}

func (a Action) check(f model.Finding) error {
	if !slices.Contains([]model.State{model.Acknowledged, model.Accepted, model.Resolved, model.Open}, a.To) {
		return refuse("state", "state", string(a.To))
	}
	if !slices.Contains(Steps(f.State), a.To) {
		return refuse("step", "from", string(f.State), "to", string(a.To))
	}
	if a.Who == "" {
		return refuse("who")
	}
	switch a.To {
	case model.Accepted:
		if err := needWords(a.Owner, a.Reason); err != nil {
			return err
		}
		return checkUntil(a.Until, a.Now, true)
	case model.Acknowledged:
		return checkUntil(a.Until, a.Now, false)
	case model.Resolved:
		if a.Reason == "" {
			return refuse("reason")
		}
	}
	return nil
}

func needWords(owner, reason string) error {
	switch {
	case owner == "":
		return refuse("owner")
	case reason == "":
		return refuse("reason")
	}
	return nil
}

func checkUntil(until, now time.Time, needed bool) error {
	switch {
	case until.IsZero() && needed:
		return refuse("until")
	case until.IsZero():
		return nil
	case !until.After(now):
		return refuse("until_past", "date", until.Format(time.DateOnly))
	case until.Sub(now) > MaxUntil:
		return refuse("until_far", "date", until.Format(time.DateOnly))
	}
	return nil
}
