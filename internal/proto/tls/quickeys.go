package tls

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// quicVersion is how a version protects its Initial packets.
type quicVersion struct {
	salt    string
	prefix  string // of the key labels
	initial byte   // packet type of Initial
}

// Salts: RFC 9001 section 5.2, RFC 9369 section 3.3.1, the drafts before, Google's QUIC Crypto in CRYPTO frames.
var (
	quicV1  = &quicVersion{salt: unhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), prefix: "quic "}
	quicV2  = &quicVersion{salt: unhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), prefix: "quicv2 ", initial: 1}
	draft29 = &quicVersion{salt: unhex("afbfec289993d24c9e9786f19c6111e04390a899"), prefix: "quic "}
	draft23 = &quicVersion{salt: unhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502"), prefix: "quic "}
	draft22 = &quicVersion{salt: unhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a"), prefix: "quic "}
	googleQ = &quicVersion{salt: unhex("504574efd066fe2f9d945cfcdbd3a7f0d3b56b45"), prefix: "quic "}
	googleT = &quicVersion{salt: unhex("7ff579e5acd072915580304c43a2367c60488310"), prefix: "quic "}
	google1 = &quicVersion{salt: unhex("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"), prefix: "quic "}
)

func unhex(s string) string {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic("BUG: salt " + s)
	}
	return string(b)
}

func quicVersionOf(v uint32) *quicVersion {
	switch {
	case v == 1, v == 0xff000021, v == 0xff000022:
		return quicV1
	case v == 0x6b3343cf:
		return quicV2
	case v >= 0xff00001d && v <= 0xff000020:
		return draft29
	case v >= 0xff000017 && v <= 0xff00001c, v == 0xfaceb002, v == 0xfaceb00e: // Facebook's mvfst
		return draft23
	case v == 0xff000015, v == 0xff000016, v == 0xfaceb001:
		return draft22
	case v == 0x51303530: // Q050
		return googleQ
	case v == 0x54303530: // T050
		return googleT
	case v == 0x54303531: // T051
		return google1
	}
	return nil
}

// varint takes a number of 1, 2, 4 or 8 bytes (RFC 9000 section 16).
func varint(r *dissect.Reader) uint64 {
	v := uint64(r.U8())
	n := 1<<(v>>6) - 1
	v &= 0x3f
	for ; n > 0; n-- {
		v = v<<8 | uint64(r.U8())
	}
	return v
}

// packetKeys protect the packets of one direction.
type packetKeys struct{ key, iv, hp []byte }

// clientKeys derives the keys of the client's Initial packets from the connection id that it chose for the server.
func clientKeys(v *quicVersion, dcid []byte) (packetKeys, bool) {
	secret, err := hkdf.Extract(sha256.New, dcid, []byte(v.salt))
	if err != nil {
		return packetKeys{}, false
	}
	secret = expand(secret, "client in", 32)
	return packetKeys{expand(secret, v.prefix+"key", 16), expand(secret, v.prefix+"iv", 12), expand(secret, v.prefix+"hp", 16)}, true
}

// openInitial removes the protection of a client's Initial packet b with the packet number at pn (RFC 9001 sections 5.3,
// 5.4), and gives its frames; nil if the keys don't fit.
func openInitial(v *quicVersion, dcid, b []byte, pn int) []byte {
	if len(b) < pn+4+16 {
		return nil
	}
	keys, ok := clientKeys(v, dcid)
	if !ok {
		return nil
	}
	hp, err1 := aes.NewCipher(keys.hp)
	block, err2 := aes.NewCipher(keys.key)
	if err1 != nil || err2 != nil {
		return nil
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil
	}
	var mask [16]byte
	hp.Encrypt(mask[:], b[pn+4:pn+20])
	head := append([]byte(nil), b[:pn+4]...)
	head[0] ^= mask[0] & 0x0f
	k := int(head[0]&3) + 1
	number := uint64(0)
	for i := range k {
		head[pn+i] ^= mask[1+i]
		number = number<<8 | uint64(head[pn+i])
	}
	nonce := keys.iv
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^number)
	plain, err := aead.Open(nil, nonce, b[pn+k:], head[:pn+k])
	if err != nil {
		return nil
	}
	return plain
}

// expand is HKDF-Expand-Label of RFC 8446 section 7.1 with an empty context.
func expand(secret []byte, label string, n int) []byte {
	label = "tls13 " + label
	info := append([]byte{byte(n >> 8), byte(n), byte(len(label))}, label...)
	out, err := hkdf.Expand(sha256.New, secret, string(append(info, 0)), n)
	if err != nil {
		panic("BUG: key label: " + err.Error())
	}
	return out
}
