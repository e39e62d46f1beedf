package flow

import (
	"net/netip"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// wide lifts the limits of the recorder that would be reached at different times with a different number of shards.
var wide = dissect.Limits{Observations: 1 << 20, PerSubject: 1 << 14, Bindings: 1 << 20}

func seenBy(t testing.TB, shards int, names ...string) *model.Seen {
	p := New(Config{Shards: shards, Record: wide})
	for _, n := range names {
		runFile(t, p, n)
	}
	return p.Finish()
}

var exact = cmp.Options{cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()}

// diff is cmp.Diff, which is slow, only where there is something to tell.
func diff(a, b *model.Seen) string {
	if reflect.DeepEqual(a, b) {
		return ""
	}
	return cmp.Diff(a, b, exact)
}

func TestShardsSeeTheSame(t *testing.T) {
	for _, name := range captures(t, "*/*") {
		one, eight := seenBy(t, 1, name), seenBy(t, 8, name)
		if d := diff(one, eight); d != "" {
			t.Errorf("%s: 1 shard (-), 8 shards (+)\n%.2000s", filepath.Base(name), d)
		}
	}
}

// All captures one after the other: clocks jump back and forth between them.
func TestShardsSeeTheSameAcrossSources(t *testing.T) {
	names := captures(t, "lab/*", "ad-lab/*", "ndpi/*")
	one, three := seenBy(t, 1, names...), seenBy(t, 3, names...)
	if d := diff(one, three); d != "" {
		t.Errorf("1 shard (-), 3 shards (+)\n%.4000s", d)
	}
	if len(one.Conversations) == 0 || len(one.Observations) == 0 || len(one.Bindings) == 0 {
		t.Error("nothing was seen")
	}
}

func TestSnapshotAgreesWithFinish(t *testing.T) {
	names := captures(t, "ad-lab/*")
	p := New(Config{Shards: 2})
	for _, n := range names[:6] {
		runFile(t, p, n)
	}
	open, closed := p.Snapshot(), p.Finish()
	ignore := cmpopts.IgnoreFields(model.Seen{}, "Observations", "Conversations") // streams say and learn more when they end
	if d := cmp.Diff(open, closed, exact, ignore); d != "" {
		t.Errorf("snapshot (-), finish (+)\n%.2000s", d)
	}
	sum := func(s *model.Seen) (n uint64) {
		for i := range s.Conversations {
			n += s.Conversations[i].PacketsIn + s.Conversations[i].PacketsOut
		}
		return n
	}
	if a, b := sum(open), sum(closed); a != b || a != closed.Stats.IPPackets {
		t.Errorf("packets in conversations: %d in the snapshot, %d at the end, %d IP packets", a, b, closed.Stats.IPPackets)
	}
}
