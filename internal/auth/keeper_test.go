package auth_test

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/seal"
	"github.com/mimawari/mimawari/internal/store"
)

const (
	good  = "tsukue no ue no mikan 7"
	other = "kawa wo wataru neko 31"
)

// office is a keeper over a real store, with a clock that can be moved.
type office struct {
	*auth.Keeper
	t     *testing.T
	dir   string
	store *store.Store
	mu    sync.Mutex
	now   time.Time
	notes []string
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), now: time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)}
	o.start()
	return o
}

// start opens the store as a new process would.
func (o *office) start() {
	o.t.Helper()
	s, err := store.Open(context.Background(), filepath.Join(o.dir, store.FileName))
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = s.Close() })
	key, err := seal.Open(o.dir)
	if err != nil {
		o.t.Fatal(err)
	}
	o.store = s
	o.Keeper = &auth.Keeper{
		Store: s, Seal: key, Hasher: auth.NewCheapHasher(), Limits: auth.DefaultLimits, Institution: "みどり病院",
		Now: func() time.Time { o.mu.Lock(); defer o.mu.Unlock(); return o.now },
		Note: func(ctx context.Context, action, object string, details ...string) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.notes = append(o.notes, strings.Join(append([]string{auth.ViewerOf(ctx).Login, action, object}, details...), " "))
		},
	}
}

func (o *office) wait(d time.Duration) { o.mu.Lock(); o.now = o.now.Add(d); o.mu.Unlock() }

func (o *office) add(login string, r auth.Role) model.Account {
	o.t.Helper()
	a, err := o.Add(from("192.0.2.1"), auth.NewAccount{Login: login, Role: r, Password: good})
	o.must(err)
	return a
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) refused(err error, code string) {
	o.t.Helper()
	var e *auth.Error
	if !errors.As(err, &e) || e.Code != code {
		o.t.Fatalf("got %v, want %s", err, code)
	}
}

func (o *office) viewer(secret string) auth.Viewer {
	o.t.Helper()
	v, _, err := o.Look(context.Background(), secret)
	o.must(err)
	return v
}

// code gives the one-time code of this moment.
func (o *office) code(secret string) string {
	o.t.Helper()
	c, err := totp.GenerateCode(secret, o.Now())
	o.must(err)
	return c
}

// enrol sets up one-time codes and gives their secret and the recovery codes.
func (o *office) enrol(account string) (string, []string) {
	o.t.Helper()
	e, err := o.BeginTOTP(context.Background(), account)
	o.must(err)
	codes, err := o.ConfirmTOTP(context.Background(), account, o.code(e.Secret))
	o.must(err)
	o.wait(time.Minute)
	return e.Secret, codes
}

func from(addr string) context.Context {
	return auth.WithClient(context.Background(), auth.Client{Addr: netip.MustParseAddr(addr), Agent: "Firefox"})
}

var here = from("192.0.2.7")

func TestFirstAdministrator(t *testing.T) {
	o := open(t)
	empty, err := o.Empty(here)
	o.must(err)
	if !empty {
		t.Fatal("not empty")
	}
	e, err := o.SetUp(here, auth.NewAccount{Login: " Ｓato ", Name: "佐藤", Password: good, Role: auth.Vendor})
	o.must(err)
	if e.Stage != auth.StageEnrol || e.Login != "sato" {
		t.Fatalf("%+v", e)
	}
	if v := o.viewer(e.Secret); v.ID != "" {
		t.Fatalf("an administrator without second factor is let in: %+v", v)
	}
	_, err = o.SetUp(here, auth.NewAccount{Login: "mallory", Password: good})
	o.refused(err, auth.CodeSetUp)
	_, err = o.Enrolled(here, e.Secret)
	o.refused(err, auth.CodeNeeded)
	v, err := o.Halfway(here, e.Secret, auth.StageEnrol)
	o.must(err)
	_, codes := o.enrol(v.ID)
	if len(codes) != 10 {
		t.Fatalf("recovery codes: %v", codes)
	}
	full, err := o.Enrolled(here, e.Secret)
	o.must(err)
	if v := o.viewer(full.Secret); v.Login != "sato" || v.Role != auth.Administrator {
		t.Fatalf("%+v", v)
	}
	if v := o.viewer(e.Secret); v.ID != "" {
		t.Fatal("the session of before the second factor still works")
	}
}

// Two at once want to be the first administrator: one becomes it.
func TestOneFirstAdministrator(t *testing.T) {
	o := open(t)
	var mu sync.Mutex
	var wg sync.WaitGroup
	n := 0
	for _, login := range []string{"a1", "b1", "c1", "d1", "e1", "f1"} {
		wg.Go(func() {
			if _, err := o.SetUp(here, auth.NewAccount{Login: login, Password: good}); err == nil {
				mu.Lock()
				n++
				mu.Unlock()
			} else {
				o.mustBe(err, auth.CodeSetUp)
			}
		})
	}
	wg.Wait()
	all, err := o.store.Accounts(here)
	o.must(err)
	if n != 1 || len(all) != 1 {
		t.Fatalf("%d succeeded, %d accounts", n, len(all))
	}
}

func (o *office) mustBe(err error, code string) {
	o.t.Helper()
	var e *auth.Error
	if !errors.As(err, &e) || e.Code != code {
		o.t.Errorf("got %v, want %s", err, code)
	}
}

func TestSignIn(t *testing.T) {
	o := open(t)
	o.add("sato", auth.Operator)
	e, err := o.SignIn(here, "SATO", good)
	o.must(err)
	if v := o.viewer(e.Secret); e.Stage != auth.StageFull || v.Login != "sato" || v.Session == "" || !v.May(auth.Declare) || v.May(auth.Manage) {
		t.Fatalf("%+v %+v", e, v)
	}
	// An input method left on wide letters.
	_, err = o.SignIn(here, "ｓａｔｏ", "ｔｓｕｋｕｅ no ue no mikan 7")
	o.must(err)
	for _, bad := range [][2]string{{"sato", other}, {"sato", ""}, {"sato", good + " "}, {"nobody", good}, {"", ""}, {"sato\x00", good}, {"<script>", good}, {strings.Repeat("x", 5000), strings.Repeat("y", 5000)}} {
		_, err := o.SignIn(from("192.0.2.9"), bad[0], bad[1])
		o.refused(err, auth.CodeWrong)
		o.wait(48 * time.Hour)
	}
	o.must(o.SignOut(here, e.Secret))
	if v := o.viewer(e.Secret); v.ID != "" {
		t.Fatal("a session works after the sign-out")
	}
	o.must(o.SignOut(here, e.Secret))
	o.must(o.SignOut(here, "nonsense"))
}

// What somebody typed in the place of a login may be a password: it is not noted.
func TestNotedWithoutSecrets(t *testing.T) {
	o := open(t)
	o.add("sato", auth.Operator)
	_, err := o.SignIn(here, good, "x")
	o.refused(err, auth.CodeWrong)
	_, err = o.SignIn(here, "sato", other)
	o.refused(err, auth.CodeWrong)
	all := strings.Join(o.notes, "\n")
	if strings.Contains(all, good) || strings.Contains(all, other) || !strings.Contains(all, "sign_in.failed ?") || !strings.Contains(all, "sign_in.failed sato") {
		t.Fatal(all)
	}
}

func TestSecondFactor(t *testing.T) {
	o := open(t)
	a := o.add("sato", auth.Administrator)
	secret, recovery := o.enrol(a.ID)
	half := func() string {
		e, err := o.SignIn(here, "sato", good)
		o.must(err)
		if e.Stage != auth.StageSecond || o.viewer(e.Secret).ID != "" {
			t.Fatalf("let in with the password alone: %+v", e)
		}
		return e.Secret
	}
	first := half()
	code := o.code(secret)
	_, err := o.SecondTOTP(here, first, "000000")
	o.refused(err, auth.CodeWrongCode)
	full, err := o.SecondTOTP(here, first, " "+code[:3]+" "+code[3:])
	o.must(err)
	if full.Secret == first || o.viewer(full.Secret).Login != "sato" {
		t.Fatal("the session was not rotated, or does not work")
	}
	_, err = o.SecondTOTP(here, first, code)
	o.refused(err, auth.CodeSignInAgain)

	// The code was seen: it works for nobody any more, nor does the one before it.
	_, err = o.SecondTOTP(here, half(), code)
	o.refused(err, auth.CodeUsedCode)
	o.wait(30 * time.Second)
	_, err = o.SecondTOTP(here, half(), o.code(secret))
	o.must(err)

	// A recovery code works once, however it is written.
	_, err = o.SecondRecovery(here, half(), strings.ToUpper(strings.ReplaceAll(recovery[3], "-", " ")))
	o.must(err)
	_, err = o.SecondRecovery(here, half(), recovery[3])
	o.refused(err, auth.CodeWrongCode)
	f, err := o.FactorsOf(here, a.ID)
	o.must(err)
	if f.Recovery != 9 {
		t.Fatalf("%+v", f)
	}
	_, err = o.SecondRecovery(here, half(), "")
	o.refused(err, auth.CodeWrongCode)

	// New ones make the old ones void.
	fresh, err := o.NewRecovery(here, a.ID)
	o.must(err)
	o.wait(48 * time.Hour)
	_, err = o.SecondRecovery(here, half(), recovery[4])
	o.refused(err, auth.CodeWrongCode)
	_, err = o.SecondRecovery(here, half(), fresh[4])
	o.must(err)

	// An administrator can't be without; a reset by another one makes them set up a new one.
	o.refused(o.RemoveTOTP(here, a.ID), auth.CodeNeeded)
	o.must(o.ResetFactors(here, a.ID))
	e, err := o.SignIn(here, "sato", good)
	o.must(err)
	if e.Stage != auth.StageEnrol {
		t.Fatalf("%+v", e)
	}
}

// The same code sent many times at once lets one in.
func TestOneTimeCodeRace(t *testing.T) {
	o := open(t)
	a := o.add("sato", auth.Operator)
	secret, _ := o.enrol(a.ID)
	var halves []string
	for range 4 {
		e, err := o.SignIn(here, "sato", good)
		o.must(err)
		halves = append(halves, e.Secret)
	}
	var wg sync.WaitGroup
	var in []string
	var mu sync.Mutex
	code := o.code(secret)
	for _, h := range halves {
		wg.Go(func() {
			if e, err := o.SecondTOTP(here, h, code); err == nil {
				mu.Lock()
				in = append(in, e.Secret)
				mu.Unlock()
			} else {
				o.mustBe(err, auth.CodeUsedCode)
			}
		})
	}
	wg.Wait()
	if len(in) != 1 {
		t.Fatalf("%d let in by one code", len(in))
	}
}

func TestCodeSecretIsSealed(t *testing.T) {
	o := open(t)
	a, b := o.add("sato", auth.Operator), o.add("suzuki", auth.Operator)
	secret, _ := o.enrol(a.ID)
	kept, err := o.store.Account(here, a.ID)
	o.must(err)
	if strings.Contains(kept.TOTP.Sealed, secret) {
		t.Fatal("the secret is there in the clear")
	}
	// Somebody with the database gives their account another's secret.
	o.must(o.store.ChangeAccount(here, b.ID, func(x *model.Account) error { x.TOTP = kept.TOTP; x.TOTP.Step = 0; return nil }))
	e, err := o.SignIn(here, "suzuki", good)
	o.must(err)
	_, err = o.SecondTOTP(here, e.Secret, o.code(secret))
	o.refused(err, auth.CodeKeyFile)
}

func TestEnrolmentLeavesTheOldInForce(t *testing.T) {
	o := open(t)
	a := o.add("sato", auth.Operator)
	old, _ := o.enrol(a.ID)
	e, err := o.BeginTOTP(here, a.ID)
	o.must(err)
	p, err := o.PendingTOTP(here, a.ID)
	o.must(err)
	if p.Secret != e.Secret || !strings.HasPrefix(p.URI, "otpauth://totp/Mimawari:sato?") || !strings.Contains(p.URI, "secret="+e.Secret) {
		t.Fatalf("%+v", p)
	}
	half, err := o.SignIn(here, "sato", good)
	o.must(err)
	_, err = o.SecondTOTP(here, half.Secret, o.code(old))
	o.must(err)
	more, err := o.ConfirmTOTP(here, a.ID, o.code(e.Secret))
	o.must(err)
	if more != nil {
		t.Fatal("recovery codes given anew without being asked for")
	}
	_, err = o.ConfirmTOTP(here, a.ID, o.code(e.Secret))
	o.refused(err, auth.CodeNothingToDo)
}

func TestSessionsEnd(t *testing.T) {
	o := open(t)
	a := o.add("sato", auth.Operator)
	in := func() string {
		e, err := o.SignIn(here, "sato", good)
		o.must(err)
		return e.Secret
	}
	gone := func(what, secret string) {
		t.Helper()
		if o.viewer(secret).ID != "" {
			t.Errorf("%s: the session is still good", what)
		}
	}
	s := in()
	o.wait(59 * time.Minute)
	if o.viewer(s).ID == "" {
		t.Fatal("ended too early")
	}
	o.wait(59 * time.Minute)
	if o.viewer(s).ID == "" {
		t.Fatal("use did not prolong it")
	}
	o.wait(time.Hour)
	gone("idle", s)
	s = in()
	for range 12 {
		o.wait(59 * time.Minute)
		o.viewer(s)
	}
	o.wait(13 * time.Minute)
	gone("absolute", s)

	s = in()
	o.must(o.SetRole(here, a.ID, auth.Auditor))
	gone("role", s)
	s = in()
	if v := o.viewer(s); v.Role != auth.Auditor {
		t.Fatalf("%+v", v)
	}
	o.must(o.SetPassword(here, a.ID, other))
	gone("password", s)
	_, err := o.SignIn(here, "sato", good)
	o.refused(err, auth.CodeWrong)
	e, err := o.SignIn(here, "sato", other)
	o.must(err)
	mine, err := o.Sessions(here, a.ID)
	o.must(err)
	if len(mine) != 1 || mine[0].Source != "192.0.2.7" || mine[0].Agent != "Firefox" {
		t.Fatalf("%+v", mine)
	}
	if err := o.EndSession(here, "acc-other", mine[0].ID); !errors.Is(err, model.ErrNotFound) {
		t.Fatal("ended another's session:", err)
	}
	o.must(o.EndSession(here, a.ID, mine[0].ID))
	gone("ended", e.Secret)
	s, keep := "", ""
	for range 3 {
		x, err := o.SignIn(here, "sato", other)
		o.must(err)
		s, keep = keep, x.Secret
	}
	o.must(o.EndSessions(here, a.ID, o.viewer(keep).Session))
	gone("all others", s)
	if o.viewer(keep).ID == "" {
		t.Fatal("the own session ended too")
	}
	o.must(o.Disable(here, a.ID, true))
	gone("disabled", keep)
	_, err = o.SignIn(here, "sato", other)
	o.refused(err, auth.CodeWrong)
	o.must(o.Disable(here, a.ID, false))
	_, err = o.SignIn(here, "sato", other)
	o.must(err)
}

func TestChangePassword(t *testing.T) {
	o := open(t)
	o.add("sato", auth.Operator)
	e, err := o.SignIn(here, "sato", good)
	o.must(err)
	stolen, err := o.SignIn(here, "sato", good)
	o.must(err)
	v := o.viewer(e.Secret)
	o.refused(o.ChangePassword(here, v, other, other), auth.CodeOldPassword)
	o.refused(o.ChangePassword(here, v, good, "short"), auth.CodeShort)
	o.must(o.ChangePassword(here, v, good, other))
	if o.viewer(e.Secret).ID == "" || o.viewer(stolen.Secret).ID != "" {
		t.Fatal("the own session must stay, the others end")
	}
}

// A session identifier that an attacker planted before the sign-in is worth nothing after it.
func TestSessionFixation(t *testing.T) {
	o := open(t)
	o.add("sato", auth.Operator)
	planted := "planted-by-the-attacker"
	e, err := o.SignIn(here, "sato", good)
	o.must(err)
	if e.Secret == planted || o.viewer(planted).ID != "" {
		t.Fatal("a planted session works")
	}
	two, err := o.SignIn(here, "sato", good)
	o.must(err)
	if two.Secret == e.Secret {
		t.Fatal("the same identifier twice")
	}
}

func TestGuessing(t *testing.T) {
	o := open(t)
	o.add("sato", auth.Operator)
	guess := func(login, password, addr string) error {
		_, err := o.SignIn(from(addr), login, password)
		return err
	}
	// Somebody who is there and somebody who is not are refused alike.
	for _, login := range []string{"sato", "nobody"} {
		for range auth.PerAccount.Free() {
			o.refused(guess(login, other, "192.0.2.9"), auth.CodeWrong)
		}
		o.refused(guess(login, good, "192.0.2.9"), auth.CodeWait)
		o.refused(guess(strings.ToUpper(login), good, "198.51.100.1"), auth.CodeWait)
	}
	// The wait outlives a restart.
	o.start()
	o.refused(guess("sato", good, "192.0.2.9"), auth.CodeWait)
	o.wait(31 * time.Second)
	o.refused(guess("sato", other, "192.0.2.9"), auth.CodeWrong)
	o.wait(31 * time.Second)
	o.refused(guess("sato", good, "192.0.2.9"), auth.CodeWait) // doubled
	o.wait(30 * time.Second)
	o.must(guess("sato", good, "192.0.2.9"))
	o.refused(guess("sato", other, "192.0.2.9"), auth.CodeWrong) // the owner was there: counted anew
	o.must(guess("sato", good, "192.0.2.9"))
}

func TestGuessingFromOneSource(t *testing.T) {
	o := open(t)
	o.add("sato", auth.Operator)
	for i := range auth.PerSource.Free() {
		_, err := o.SignIn(from("2001:db8::1"), "nobody"+string(rune('a'+i)), good)
		o.refused(err, auth.CodeWrong)
	}
	_, err := o.SignIn(from("2001:db8::2:2"), "sato", good) // the same network
	o.refused(err, auth.CodeWait)
	_, err = o.SignIn(from("2001:db8:0:1::1"), "sato", good)
	o.must(err)
	_, err = o.UseLink(from("2001:db8::1"), "x")
	o.refused(err, auth.CodeLink)
}

// A flood of guesses at once gets no more tries than one after the other.
func TestGuessingAtOnce(t *testing.T) {
	o := open(t)
	o.add("sato", auth.Operator)
	var wg sync.WaitGroup
	var mu sync.Mutex
	n := map[string]int{}
	for range 20 {
		wg.Go(func() {
			_, err := o.SignIn(here, "sato", other)
			var e *auth.Error
			if !errors.As(err, &e) {
				o.t.Error(err)
				return
			}
			mu.Lock()
			n[e.Code]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if n[auth.CodeWrong] != auth.PerAccount.Free() || n[auth.CodeWait] != 20-auth.PerAccount.Free() {
		t.Fatal(n)
	}
}

// Whoever has the password can't start the count anew by signing in halfway again.
func TestGuessingTheSecondFactor(t *testing.T) {
	o := open(t)
	a := o.add("sato", auth.Operator)
	o.enrol(a.ID)
	wrong := 0
	for range 20 {
		e, err := o.SignIn(here, "sato", good)
		var refused *auth.Error
		if errors.As(err, &refused) {
			break
		}
		if _, err = o.SecondTOTP(here, e.Secret, "123456"); err == nil {
			t.Fatal("let in")
		}
		wrong++
	}
	if wrong > auth.PerAccount.Free() {
		t.Fatalf("%d guesses", wrong)
	}
}

func TestWaits(t *testing.T) {
	for fails, want := range map[int]time.Duration{0: 0, 4: 0, 5: 30 * time.Second, 6: time.Minute, 11: 32 * time.Minute, 12: time.Hour, 1000000: time.Hour} {
		if got := auth.PerAccount.Wait(fails); got != want {
			t.Errorf("%d fails: %v, want %v", fails, got, want)
		}
	}
}

func TestLink(t *testing.T) {
	o := open(t)
	a := o.add("sato", auth.Administrator)
	o.enrol(a.ID)
	first, _, err := o.Link(here, "Sato")
	o.must(err)
	secret, until, err := o.Link(here, "sato")
	o.must(err)
	if until.Sub(o.Now()) != 10*time.Minute {
		t.Fatal(until)
	}
	_, err = o.UseLink(here, first)
	o.refused(err, auth.CodeLink) // void since the second was made
	e, err := o.UseLink(here, secret)
	o.must(err)
	if v := o.viewer(e.Secret); v.Login != "sato" {
		t.Fatalf("%+v", v)
	}
	_, err = o.UseLink(here, secret)
	o.refused(err, auth.CodeLink)
	_, err = o.UseLink(here, e.Secret) // a session is no link
	o.refused(err, auth.CodeLink)
	late, _, err := o.Link(here, "sato")
	o.must(err)
	if v := o.viewer(late); v.ID != "" {
		t.Fatal("a link is no session")
	}
	o.wait(10 * time.Minute)
	_, err = o.UseLink(here, late)
	o.refused(err, auth.CodeLink)
	if _, _, err = o.Link(here, "nobody"); !errors.Is(err, model.ErrNotFound) {
		t.Fatal(err)
	}
	o.must(o.Tidy(here))
}

func TestLinkRace(t *testing.T) {
	o := open(t)
	o.add("sato", auth.Operator)
	secret, _, err := o.Link(here, "sato")
	o.must(err)
	var wg sync.WaitGroup
	var mu sync.Mutex
	in := 0
	for range 8 {
		wg.Go(func() {
			if _, err := o.UseLink(here, secret); err == nil {
				mu.Lock()
				in++
				mu.Unlock()
			} else {
				o.mustBe(err, auth.CodeLink)
			}
		})
	}
	wg.Wait()
	if in != 1 {
		t.Fatalf("%d let in by one link", in)
	}
}

func TestTokens(t *testing.T) {
	o := open(t)
	a := o.add("sato", auth.Operator)
	make := func(days int, scopes ...auth.Permission) (auth.Token, string, error) {
		return o.CreateToken(here, a.ID, auth.NewToken{Name: "監視", Scopes: scopes, Days: days})
	}
	tok, secret, err := make(30, auth.Decide, auth.Look)
	o.must(err)
	if !strings.HasPrefix(secret, "mmw_") || len(secret) < 40 {
		t.Fatal(secret)
	}
	v, err := o.Bearer(here, secret)
	o.must(err)
	if v.Login != "sato" || v.Token != tok.ID || !v.May(auth.Look) || !v.May(auth.Decide) || v.May(auth.Declare) || v.May(auth.Manage) {
		t.Fatalf("%+v", v)
	}
	ts, err := o.Tokens(here, a.ID)
	o.must(err)
	if len(ts) != 1 || ts[0].Seen.IsZero() {
		t.Fatalf("%+v", ts)
	}
	for _, s := range [][]auth.Permission{{auth.Manage}, {auth.Look, auth.Manage}, {"fly"}, {}, {auth.Everyone}, {auth.SignedIn}} {
		_, _, err := make(30, s...)
		o.refused(err, auth.CodeScope)
	}
	for _, d := range []int{0, -1, 731, 1 << 40} {
		_, _, err := make(d, auth.Look)
		o.refused(err, auth.CodeExpiry)
	}
	// The owner may less: so may the token, at once.
	o.must(o.SetRole(here, a.ID, auth.Executive))
	v, err = o.Bearer(here, secret)
	o.must(err)
	if v.May(auth.Decide) || !v.May(auth.Look) {
		t.Fatalf("%+v", v)
	}
	if v := o.viewer(secret); v.ID != "" {
		t.Fatal("a token is no session")
	}
	o.must(o.Disable(here, a.ID, true))
	_, err = o.Bearer(here, secret)
	o.refused(err, auth.CodeSignInAgain)
	o.must(o.Disable(here, a.ID, false))
	o.wait(30 * 24 * time.Hour)
	_, err = o.Bearer(here, secret)
	o.refused(err, auth.CodeSignInAgain)
	_, secret, err = make(1, auth.Look)
	o.must(err)
	ts, err = o.Tokens(here, a.ID)
	o.must(err)
	if err := o.RevokeToken(here, "acc-other", ts[0].ID); !errors.Is(err, model.ErrNotFound) {
		t.Fatal("revoked another's token:", err)
	}
	o.must(o.RevokeToken(here, a.ID, ts[0].ID))
	_, err = o.Bearer(here, secret)
	o.refused(err, auth.CodeSignInAgain)
	for _, bad := range []string{"", "mmw_", "mmw_" + strings.Repeat("x", 1000), "Bearer"} {
		_, err := o.Bearer(here, bad)
		o.refused(err, auth.CodeSignInAgain)
	}
}

// However many try to take the administrators away at once, one stays.
func TestLastAdministrator(t *testing.T) {
	o := open(t)
	var ids []string
	for _, l := range []string{"a1", "b1", "c1", "d1"} {
		ids = append(ids, o.add(l, auth.Administrator).ID)
	}
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() {
			var err error
			if i%2 == 0 {
				err = o.Disable(here, id, true)
			} else {
				err = o.SetRole(here, id, auth.Operator)
			}
			if err != nil {
				o.mustBe(err, auth.CodeLast)
			}
		})
	}
	wg.Wait()
	all, err := o.store.Accounts(here)
	o.must(err)
	n := 0
	for _, a := range all {
		if !a.Disabled && a.Role == string(auth.Administrator) {
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d administrators are left", n)
	}
}

func TestBadAccounts(t *testing.T) {
	o := open(t)
	o.add("sato", auth.Operator)
	f := func(code string, n auth.NewAccount) {
		t.Helper()
		if n.Password == "" {
			n.Password = good
		}
		_, err := o.Add(here, n)
		o.refused(err, code)
	}
	for _, l := range []string{"", " ", "a b", "-x", "<x>", "a\x00b", strings.Repeat("a", 65), "a/b", "\u202ea"} {
		f(auth.CodeLogin, auth.NewAccount{Login: l, Role: auth.Operator})
	}
	f(auth.CodeRole, auth.NewAccount{Login: "x1", Role: "root"})
	f(auth.CodeRole, auth.NewAccount{Login: "x1"})
	f(auth.CodeTaken, auth.NewAccount{Login: "ＳＡＴＯ", Role: auth.Operator})
	f(auth.CodeShort, auth.NewAccount{Login: "x1", Role: auth.Operator, Password: "short"})
	o.add("山田", auth.Operator)
	if err := o.SetRole(here, "acc-none", auth.Operator); !errors.Is(err, model.ErrNotFound) {
		t.Fatal(err)
	}
}

func TestPasswordRules(t *testing.T) {
	f := func(password, code string) {
		t.Helper()
		err := auth.CheckPassword(password, "sato", "佐藤 花子", "みどり病院")
		var e *auth.Error
		if code == "" && err != nil || code != "" && (!errors.As(err, &e) || e.Code != code) {
			t.Errorf("%q: %v, want %q", password, err, code)
		}
	}
	f(good, "")
	f(other, "")
	f("机の上のみかんを三つ食べた", "")
	f("sato eats 4 oranges daily", "")
	f("elevenchars", auth.CodeShort)
	f(strings.Repeat("長い", 60), auth.CodeLong)
	f("password1234", auth.CodeCommon)
	f("P@ssw0rd2026!", auth.CodeCommon)
	f("hospital2026", auth.CodeCommon)
	f("1q2w3e4r5t6y", auth.CodeCommon)
	f("ｐａｓｓｗｏｒｄ１２３４", auth.CodeCommon)
	f("パスワードパスワード2026", auth.CodeCommon)
	f("aaaaaaaaaaaa", auth.CodeCommon)
	f("121212121212", auth.CodeCommon)
	f("abcdefghijklmn", auth.CodeCommon)
	f("sato12345678", auth.CodeNamed+"")
	f("みどり病院2026abc", auth.CodeNamed)
}

// The work for somebody who does not exist is that for somebody who does: the time tells nothing.
func TestSameWork(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	h := auth.NewHasher()
	hash, err := h.Hash(t.Context(), good)
	if err != nil {
		t.Fatal(err)
	}
	measure := func(hash string) time.Duration {
		var all []time.Duration
		for range 9 {
			at := time.Now()
			if ok, _, err := h.Verify(t.Context(), hash, other); ok || err != nil {
				t.Fatal(ok, err)
			}
			all = append(all, time.Since(at))
		}
		slices.Sort(all)
		return all[len(all)/4]
	}
	known, unknown := measure(hash), measure("")
	t.Logf("known %v, unknown %v", known, unknown)
	if unknown < known/2 || unknown > known*2 {
		t.Errorf("a wrong password takes %v, an unknown login %v", known, unknown)
	}
	if ok, _, err := h.Verify(t.Context(), "", ""); ok || err != nil {
		t.Errorf("no account is signed in: %v", err)
	}
}

func TestHashesAreBrought(t *testing.T) {
	o := open(t)
	a := o.add("sato", auth.Operator)
	weak, err := auth.NewWeakHasher().Hash(here, good)
	o.must(err)
	o.must(o.store.ChangeAccount(here, a.ID, func(a *model.Account) error { a.Password = weak; return nil }))
	_, err = o.SignIn(here, "sato", good)
	o.must(err)
	b, err := o.store.Account(here, a.ID)
	o.must(err)
	if b.Password == weak || !strings.HasPrefix(b.Password, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatal(b.Password)
	}
	_, err = o.SignIn(here, "sato", good)
	o.must(err)
}

// When all seats are taken who comes is told so at once, and it does not count as a wrong password for long.
func TestCrowd(t *testing.T) {
	o := open(t)
	o.add("sato", auth.Operator)
	free := o.Hasher.Seats()
	_, err := o.SignIn(here, "sato", good)
	o.refused(err, auth.CodeBusy)
	free()
	_, err = o.SignIn(here, "sato", good)
	o.must(err)
}

func TestManySessions(t *testing.T) {
	o := open(t)
	a := o.add("sato", auth.Operator)
	first := ""
	for i := range 22 {
		o.wait(time.Second)
		e, err := o.SignIn(here, "sato", good)
		o.must(err)
		if i == 0 {
			first = e.Secret
		}
	}
	ss, err := o.Sessions(here, a.ID)
	o.must(err)
	if len(ss) != 20 || o.viewer(first).ID != "" {
		t.Fatalf("%d sessions", len(ss))
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g")
	f.Add("$argon2id$v=19$m=,t=1,p=1$$")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g")
	f.Fuzz(func(t *testing.T, s string) {
		again, err := auth.ParsePHC(s)
		if err != nil {
			return
		}
		if twice, err := auth.ParsePHC(again); err != nil || twice != again {
			t.Fatalf("%q: %q, %q, %v", s, again, twice, err)
		}
	})
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Ｓato", " \u202e", "İ", "ﬁ", "\xff", "a\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if once := auth.Fold(s); auth.Fold(once) != once && auth.Fold(auth.Fold(once)) != auth.Fold(once) {
			t.Fatalf("%q folds to %q, then to %q", s, once, auth.Fold(once))
		}
		_ = auth.CheckPassword(s, s)
	})
}
