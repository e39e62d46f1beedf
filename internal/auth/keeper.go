package auth

import (
	"context"
	"net/netip"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/seal"
)

// AccountStore keeps accounts. ChangeAccounts and ChangeAccount run f in one writing transaction.
type AccountStore interface {
	Accounts(ctx context.Context) ([]model.Account, error)
	Account(ctx context.Context, id string) (model.Account, error)
	AccountByLogin(ctx context.Context, login string) (model.Account, error)
	ChangeAccounts(ctx context.Context, f func(all []model.Account) (changed []model.Account, err error)) error
	ChangeAccount(ctx context.Context, id string, f func(a *model.Account) error) error
}

// KeyStore keeps sessions, tokens and links by the digest of their secret.
type KeyStore interface {
	Key(ctx context.Context, digest string) (model.Key, model.Account, error)
	Keys(ctx context.Context, kind, account string) ([]model.Key, error)
	SaveKey(ctx context.Context, k model.Key) error
	SwapKey(ctx context.Context, digest string, next model.Key) error
	TouchKey(ctx context.Context, digest string, seen time.Time) error
	RemoveKey(ctx context.Context, kind, id, account string) error
	RemoveKeys(ctx context.Context, kind, account, except string) error
	PurgeAccess(ctx context.Context, now, attempts time.Time) error
}

// AttemptStore keeps what is counted against guessing.
type AttemptStore interface {
	ChangeAttempts(ctx context.Context, name string, f func(a *model.Attempts)) error
}

// Store is what a Keeper needs of the database.
type Store interface {
	AccountStore
	KeyStore
	AttemptStore
}

// Limits are what an institution may set.
type Limits struct {
	Idle     time.Duration // a session ends when nothing was asked for so long
	Absolute time.Duration // and in any case so long after the sign-in
}

// DefaultLimits are those if nothing was set: a working day, and a lunch break.
var DefaultLimits = Limits{Idle: time.Hour, Absolute: 12 * time.Hour}

// Keeper lets people in. It is safe for concurrent use; several processes may work on the same store.
type Keeper struct {
	Store  Store
	Seal   *seal.Key
	Hasher *Hasher
	Now    func() time.Time
	Limits Limits
	// Institution is its name, which must not be most of a password. May be empty.
	Institution string
	// Note writes the audit trail: what the viewer of ctx did to object, with details in pairs. May be nil.
	Note func(ctx context.Context, action, object string, details ...string)
	// Directory signs in people whom we do not know, or whom it vouches for. May be nil.
	Directory Directory

	ceremonies ceremonies
}

// Client is where a request comes from.
type Client struct {
	Addr  netip.Addr
	Agent string // what the browser says it is
}

type clientKey struct{}

// WithClient puts where a request comes from into ctx.
func WithClient(ctx context.Context, c Client) context.Context {
	return context.WithValue(ctx, clientKey{}, c)
}

// ClientOf gives where the request of ctx comes from.
func ClientOf(ctx context.Context) Client {
	c, _ := ctx.Value(clientKey{}).(Client)
	return c
}

// ConsoleID is the ID of the viewer of a command on the machine itself. No account has it.
const ConsoleID = "console"

// Console is the viewer of a command on the machine itself: whoever can run it can read and write the data anyway.
func Console(login string) Viewer {
	return Viewer{ID: ConsoleID, Login: login, Name: login, Role: Administrator}
}

func (k *Keeper) note(ctx context.Context, action, object string, details ...string) {
	if k.Note != nil {
		k.Note(ctx, action, object, details...)
	}
}

func (k *Keeper) noteAs(ctx context.Context, a *model.Account, action string, details ...string) {
	k.note(WithViewer(ctx, viewerOf(a)), action, a.Login, details...)
}

func viewerOf(a *model.Account) Viewer {
	return Viewer{ID: a.ID, Login: a.Login, Name: a.Name, Role: Role(a.Role)}
}
