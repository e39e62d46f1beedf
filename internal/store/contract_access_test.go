package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
	"github.com/mimawari/mimawari/internal/store/storetest"
)

// noon has the precision of a column.
var noon = storetest.Base.Truncate(time.Microsecond)

func somebody(n int) model.Account {
	return model.Account{
		ID: fmt.Sprintf("acc-%d", n), Login: fmt.Sprintf("佐藤%d", n), Name: "佐藤", Role: "operator", Made: noon,
		TOTP: &model.TOTP{Sealed: "x", Step: 3, Since: noon}, Recovery: []string{"a", "b"},
		Passkeys: []model.Passkey{{ID: "p", Site: "localhost", State: []byte{1, 2}}},
	}
}

func addAccounts(t *testing.T, s *store.Store, as ...model.Account) {
	t.Helper()
	must(t, s.ChangeAccounts(ctx, func([]model.Account) ([]model.Account, error) { return as, nil }))
}

func testAccounts(t *testing.T, s *store.Store) {
	addAccounts(t, s, somebody(2), somebody(1))
	all, err := s.Accounts(ctx)
	must(t, err)
	same(t, "accounts", all, []model.Account{somebody(1), somebody(2)})
	a, err := s.AccountByLogin(ctx, "佐藤2")
	must(t, err)
	same(t, "account", a, somebody(2))
	_, err1 := s.Account(ctx, "acc-9")
	_, err2 := s.AccountByLogin(ctx, "佐藤")
	err3 := s.ChangeAccount(ctx, "acc-9", func(*model.Account) error { return nil })
	for i, err := range []error{err1, err2, err3} {
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%d: %v", i+1, err)
		}
	}
	twin := somebody(3)
	twin.Login = "佐藤1"
	if err := s.ChangeAccounts(ctx, func([]model.Account) ([]model.Account, error) { return []model.Account{twin}, nil }); err == nil {
		t.Error("two accounts with one login")
	}
	// Nothing of a refused change stays.
	refused := errors.New("no")
	err = s.ChangeAccount(ctx, "acc-1", func(a *model.Account) error { a.Role = "administrator"; return refused })
	if !errors.Is(err, refused) {
		t.Fatal(err)
	}
	a, err = s.Account(ctx, "acc-1")
	must(t, err)
	same(t, "account", a, somebody(1))
}

// Many count up at once: no count is lost.
func testAccountsAtOnce(t *testing.T, s *store.Store) {
	addAccounts(t, s, somebody(1))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				if err := s.ChangeAccount(ctx, "acc-1", func(a *model.Account) error { a.TOTP.Step++; return nil }); err != nil {
					t.Error(err)
				}
				if err := s.ChangeAttempts(ctx, "source:x", func(a *model.Attempts) { a.Fails++; a.Last = noon }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	a, err := s.Account(ctx, "acc-1")
	must(t, err)
	if a.TOTP.Step != 43 {
		t.Errorf("step %d", a.TOTP.Step)
	}
	must(t, s.ChangeAttempts(ctx, "source:x", func(a *model.Attempts) {
		if a.Fails != 40 || !a.Last.Equal(noon) {
			t.Errorf("%+v", a)
		}
		a.Fails = 0
	}))
	must(t, s.ChangeAttempts(ctx, "source:x", func(a *model.Attempts) {
		same(t, "attempts", *a, model.Attempts{Name: "source:x"})
	}))
}

func testKeys(t *testing.T, s *store.Store) {
	addAccounts(t, s, somebody(1), somebody(2))
	key := func(n int, kind, account string) model.Key {
		return model.Key{
			Digest: fmt.Sprintf("d%d", n), Kind: kind, ID: fmt.Sprintf("k-%d", n), Account: account, Made: noon,
			Until: noon.Add(time.Duration(n) * time.Hour), Scopes: []string{"look"}, Agent: "<b>", Stage: "full",
		}
	}
	for n := range 6 {
		must(t, s.SaveKey(ctx, key(n, []string{model.SessionKey, model.TokenKey}[n%2], []string{"acc-1", "acc-2"}[n/3])))
	}
	k, a, err := s.Key(ctx, "d4")
	must(t, err)
	same(t, "key", k, key(4, model.SessionKey, "acc-2"))
	same(t, "its account", a, somebody(2))
	list := func(kind, account string, want ...string) {
		t.Helper()
		ks, err := s.Keys(ctx, kind, account)
		must(t, err)
		var ids []string
		for _, k := range ks {
			ids = append(ids, k.ID)
		}
		same(t, "keys", ids, want)
	}
	list(model.SessionKey, "", "k-0", "k-2", "k-4")
	list(model.TokenKey, "acc-2", "k-3", "k-5")
	must(t, s.TouchKey(ctx, "d4", noon.Add(time.Minute)))
	k, _, err = s.Key(ctx, "d4")
	must(t, err)
	if !k.Seen.Equal(noon.Add(time.Minute)) {
		t.Errorf("%+v", k)
	}
	must(t, s.SwapKey(ctx, "d4", key(7, model.SessionKey, "acc-2")))
	if err := s.SwapKey(ctx, "d4", key(8, model.SessionKey, "acc-2")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("used up twice: %v", err)
	}
	list(model.SessionKey, "acc-2", "k-7")
	if err := s.RemoveKey(ctx, model.TokenKey, "k-7", ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed a session as a token: %v", err)
	}
	if err := s.RemoveKey(ctx, model.SessionKey, "k-7", "acc-1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("removed another's session: %v", err)
	}
	must(t, s.RemoveKeys(ctx, model.SessionKey, "acc-1", "k-2"))
	list(model.SessionKey, "", "k-2", "k-7")
	must(t, s.PurgeAccess(ctx, noon.Add(3*time.Hour+time.Minute), noon))
	list(model.SessionKey, "", "k-7")
	list(model.TokenKey, "", "k-5")
	must(t, s.SwapKey(ctx, "d5", model.Key{}))
	list(model.TokenKey, "")
	if err := s.SaveKey(ctx, key(1, model.TokenKey, "acc-9")); err == nil {
		t.Error("a key of nobody")
	}
	r, err := s.Check(ctx)
	must(t, err)
	if len(r.Problems) > 0 {
		t.Errorf("%+v", r.Problems)
	}
}

func testAudit(t *testing.T, s *store.Store) {
	add := func(e model.AuditEntry, hashes ...string) {
		t.Helper()
		must(t, s.AppendAudit(ctx, func(tree model.AuditTree) (model.AuditRow, int64, []string, error) {
			e.N = tree.Size
			return model.AuditRow{N: e.N, Entry: e, Doc: fmt.Sprintf(`{"n":%d,"at":"%s","account":%q,"via":"web","action":%q,"object":%q}`, e.N, e.At.Format(time.RFC3339Nano), e.Account, e.Action, e.Object), Signed: "s"}, 3 * e.N, hashes, nil
		}))
	}
	add(model.AuditEntry{At: noon, Account: "acc-1", Action: "account.add", Object: "100%"}, "h0", "h1")
	add(model.AuditEntry{At: noon.Add(time.Hour), Account: "acc-2", Action: "account_add", Object: "<b>"}, "h3")
	refused := errors.New("no")
	if err := s.AppendAudit(ctx, func(model.AuditTree) (r model.AuditRow, i int64, h []string, err error) { return r, 0, nil, refused }); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	var seen []int64
	must(t, s.WalkAudit(ctx, func(tree model.AuditTree, r model.AuditRow) error {
		seen = append(seen, r.N)
		if r.Odd || tree.Size != 2 {
			t.Errorf("%+v, size %d", r, tree.Size)
		}
		h, err := tree.Hashes([]int64{3, 0})
		must(t, err)
		same(t, "hashes", h, []string{"h3", "h0"})
		if _, err := tree.Hashes([]int64{2}); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		return nil
	}))
	same(t, "entries", seen, []int64{0, 1})
	f := func(q model.AuditQuery, want ...int64) {
		t.Helper()
		rows, err := s.Audit(ctx, q)
		must(t, err)
		var ns []int64
		for _, r := range rows {
			ns = append(ns, r.N)
		}
		same(t, fmt.Sprintf("%+v", q), ns, want)
	}
	f(model.AuditQuery{}, 1, 0)
	f(model.AuditQuery{Action: "account.*"}, 0)
	f(model.AuditQuery{Text: "100%"}, 0)
	f(model.AuditQuery{Text: "10%"})
	f(model.AuditQuery{Account: "acc-2"}, 1)
	f(model.AuditQuery{From: noon.Add(time.Minute)}, 1)
	f(model.AuditQuery{To: noon.Add(time.Minute)}, 0)
	f(model.AuditQuery{Before: 1}, 0)
}
