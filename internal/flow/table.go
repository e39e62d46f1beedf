package flow

// chunkSize is how many entries the slab grows by. Entries never move.
const (
	chunkBits = 10
	chunkSize = 1 << chunkBits
)

// table holds the active flows of one shard: an open-addressing index over a slab of entries.
type table struct {
	slots  []slot
	mask   uint32
	chunks []*[chunkSize]entry
	free   []uint32
	used   uint32 // entries ever taken from the slab
	count  int
	seed   uint64
}

// slot is empty if ref is 0; ref is the entry's number plus one.
type slot struct{ hash, ref uint32 }

func newTable(seed uint64) table {
	return table{slots: make([]slot, 1<<12), mask: 1<<12 - 1, seed: seed}
}

func (t *table) at(i uint32) *entry { return &t.chunks[i>>chunkBits][i&(chunkSize-1)] }

// find gives the number of the entry of k, or ok false.
func (t *table) find(k *key, h uint32) (uint32, bool) {
	for i := h & t.mask; ; i = (i + 1) & t.mask {
		s := t.slots[i]
		if s.ref == 0 {
			return 0, false
		}
		if s.hash == h && t.at(s.ref-1).key == *k {
			return s.ref - 1, true
		}
	}
}

// add makes an empty entry for k, which must not be there.
func (t *table) add(k *key, h uint32) uint32 {
	if (t.count+1)*2 > len(t.slots) {
		t.grow()
	}
	n := t.take()
	e := t.at(n)
	*e = entry{key: *k, flags: live}
	t.put(slot{h, n + 1})
	t.count++
	return n
}

func (t *table) take() uint32 {
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		return i
	}
	if int(t.used) == len(t.chunks)*chunkSize {
		t.chunks = append(t.chunks, new([chunkSize]entry))
	}
	t.used++
	return t.used - 1
}

func (t *table) put(s slot) {
	i := s.hash & t.mask
	for t.slots[i].ref != 0 {
		i = (i + 1) & t.mask
	}
	t.slots[i] = s
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	t.mask = uint32(len(t.slots) - 1)
	for _, s := range old {
		if s.ref != 0 {
			t.put(s)
		}
	}
}

// remove frees entry n. The slots behind its own move up so that no gap breaks a probe (Knuth 6.4, algorithm R).
func (t *table) remove(n uint32) {
	e := t.at(n)
	h := uint32(e.key.hash(t.seed))
	i := h & t.mask
	for t.slots[i].ref != n+1 {
		i = (i + 1) & t.mask
	}
	for j := i; ; {
		j = (j + 1) & t.mask
		s := t.slots[j]
		if s.ref == 0 {
			break
		}
		if home := s.hash & t.mask; (j-home)&t.mask >= (j-i)&t.mask {
			t.slots[i] = s
			i = j
		}
	}
	t.slots[i] = slot{}
	e.flags = 0
	t.free = append(t.free, n)
	t.count--
}
