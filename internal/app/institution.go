package app

import (
	"context"
	"net/mail"
	"regexp"
	"slices"
	"strconv"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/model"
)

// Limits of what an institution may say of itself. The largest hospital of Japan has about 1,400 beds.
const (
	maxBeds     = 9999
	maxContacts = 50
)

// Institution gives what the institution says of itself.
func (a *App) Institution(ctx context.Context) (model.Institution, error) {
	return a.Store.Institution(ctx)
}

// SaveInstitution stores what the institution says of itself, or says in words what can't be.
func (a *App) SaveInstitution(ctx context.Context, x model.Institution) error {
	x, err := checkInstitution(x)
	if err != nil {
		return err
	}
	return a.Store.SaveInstitution(ctx, x)
}

func checkInstitution(x model.Institution) (model.Institution, error) {
	x.Name = model.Clean(x.Name)
	if x.Kind != "" && !slices.Contains(model.InstitutionKinds, x.Kind) {
		return x, &api.Refused{Key: "institution.error.kind", Pairs: []string{"kind", model.Clean(string(x.Kind))}}
	}
	if x.Beds < 0 || x.Beds > maxBeds {
		return x, &api.Refused{Key: "institution.error.beds", Pairs: []string{"max", strconv.Itoa(maxBeds)}}
	}
	if len(x.Contacts) > maxContacts {
		return x, &api.Refused{Key: "institution.error.contacts", Pairs: []string{"max", strconv.Itoa(maxContacts)}}
	}
	var kept []model.Contact
	for _, c := range x.Contacts {
		c, err := checkContact(c)
		if err != nil {
			return x, err
		}
		if c != (model.Contact{}) {
			kept = append(kept, c)
		}
	}
	x.Contacts = kept
	return x, nil
}

// phone is what can be dialled: digits, signs and an extension. Full-width digits are folded before.
var phone = regexp.MustCompile(`^\+?[0-9#*()\-. ]*(内線 ?[0-9]+|ext\.? ?[0-9]+)?$`)

// checkContact cleans c; empty lines of a form come out as the zero contact.
func checkContact(c model.Contact) (model.Contact, error) {
	c = model.Contact{
		Role: model.Clean(c.Role), Name: model.Clean(c.Name), Phone: model.Clean(narrow(c.Phone)), Mail: model.Clean(narrow(c.Mail)), Note: model.Clean(c.Note),
	}
	if c == (model.Contact{}) {
		return c, nil
	}
	who := c.Name
	if who == "" {
		who = c.Role
	}
	switch {
	case who == "":
		return c, &api.Refused{Key: "institution.error.nobody", Pairs: []string{"text", c.Phone + c.Mail + c.Note}}
	case c.Phone == "" && c.Mail == "":
		return c, &api.Refused{Key: "institution.error.unreachable", Pairs: []string{"who", who}}
	case !phone.MatchString(c.Phone):
		return c, &api.Refused{Key: "institution.error.phone", Pairs: []string{"who", who, "text", c.Phone}}
	}
	if c.Mail != "" {
		a, err := mail.ParseAddress(c.Mail)
		if err != nil || a.Address != c.Mail {
			return c, &api.Refused{Key: "institution.error.mail", Pairs: []string{"who", who, "text", c.Mail}}
		}
	}
	return c, nil
}

// narrow turns full-width digits and signs into those that can be dialled.
func narrow(s string) string {
	r := []rune(s)
	for i, c := range r {
		switch {
		case c >= '！' && c <= '～':
			r[i] = c - '！' + '!'
		case c == '\u3000':
			r[i] = ' '
		case c == '‐' || c == '−' || c == '–' || c == 'ー':
			r[i] = '-'
		}
	}
	return string(r)
}
