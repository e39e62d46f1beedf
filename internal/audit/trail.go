package audit

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
)

// Store keeps entries and tree nodes.
type Store interface {
	AppendAudit(ctx context.Context, next func(t model.AuditTree) (row model.AuditRow, first int64, hashes []string, err error)) error
	Audit(ctx context.Context, q model.AuditQuery) ([]model.AuditRow, error)
	WalkAudit(ctx context.Context, each func(t model.AuditTree, r model.AuditRow) error) error
}

// Trail is the audit trail of one data directory. It is safe for concurrent use, also by several processes.
type Trail struct {
	Store  Store
	Key    *Key
	Now    func() time.Time
	Report func(error) // is told when an entry could not be written. May be nil.
}

// The ways in which somebody did something.
const (
	ViaWeb     = "web"
	ViaToken   = "token"
	ViaConsole = "console"
	ViaSystem  = "system"
)

// Note writes an entry: what the viewer of ctx did to object, with details in pairs. That it could not be written is told to
// Report; what was done is done.
func (t *Trail) Note(ctx context.Context, action, object string, details ...string) {
	if err := t.Append(ctx, Entry(ctx, action, object, details...)); err != nil && t.Report != nil {
		t.Report(fmt.Errorf("audit trail, %s: %w", action, err))
	}
}

// Entry makes an entry of what the viewer of ctx did. Texts are cleaned and cut: they may come from anywhere.
func Entry(ctx context.Context, action, object string, details ...string) model.AuditEntry {
	v, c := auth.ViewerOf(ctx), auth.ClientOf(ctx)
	e := model.AuditEntry{Account: v.ID, Login: model.Clean(v.Login), Via: ViaWeb, Action: model.Clean(action), Object: model.Clean(object)}
	if c.Addr.IsValid() {
		e.Source = c.Addr.Unmap().String()
	}
	switch {
	case v.Token != "":
		e.Via = ViaToken
		details = append(details, "token", v.Token)
	case v.ID == auth.ConsoleID:
		e.Via, e.Account = ViaConsole, ""
	case v.ID == "" && e.Source == "":
		e.Via = ViaSystem
	}
	for i := 0; i+1 < len(details); i += 2 {
		if e.Details == nil {
			e.Details = map[string]string{}
		}
		e.Details[model.Clean(details[i])] = model.Clean(details[i+1])
	}
	return e
}

// Append writes e as the next entry; number and time are set here.
func (t *Trail) Append(ctx context.Context, e model.AuditEntry) error {
	// What was done is noted even if the one who did it has gone away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	return t.Store.AppendAudit(ctx, func(tree model.AuditTree) (row model.AuditRow, first int64, hashes []string, err error) {
		e.N, e.At = tree.Size, t.Now().UTC().Truncate(time.Microsecond)
		doc, err := json.Marshal(e)
		if err != nil {
			return row, 0, nil, err
		}
		reader := nodes(tree)
		fresh, err := tlog.StoredHashes(e.N, doc, reader)
		if err != nil {
			return row, 0, nil, fmt.Errorf("grow the tree: %w", err)
		}
		first = tlog.StoredHashIndex(0, e.N)
		root, err := tlog.TreeHash(e.N+1, with(reader, first, fresh))
		if err != nil {
			return row, 0, nil, fmt.Errorf("head of the tree: %w", err)
		}
		signed, err := t.Key.sign(tlog.Tree{N: e.N + 1, Hash: root})
		if err != nil {
			return row, 0, nil, err
		}
		for _, h := range fresh {
			hashes = append(hashes, h.String())
		}
		return model.AuditRow{N: e.N, Entry: e, Doc: string(doc), Signed: signed}, first, hashes, nil
	})
}

// nodes reads stored tree nodes as tlog wants them.
func nodes(t model.AuditTree) tlog.HashReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		texts, err := t.Hashes(indexes)
		if err != nil {
			return nil, err
		}
		out := make([]tlog.Hash, len(texts))
		for i, s := range texts {
			if out[i], err = tlog.ParseHash(s); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}

// with reads the nodes of r, and after them the fresh ones that follow from index first.
func with(r tlog.HashReaderFunc, first int64, fresh []tlog.Hash) tlog.HashReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			if x >= first && x-first < int64(len(fresh)) {
				out[i] = fresh[x-first]
				continue
			}
			h, err := r([]int64{x})
			if err != nil {
				return nil, err
			}
			out[i] = h[0]
		}
		return out, nil
	}
}

// text is what is signed: name, size, root.
func text(t tlog.Tree) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, t.N, t.Hash)
}

// sign gives the short form of a checkpoint that is kept with each entry: the rest can be made again.
func (k *Key) sign(t tlog.Tree) (string, error) {
	sig, err := k.signer.Sign([]byte(text(t)))
	return t.Hash.String() + " " + base64.StdEncoding.EncodeToString(sig), err
}

// signedHead gives the tree head that was signed when the tree had size n, if the signature is ours.
func (k *Key) signedHead(n int64, signed string) (tlog.Tree, bool) {
	root, sig, _ := strings.Cut(signed, " ")
	h, err := tlog.ParseHash(root)
	if err != nil {
		return tlog.Tree{}, false
	}
	b, err := base64.StdEncoding.DecodeString(sig)
	t := tlog.Tree{N: n, Hash: h}
	return t, err == nil && k.verifier.Verify([]byte(text(t)), b)
}

// Checkpoint gives the signed head of the trail as it is now, to be printed and kept elsewhere. An empty trail has none: nil.
func (t *Trail) Checkpoint(ctx context.Context) ([]byte, error) {
	rows, err := t.Store.Audit(ctx, model.AuditQuery{Limit: 1})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	head, ok := t.Key.signedHead(rows[0].N+1, rows[0].Signed)
	if !ok {
		return nil, &Finding{N: rows[0].N, Kind: Unsigned}
	}
	return note.Sign(&note.Note{Text: text(head)}, t.Key.signer)
}

// Public is the key with which anybody can verify a checkpoint.
func (k *Key) Public() string { return k.public }

// Audit gives entries, newest first.
func (t *Trail) Audit(ctx context.Context, q model.AuditQuery) ([]model.AuditEntry, error) {
	rows, err := t.Store.Audit(ctx, q)
	out := make([]model.AuditEntry, len(rows))
	for i, r := range rows {
		out[i] = r.Entry
	}
	return out, err
}
