package windows

import (
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// PDU types of connection-oriented MSRPC (DCE 1.1 C706 chapter 12.6).
const (
	rpcRequest  = 0
	rpcResponse = 2
	rpcFault    = 3
	rpcBind     = 11
	rpcBindAck  = 12
	rpcBindNak  = 13
	rpcAlter    = 14
	rpcAlterAck = 15
	rpcAuth3    = 16
)

const (
	rpcHeader = 16
	// maxRPC bounds the PDUs looked at in one connection.
	maxRPC = 4096
	// maxRPCBinds bounds the interfaces remembered between a bind and its answer.
	maxRPCBinds = 8
)

// rpcPDU tells whether b begins with an MSRPC header: version 5.0 or 5.1, known type, known data representation.
func rpcPDU(b []byte) bool {
	return len(b) >= rpcHeader && b[0] == 5 && b[1] <= 1 && b[2] <= 20 && (b[4] == 0x10 || b[4] == 0) && b[5] <= 3 &&
		b[6] == 0 && b[7] == 0
}

func rpcLen(b []byte, at int) int {
	if b[4] == 0 {
		return int(b[at])<<8 | int(b[at+1])
	}
	return l16(b, at)
}

func matchRPC(c *dissect.Ctx, b []byte) dissect.Verdict {
	head := [4]byte{5, 0, 0, 0}
	for i := 0; i < min(len(b), 2); i++ {
		if b[i] != head[i] && !(i == 1 && b[1] == 1) {
			return dissect.No
		}
	}
	if len(b) < rpcHeader {
		return dissect.Maybe
	}
	if !rpcPDU(b) || rpcLen(b, 8) < rpcHeader || rpcLen(b, 8) < rpcLen(b, 10) {
		return dissect.No
	}
	switch b[2] {
	case rpcBind, rpcBindAck, rpcBindNak, rpcAlter, rpcAlterAck, rpcAuth3, rpcRequest, rpcResponse, rpcFault:
		return dissect.Yes
	}
	return dissect.No
}

// rpc decodes one TCP connection.
type rpc struct {
	binds rpcBinds
	seen  int
}

// Data implements dissect.Stream.
func (s *rpc) Data(c *dissect.Ctx, b []byte) (int, bool) {
	off := 0
	for len(b)-off >= rpcHeader {
		m := b[off:]
		if !rpcPDU(m) {
			return off, false
		}
		n := rpcLen(m, 8)
		if n < rpcHeader || s.seen >= maxRPC {
			return off, false
		}
		switch m[2] {
		case rpcResponse:
		case rpcRequest:
			if len(m) < rpcCallHead && n >= rpcCallHead {
				return off, true
			}
			s.binds.calling.call(c, [16]byte{}, m)
		default:
			if n > len(m) && n <= dissect.MaxPending {
				return off, true
			}
			s.binds.pdu(c, [16]byte{}, m[:min(n, len(m))])
		}
		s.seen++
		off += n
	}
	return off, true
}

// Gap implements dissect.Stream.
func (s *rpc) Gap(*dissect.Ctx, int) bool { return false }

// rpcBinds remembers the interfaces that a client asked for until the server answers, and those it calls.
type rpcBinds struct {
	asked   [maxRPCBinds][16]byte
	n       int
	calling rpcCalling
}

// pdu decodes one PDU if it is one: binds, their answers, calls, and the NTLM messages that go with them. The pipe is that of the
// client's message; answers do not need it.
func (s *rpcBinds) pdu(c *dissect.Ctx, pipe [16]byte, b []byte) {
	if !rpcPDU(b) {
		return
	}
	switch b[2] {
	case rpcRequest:
		s.calling.call(c, pipe, b)
		return
	case rpcBind, rpcAlter:
		s.ask(pipe, b)
	case rpcBindAck, rpcAlterAck:
		s.answer(c, b)
	case rpcAuth3:
	default:
		return
	}
	if n := rpcLen(b, 10); n > 0 && n <= len(b)-rpcHeader {
		token := b[len(b)-n:]
		Token(c, token)
		if who := ntlmAccount(token); who != "" {
			s.calling.who = who
		}
	}
}

// ask reads the abstract syntaxes of a bind (C706 12.6.4.3).
func (s *rpcBinds) ask(pipe [16]byte, b []byte) {
	r := dissect.Read(b)
	r.Skip(rpcHeader + 8)
	n := int(r.U8())
	r.Skip(3)
	for s.n = 0; s.n < min(n, maxRPCBinds); s.n++ {
		context := rpcLen(b, min(r.Off, len(b)-2))
		r.Skip(2)
		transfer := int(r.U8())
		r.Skip(1)
		id := r.Bytes(16)
		r.Skip(4 + 20*transfer)
		if id == nil {
			return
		}
		copy(s.asked[s.n][:], id)
		if b[4] == 0 {
			swapUUID(&s.asked[s.n])
		}
		s.calling.bound(pipe, context, rpcCalls[rpcNames[s.asked[s.n]]])
	}
}

// swapUUID turns the big-endian form into the little-endian one.
func swapUUID(u *[16]byte) {
	u[0], u[1], u[2], u[3] = u[3], u[2], u[1], u[0]
	u[4], u[5] = u[5], u[4]
	u[6], u[7] = u[7], u[6]
}

// answer reads the results of a bind_ack and records the interfaces that were accepted (C706 12.6.4.4).
func (s *rpcBinds) answer(c *dissect.Ctx, b []byte) {
	r := dissect.Read(b)
	r.Skip(rpcHeader + 8)
	if b[4] == 0 {
		r.Skip(int(r.U16()))
	} else {
		r.Skip(int(r.L16()))
	}
	r.Skip(-r.Off & 3)
	n := int(r.U8())
	r.Skip(3)
	for i := 0; i < min(n, s.n) && !r.Short; i++ {
		ok := r.U16() == 0
		r.Skip(22)
		if !r.Short && ok {
			sayInterface(c, &s.asked[i])
		}
	}
	s.n = 0
}

func sayInterface(c *dissect.Ctx, id *[16]byte) {
	name, ok := rpcNames[*id]
	if !ok {
		name = uuidText(id)
	}
	c.SayAt(model.RPCInterface, name)
	c.Fact(model.RPCInterface, name)
}

func uuidText(u *[16]byte) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 0, 36)
	for i, at := range [16]int{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15} {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, digits[u[at]>>4], digits[u[at]&15])
	}
	return string(b)
}
