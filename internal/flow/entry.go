package flow

import (
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// entry is one active flow. It holds no pointers: the garbage collector never looks at the table. Index 0 of pairs is the
// client's direction.
type entry struct {
	key         key
	first, last int64
	packets     [2]uint64
	ipBytes     [2]uint64
	payload     [2]uint64
	missing     [2]uint32 // TCP bytes skipped over and not seen later, at most 4 GiB
	top         [2]uint32 // TCP: highest sequence number seen, payload included
	isn         [2]uint32
	acked       [2]uint32    // TCP: highest acknowledgement that this side sent
	srcMAC      [2]model.MAC // of the first packet in each direction
	dstMAC      [2]model.MAC
	stream      uint32 // index into shard.streams plus one, 0 if there is none
	source      uint16
	flags       entryFlags
	once        [2]historyBits // letters that are written once per direction
	state       [2]tcpState
	datagram    proto.Datagram
	app         dissect.App
	tunnel      tunnelKind
	letters     uint8
	history     [maxHistory]byte
}

// strays counts packets whose MACs were not those of the first packet: they are accounted to their gateway one by one.
type strays struct{ packets, bytes [2]uint64 }

// maxHistory is how many of Zeek's history letters are kept; more than that are rare.
const maxHistory = 18

type entryFlags uint16

const (
	live       entryFlags = 1 << iota
	clientHigh            // the client is the key's higher end
	flipped               // the first packet seen came from the server
	noPayload             // proto has nothing more to learn
	served                // the answer was noted as a service
	fingerprinted
	seqKnown0 // top is valid for the client
	seqKnown1
	ackKnown0
	ackKnown1
	strayed // shard.strays has counts for it
)

func (e *entry) is(f entryFlags) bool { return e.flags&f != 0 }

func (e *entry) set(f entryFlags) { e.flags |= f }

// ends gives client and server address and port.
func (e *entry) ends() (client, server addr, cport, sport uint16) {
	if e.is(clientHigh) {
		return e.key.hi, e.key.lo, e.key.hiPort(), e.key.loPort()
	}
	return e.key.lo, e.key.hi, e.key.loPort(), e.key.hiPort()
}

// mark appends a history letter once per direction: upper case from the client, lower case from the server.
func (e *entry) mark(dir int, bit historyBits) {
	if e.once[dir]&bit != 0 {
		return
	}
	e.once[dir] |= bit
	if int(e.letters) == len(e.history) {
		return
	}
	c := historyLetters[bit.index()]
	if dir == 1 && c != '^' {
		c += 'a' - 'A'
	}
	e.history[e.letters] = c
	e.letters++
}
