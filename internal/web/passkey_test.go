package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web/pagetest"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// authenticator gives the browser a security key that answers by itself.
func authenticator(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
	if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		return chromedp.Void{}, err
	}
	_, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true,
		HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	return chromedp.Void{}, err
}

// A passkey is made on one's own account; then it signs in alone, and as the second step after the password. Another site's is not offered.
func TestPasskeys(t *testing.T) {
	srv, a := site(t, false)
	base := strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
	ctx := pagetest.Browser(t, 3*time.Minute)
	k := keeper(t, a)
	who := webtest.Account(t, k, auth.Operator)
	const password = "tsukue no ue no mikan"
	if err := k.SetPassword(t.Context(), who.ID, password); err != nil {
		t.Fatal(err)
	}
	tried := func(what string, err error) {
		t.Helper()
		if err != nil {
			body, _ := chromedp.Run(context.WithoutCancel(ctx), chromedp.Evaluate[string](`location.href + " " + document.body.innerText`))
			t.Fatalf("%s: %v\n%s", what, err, body)
		}
	}
	do := func(what string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		tried(what, chromedp.Do(ctx, steps...))
	}
	// leave does what replaces the page and waits until the next one is whole: what is clicked after it can't belong to the old one.
	leave := func(what string, steps ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		_, err := chromedp.RunResponse(ctx, steps...)
		tried(what, err)
	}
	in, asked, out := chromedp.WaitVisible(`nav.menu`), chromedp.WaitVisible(`input[name="password"]`), chromedp.Click(`form[action="/signout"] button`)
	do("authenticator", authenticator, chromedp.Navigate(webtest.Link(t, k, base, auth.Operator)))
	leave("enter", chromedp.Click(`form[action="/enter"] button`))
	do("make", in, chromedp.Navigate(base+"/account"), chromedp.SendKeys("mimawari-passkey input", "office"), chromedp.Click("mimawari-passkey button"), chromedp.WaitVisible("mimawari-passkey ul code"))
	f, err := k.FactorsOf(t.Context(), who.ID)
	if err != nil || len(f.Passkeys) != 1 || f.Passkeys[0].Name != "office" || f.Passkeys[0].Site != "localhost" || f.Recovery != 10 {
		t.Fatalf("%+v, %v", f, err)
	}
	leave("keep the codes", chromedp.Click("mimawari-passkey a"))
	leave("sign out", in, out)
	leave("with the passkey alone", asked, chromedp.Click("mimawari-passkey button"))
	leave("sign out again", in, out)
	leave("the password", chromedp.SendKeys(`input[name="login"]`, "operator"), chromedp.SendKeys(`input[name="password"]`, password), chromedp.Click(`form[action="/signin"] button`))
	leave("after the password", chromedp.WaitVisible(`input[name="code"]`), chromedp.Click("mimawari-passkey button"))
	do("inside", in)

	// By its number the page offers no passkey, and the server would refuse one.
	do("by number", chromedp.Navigate(srv.URL+"/signin"), asked)
	hidden, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector("mimawari-passkey button").hidden`))
	if err != nil || !hidden {
		t.Errorf("offered where it can't work: %v", err)
	}
}
