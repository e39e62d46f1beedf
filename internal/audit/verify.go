package audit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/mimawari/mimawari/internal/model"
)

// The kinds of a Finding. Words are under "audit.bad.KIND".
const (
	Changed  = "changed"  // the entry is not the one that was signed
	Missing  = "missing"  // there is no entry with this number
	Added    = "added"    // the entry was not written by us: its signature is another's, or none
	Unsigned = "unsigned" // the entry is right, its signature is not
	Columns  = "columns"  // the entry is right, what it is searched by is not
	Tree     = "tree"     // the entry is right, a node of the tree over it is not
	Cut      = "cut"      // the trail is shorter than the checkpoint
	Other    = "other"    // the trail is another than the checkpoint's: something up to there was written anew
)

// Finding is the first thing wrong with the trail, at entry N.
type Finding struct {
	N    int64
	Kind string
}

func (f *Finding) Error() string { return fmt.Sprintf("audit entry %d: %s", f.N, f.Kind) }

// Verdict is the outcome of Verify.
type Verdict struct {
	Entries int64
	Wrong   *Finding // nil if all is well
}

// ErrCheckpoint is returned for what is no checkpoint of ours.
var ErrCheckpoint = errors.New("not a checkpoint signed with this trail's key")

// ParseCheckpoint reads a checkpoint that Checkpoint gave.
func (k *Key) ParseCheckpoint(b []byte) (tlog.Tree, error) {
	n, err := note.Open(b, note.VerifierList(k.verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	f := strings.Split(n.Text, "\n")
	if len(f) != 4 || f[0] != origin || f[3] != "" {
		return tlog.Tree{}, ErrCheckpoint
	}
	size, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil || size < 0 {
		return tlog.Tree{}, ErrCheckpoint
	}
	h, err := tlog.ParseHash(f[2])
	if err != nil {
		return tlog.Tree{}, ErrCheckpoint
	}
	return tlog.Tree{N: size, Hash: h}, nil
}

// Verify reads the whole trail and gives the first thing that is wrong with it. against is a checkpoint that was kept
// elsewhere, nil if there is none. The tree is made again from the entries: nothing stored is believed.
func (t *Trail) Verify(ctx context.Context, against *tlog.Tree) (Verdict, error) {
	w := &walk{key: t.Key, against: against}
	err := t.Store.WalkAudit(ctx, w.entry)
	var f *Finding
	if errors.As(err, &f) {
		return Verdict{w.n, f}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	if against != nil && against.N > w.n {
		return Verdict{w.n, &Finding{w.n, Cut}}, nil
	}
	return Verdict{Entries: w.n}, nil
}

// walk makes the tree again, entry by entry. It holds the roots of the full subtrees only, as many as n has bits.
type walk struct {
	key     *Key
	against *tlog.Tree
	n       int64
	hashes  []tlog.Hash // roots of the full subtrees, the largest first
	sizes   []int64     // how many entries each has
}

func (w *walk) entry(tree model.AuditTree, r model.AuditRow) error {
	switch {
	case r.N > w.n:
		return &Finding{w.n, Missing}
	case r.N < w.n:
		return &Finding{r.N, Added}
	}
	leaf := tlog.RecordHash([]byte(r.Doc))
	fresh := w.push(leaf)
	w.n++
	root := w.root()
	head, ours := w.key.signedHead(w.n, r.Signed)
	switch {
	case ours && head.Hash == root && r.Odd:
		return &Finding{r.N, Columns}
	case ours && head.Hash == root:
		return w.stored(tree, r.N, fresh)
	case ours:
		return &Finding{r.N, Changed}
	}
	return &Finding{r.N, w.unsigned(tree, r.N, leaf)}
}

// unsigned says what an entry without a signature of ours is. The stored leaf helps: one that is another's was changed, one that
// was never there was added; an entry at the end with a leaf but no signature was added by somebody who knows the tree.
func (w *walk) unsigned(tree model.AuditTree, n int64, leaf tlog.Hash) string {
	stored, err := nodes(tree)([]int64{tlog.StoredHashIndex(0, n)})
	switch {
	case err != nil:
		return Added
	case stored[0] != leaf:
		return Changed
	case w.n == tree.Size:
		return Added
	}
	return Unsigned
}

// stored compares the nodes that the entry completes with what is stored of them, and the head with the checkpoint.
func (w *walk) stored(tree model.AuditTree, n int64, fresh []tlog.Hash) error {
	first := tlog.StoredHashIndex(0, n)
	indexes := make([]int64, len(fresh))
	for i := range indexes {
		indexes[i] = first + int64(i)
	}
	have, err := nodes(tree)(indexes)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case err != nil:
		return &Finding{n, Tree}
	}
	for i := range have {
		if have[i] != fresh[i] {
			return &Finding{n, Tree}
		}
	}
	if w.against != nil && w.against.N == w.n && w.against.Hash != w.root() {
		return &Finding{n, Other}
	}
	return nil
}

// push adds a leaf and gives the nodes that it completes, the leaf first, in the order in which they are stored.
func (w *walk) push(leaf tlog.Hash) []tlog.Hash {
	fresh := []tlog.Hash{leaf}
	w.hashes, w.sizes = append(w.hashes, leaf), append(w.sizes, 1)
	for i := len(w.sizes) - 1; i > 0 && w.sizes[i] == w.sizes[i-1]; i-- {
		w.hashes[i-1] = tlog.NodeHash(w.hashes[i-1], w.hashes[i])
		w.sizes[i-1] *= 2
		w.hashes, w.sizes = w.hashes[:i], w.sizes[:i]
		fresh = append(fresh, w.hashes[i-1])
	}
	return fresh
}

func (w *walk) root() tlog.Hash {
	h := w.hashes[len(w.hashes)-1]
	for i := len(w.hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(w.hashes[i], h)
	}
	return h
}
