package flow

import (
	"strconv"
	"unsafe"
)

// fingerprint writes the parts of a SYN that tell operating systems apart. The text is valid until the next call; the
// recorder copies what it keeps. The TTL is the one the sender began with, if the way was shorter than half of it.
func (s *shard) fingerprint(p *packet) string {
	b := append(s.text[:0], "ttl="...)
	b = strconv.AppendUint(b, initialTTL(p.ttl), 10)
	b = append(b, " win="...)
	b = strconv.AppendUint(b, uint64(p.window), 10)
	b = append(b, " opts="...)
	b = appendOptions(b, p.opts)
	return unsafe.String(&b[0], len(b))
}

func initialTTL(ttl uint8) uint64 {
	for _, t := range [...]uint8{32, 64, 128} {
		if ttl <= t {
			return uint64(t)
		}
	}
	return 255
}

// appendOptions writes TCP options in their order (RFC 9293, 7323, 2018): M mss, N no-op, W window scale, S SACK permitted,
// T timestamps, E end, other kinds by number. It stops where b is full.
func appendOptions(b, opts []byte) []byte {
	first := true
	for len(opts) > 0 && len(b) < cap(b)-12 {
		kind, n := opts[0], 1
		if kind > 1 {
			if len(opts) < 2 || opts[1] < 2 || int(opts[1]) > len(opts) {
				break
			}
			n = int(opts[1])
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendOption(b, kind, opts[:n])
		opts = opts[n:]
		if kind == 0 {
			break
		}
	}
	return b
}

func appendOption(b []byte, kind uint8, o []byte) []byte {
	switch {
	case kind == 0:
		return append(b, 'E')
	case kind == 1:
		return append(b, 'N')
	case kind == 2 && len(o) == 4:
		return strconv.AppendUint(append(b, 'M'), uint64(o[2])<<8|uint64(o[3]), 10)
	case kind == 3 && len(o) == 3:
		return strconv.AppendUint(append(b, 'W'), uint64(o[2]), 10)
	case kind == 4:
		return append(b, 'S')
	case kind == 8:
		return append(b, 'T')
	}
	return strconv.AppendUint(b, uint64(kind), 10)
}
