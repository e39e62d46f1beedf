package flow

import "math/bits"

// key identifies a flow, the same for both directions: lo is the smaller end. Words only, so that it compares quickly.
type key struct {
	lo, hi addr
	rest   uint64 // lower end's port, higher end's port, VLAN, IP protocol
	tunnel uint64
}

func (k *key) loPort() uint16 { return uint16(k.rest >> 48) }
func (k *key) hiPort() uint16 { return uint16(k.rest >> 32) }
func (k *key) vlan() uint16   { return uint16(k.rest >> 16) }
func (k *key) proto() uint8   { return uint8(k.rest) }

// mix spreads the entropy of x over all its bits.
func mix(x uint64) uint64 {
	hi, lo := bits.Mul64(x^0x9e3779b97f4a7c15, 0xff51afd7ed558ccd)
	return hi ^ lo
}

// pairHash is the same for both directions.
func pairHash(a, b addr) uint64 {
	return mix((a.lo^b.lo)*31+(a.hi^b.hi)) ^ mix(a.lo+b.lo+a.hi+b.hi)
}

// of fills k from p and says whether the sender is the higher end.
func (k *key) of(p *packet) (swapped bool) {
	k.tunnel = uint64(p.tunnelID)
	rest := uint64(p.vlan)<<16 | uint64(p.proto)
	if p.src.less(p.dst) || p.src == p.dst && p.sport <= p.dport {
		k.lo, k.hi, k.rest = p.src, p.dst, rest|uint64(p.sport)<<48|uint64(p.dport)<<32
		return false
	}
	k.lo, k.hi, k.rest = p.dst, p.src, rest|uint64(p.dport)<<48|uint64(p.sport)<<32
	return true
}

// hash depends on seed so that nobody on the network can make flows that collide.
func (k *key) hash(seed uint64) uint64 {
	h := mix(k.lo.lo ^ bits.RotateLeft64(k.hi.lo, 32) ^ seed)
	if k.lo.hi|k.hi.hi|k.tunnel != 0 {
		h ^= mix(k.lo.hi + bits.RotateLeft64(k.hi.hi, 17) + k.tunnel<<7)
	}
	return mix(h ^ k.rest)
}
