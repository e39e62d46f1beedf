package flow

// maxDatagram bounds a joined datagram: the offset field's 13 bits count blocks of 8 bytes (RFC 791, 8200).
const maxDatagram = 65535

// joiner joins IP fragments. Where fragments overlap the bytes that came first stay. A datagram that is not complete in
// time counts with what came: its first part is shown to the decoders as far as it reaches.
type joiner struct {
	waiting  map[fragmentKey]*joining
	order    []*joining // oldest first
	spare    []*joining
	bytes    int
	max      int
	maxBytes int
	dropped  uint64 // datagrams given up early
}

type fragmentKey struct {
	src, dst addr
	id       uint32
	tunnel   uint32
	vlan     uint16
	proto    uint8
}

type joining struct {
	key     fragmentKey
	head    packet // of the fragment with offset 0, else of the first that came
	headed  bool   // the fragment with offset 0 came
	done    bool   // joined; kept to know late copies
	data    []byte
	have    [(maxDatagram + 1) / 8 / 64]uint64 // blocks of 8 bytes that are there
	blocks  int
	total   int // 0: not known yet
	count   uint32
	ipBytes uint64
	started int64
	last    int64
}

// take accounts one fragment.
func (jn *joiner) take(s *shard, p *packet) {
	k := fragmentKey{src: p.src, dst: p.dst, id: p.frag.id, tunnel: p.tunnelID, vlan: p.vlan, proto: p.proto}
	j := jn.waiting[k]
	if j == nil {
		j = jn.begin(s, k, p)
	}
	j.last = p.at
	if j.done {
		j.again(s, p)
		return
	}
	j.count++
	j.ipBytes += p.ipBytes
	if p.frag.offset == 0 && !j.headed {
		j.headed = true
		j.setHead(p)
	}
	jn.store(j, p)
	if j.total > 0 && j.blocks >= (j.total+7)/8 {
		j.done = true
		j.finish(s, j.total, j.total)
		jn.bytes -= cap(j.data)
		j.data = nil
	}
}

func (j *joining) setHead(p *packet) {
	j.head = *p
	j.head.payload, j.head.opts = nil, nil
}

func (jn *joiner) begin(s *shard, k fragmentKey, p *packet) *joining {
	if jn.waiting == nil {
		jn.waiting = map[fragmentKey]*joining{}
	}
	if len(jn.order) >= jn.max {
		jn.giveUp(s)
		jn.dropped++
	}
	j := new(joining)
	if n := len(jn.spare); n > 0 {
		j, jn.spare = jn.spare[n-1], jn.spare[:n-1]
	}
	*j = joining{key: k, started: p.at}
	j.setHead(p)
	jn.waiting[k] = j
	jn.order = append(jn.order, j)
	return j
}

// store copies the blocks of p that are not there yet.
func (jn *joiner) store(j *joining, p *packet) {
	off, b := int(p.frag.offset), p.payload
	end := off + len(b)
	if end > maxDatagram {
		return
	}
	whole := len(b) == int(p.payLen)
	if !p.frag.more && whole && j.total == 0 && end > 0 {
		j.total = end
	}
	if p.frag.more || !whole {
		end &^= 7 // a part of a block is no use
	}
	if !jn.room(j, end) {
		return
	}
	for ; off < end; off += 8 {
		if i := off / 8; j.have[i/64]&(1<<(i%64)) == 0 {
			j.have[i/64] |= 1 << (i % 64)
			j.blocks++
			copy(j.data[off:end], b[off-int(p.frag.offset):][:min(8, end-off)])
		}
	}
}

func (jn *joiner) room(j *joining, end int) bool {
	if end <= len(j.data) {
		return true
	}
	if end > cap(j.data) {
		n := min(max(end, 2*cap(j.data)), maxDatagram+1)
		if jn.bytes+n-cap(j.data) > jn.maxBytes {
			jn.dropped++
			return false
		}
		jn.bytes += n - cap(j.data)
		j.data = append(make([]byte, 0, n), j.data...)
	}
	j.data = j.data[:end]
	return true
}

// finish accounts the datagram as one packet whose IP payload is the first n bytes of wire.
func (j *joining) finish(s *shard, n, wire int) {
	q := j.head
	q.at, q.count, q.ipBytes = j.last, j.count, j.ipBytes
	switch s.decoder.upper(&q, j.data[:n], wire) {
	case isPacket:
		j.head.sport, j.head.dport = q.sport, q.dport
		if q.tunnel != j.head.tunnel {
			j.setHead(&q)
		}
		s.packet(&q)
	case isFragment:
		s.joiner.take(s, &q)
	}
}

// again accounts a copy of a fragment whose datagram was joined before.
func (j *joining) again(s *shard, p *packet) {
	q := j.head
	q.at, q.count, q.ipBytes, q.payLen, q.partial = p.at, 1, p.ipBytes, 0, true
	s.packet(&q)
}

// expire gives up on datagrams that waited too long.
func (jn *joiner) expire(s *shard, clock int64) {
	for len(jn.order) > 0 {
		age := clock - jn.order[0].started
		if age <= int64(FragmentAge) && age >= -int64(FragmentAge) {
			return
		}
		jn.giveUp(s)
	}
}

// giveUp accounts what came of the oldest datagram and forgets it.
func (jn *joiner) giveUp(s *shard) {
	j := jn.order[0]
	jn.order = jn.order[1:]
	delete(jn.waiting, j.key)
	if !j.done {
		j.done = true
		j.partial(s)
	}
	jn.bytes -= cap(j.data)
	j.data = nil
	if len(jn.spare) < 64 {
		jn.spare = append(jn.spare, j)
	}
}

func (j *joining) partial(s *shard) {
	if !j.headed {
		q := j.head
		q.at, q.count, q.ipBytes, q.payLen, q.partial = j.last, j.count, j.ipBytes, 0, true
		s.packet(&q)
		return
	}
	n := 0
	for n+8 <= len(j.data) && j.have[n/8/64]&(1<<(n/8%64)) != 0 {
		n += 8
	}
	j.finish(s, n, max(j.total, len(j.data)))
}
