package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// cost is what one argon2id hash takes.
type cost struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

// today is OWASP's first choice for argon2id (Password Storage Cheat Sheet): 19 MiB, two passes, one lane.
var today = cost{memory: 19 << 10, time: 2, threads: 1}

// most bounds what a stored hash may ask for: a changed row must not take all memory.
var most = cost{memory: 1 << 20, time: 16, threads: 16}

const (
	saltBytes = 16
	hashBytes = 32
)

// Hasher turns passwords into PHC strings and compares. It works on few at a time, so that a flood of sign-ins takes
// neither all memory nor all processors; who waits too long is told so.
type Hasher struct {
	cost  cost
	slots chan struct{}
	queue chan struct{}
	dummy string // compared with when there is no account: the same work is done
}

// parallel is how many hashes are made at a time; waiting is how many may wait for that.
const (
	parallel = 2
	waiting  = 32
	patience = 10 * time.Second
)

// NewHasher gives a hasher with the cost of today.
func NewHasher() *Hasher { return newHasher(today) }

func newHasher(c cost) *Hasher {
	h := &Hasher{cost: c, slots: make(chan struct{}, parallel), queue: make(chan struct{}, waiting)}
	h.dummy = h.sum(newSecret(), randomBytes(saltBytes))
	return h
}

// enter waits for a slot; leave gives it back.
func (h *Hasher) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, refuse(CodeBusy)
	}
	defer func() { <-h.queue }()
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-t.C:
		return nil, refuse(CodeBusy)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Hash gives the PHC string of a password.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return h.sum(password, randomBytes(saltBytes)), nil
}

func (h *Hasher) sum(password string, salt []byte) string {
	key := argon2.IDKey([]byte(password), salt, h.cost.time, h.cost.memory, h.cost.threads, hashBytes)
	return phc{h.cost, salt, key}.String()
}

// Verify reports whether password is the one of hash, and whether hash was made with less than the cost of today. An
// empty hash is that of no account: it takes the same time and is never right.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (right, weak bool, err error) {
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	p, err := parsePHC(hash)
	if err != nil {
		return false, false, err
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	key := argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.threads, uint32(len(p.key)))
	right = subtle.ConstantTimeCompare(key, p.key) == 1 && known
	return right, right && p.cost != h.cost, nil
}

// phc is a password hash in the PHC string format (github.com/P-H-C/phc-string-format).
type phc struct {
	cost
	salt, key []byte
}

func (p phc) String() string {
	e := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads, e.EncodeToString(p.salt), e.EncodeToString(p.key))
}

var errPHC = errors.New("not a password hash of ours")

func parsePHC(s string) (p phc, err error) {
	f := strings.Split(s, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != "v="+strconv.Itoa(argon2.Version) {
		return p, errPHC
	}
	var m, t, l uint64
	for i, name := range []string{"m=", "t=", "p="} {
		parts := strings.Split(f[3], ",")
		if len(parts) != 3 || !strings.HasPrefix(parts[i], name) {
			return p, errPHC
		}
		n, err := strconv.ParseUint(parts[i][2:], 10, 32)
		if err != nil || n == 0 {
			return p, errPHC
		}
		*[]*uint64{&m, &t, &l}[i] = n
	}
	if m > uint64(most.memory) || t > uint64(most.time) || l > uint64(most.threads) {
		return p, errPHC
	}
	p.cost = cost{uint32(m), uint32(t), uint8(l)}
	if p.salt, err = base64.RawStdEncoding.Strict().DecodeString(f[4]); err != nil || len(p.salt) < 8 || len(p.salt) > 64 {
		return p, errPHC
	}
	if p.key, err = base64.RawStdEncoding.Strict().DecodeString(f[5]); err != nil || len(p.key) < 16 || len(p.key) > 64 {
		return p, errPHC
	}
	return p, nil
}
