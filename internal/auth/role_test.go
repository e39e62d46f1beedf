package auth

import (
	"context"
	"testing"
)

// Who may what, written out: a change here is a change of the product's promises.
func TestRolesMay(t *testing.T) {
	want := map[Role]string{
		Administrator: "signed_in look decide declare intake report audit manage ",
		Operator:      "signed_in look decide declare intake report ",
		Approver:      "signed_in look decide report ",
		Executive:     "signed_in look report ",
		Auditor:       "signed_in look report audit ",
		Vendor:        "signed_in ",
		"":            "",
		"root":        "",
	}
	for role, w := range want {
		got := ""
		for _, p := range append([]Permission{SignedIn}, Permissions...) {
			if role.May(p) {
				got += string(p) + " "
			}
		}
		if got != w {
			t.Errorf("%q may %q, want %q", role, got, w)
		}
	}
}

func TestTokensMayNoMoreThanTheirScopes(t *testing.T) {
	v := Viewer{ID: "u", Role: Operator, Token: "t", Scopes: []Permission{Look, Manage}}
	for p, want := range map[Permission]bool{Look: true, Decide: false, Manage: false, SignedIn: true, Everyone: true} {
		if v.May(p) != want {
			t.Errorf("%q: %v", p, !want)
		}
	}
}

func TestViewerOfNobody(t *testing.T) {
	if v := ViewerOf(context.Background()); v.May(SignedIn) || v.May(Look) || !v.May(Everyone) {
		t.Errorf("%+v", v)
	}
	if v := ViewerOf(WithViewer(context.Background(), Viewer{ID: "u", Role: Executive})); !v.May(Look) || v.May(Decide) {
		t.Errorf("%+v", v)
	}
}
