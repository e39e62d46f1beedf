package app

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/model"
)

func TestInstitutionIsCleaned(t *testing.T) {
	got, err := checkInstitution(model.Institution{
		Name: " みまわり\x00病院\n", Kind: model.Hospital, Beds: 199,
		Contacts: []model.Contact{
			{Role: "院長", Name: "佐藤", Phone: "０３－１２３４－５６７８　内線 12"},
			{}, // an empty line of the form
			{Role: "電子カルテの業者", Mail: "help@vendor.example", Note: "平日"},
		},
	})
	want := model.Institution{
		Name: "みまわり病院", Kind: model.Hospital, Beds: 199,
		Contacts: []model.Contact{
			{Role: "院長", Name: "佐藤", Phone: "03-1234-5678 内線 12"},
			{Role: "電子カルテの業者", Mail: "help@vendor.example", Note: "平日"},
		},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Fatal(err, d)
	}
}

func TestInstitutionRefused(t *testing.T) {
	one := func(c model.Contact) model.Institution { return model.Institution{Contacts: []model.Contact{c}} }
	for key, x := range map[string]model.Institution{
		"kind":        {Kind: "castle"},
		"beds":        {Beds: -1},
		"contacts":    {Contacts: make([]model.Contact, maxContacts+1)},
		"nobody":      one(model.Contact{Phone: "119"}),
		"unreachable": one(model.Contact{Name: "佐藤"}),
		"phone":       one(model.Contact{Name: "佐藤", Phone: "javascript:alert(1)"}),
		"mail":        one(model.Contact{Name: "佐藤", Mail: "佐藤 <a@b.example>"}),
	} {
		_, err := checkInstitution(x)
		var ref *api.Refused
		if !errors.As(err, &ref) || !strings.HasSuffix(ref.Key, key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
