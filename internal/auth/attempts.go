package auth

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// patient is how much guessing is borne: free tries, then a wait that doubles with each further one.
type patient struct {
	free        int
	first, most time.Duration
	forget      time.Duration // after so long without a try all is forgotten
}

// An account is locked early and long; a source later and shorter, because many people may sit behind one address. Passkeys
// and links from the console can't be guessed: they don't count against the account, so nobody can lock its owner out of them.
var (
	perAccount = patient{free: 5, first: 30 * time.Second, most: time.Hour, forget: 24 * time.Hour}
	perSource  = patient{free: 30, first: time.Minute, most: 15 * time.Minute, forget: time.Hour}
)

// wait is how long nothing is tried after so many fails.
func (p patient) wait(fails int) time.Duration {
	if fails < p.free {
		return 0
	}
	d := p.first
	for range min(fails-p.free, 20) {
		d *= 2
	}
	return min(d, p.most)
}

// accountName is the name an account's fails are counted under. It is made from what was typed, whether there is such an
// account or not, and does not tell it.
func accountName(login string) string { return "account:" + digestOf(Fold(login))[:32] }

// sourceName counts IPv6 by the /64, because a machine can choose among all addresses of it.
func sourceName(a netip.Addr) string {
	a = a.Unmap()
	if a.Is6() {
		p, err := a.WithZone("").Prefix(64)
		if err == nil {
			return "source:" + p.String()
		}
	}
	return "source:" + a.String()
}

// try counts a try as failed before it is made, so that many at once can't outrun the count. right takes it back. A try
// while the wait lasts is refused and does not count.
func (k *Keeper) try(ctx context.Context, name string, p patient) (right func() error, err error) {
	now, locked := k.Now().UTC(), time.Duration(0)
	err = k.Store.ChangeAttempts(ctx, name, func(a *model.Attempts) {
		if now.Sub(a.Last) > p.forget {
			a.Fails, a.Until = 0, time.Time{}
		}
		if a.Until.After(now) {
			locked = a.Until.Sub(now)
			return
		}
		a.Fails++
		a.Last, a.Until = now, now.Add(p.wait(a.Fails))
	})
	if err != nil {
		return nil, err
	}
	if locked > 0 {
		return nil, refuse(CodeWait, "seconds", strconv.Itoa(int(locked.Round(time.Second)/time.Second)+1))
	}
	return func() error {
		return k.Store.ChangeAttempts(ctx, name, func(a *model.Attempts) {
			a.Fails = max(0, a.Fails-1)
			a.Until = time.Time{}
		})
	}, nil
}

// tries is try for the account and the source of a sign-in.
func (k *Keeper) tries(ctx context.Context, login string) (right func() error, err error) {
	source, err := k.try(ctx, sourceName(ClientOf(ctx).Addr), perSource)
	if err != nil {
		return nil, err
	}
	account, err := k.try(ctx, accountName(login), perAccount)
	if err != nil {
		return nil, err // the try counts for the source
	}
	return func() error {
		if err := account(); err != nil {
			return err
		}
		return source()
	}, nil
}

// forgive forgets the fails of an account whose owner proved to be there.
func (k *Keeper) forgive(ctx context.Context, login string) error {
	return k.Store.ChangeAttempts(ctx, accountName(login), func(a *model.Attempts) { a.Fails = 0 })
}
