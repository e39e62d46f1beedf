package industrial

import (
	"bytes"
	"encoding/binary"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// MQTT CONNECT (MQTT 3.1.1 and 5.0, 3.1).
const (
	mqttConnect  = 0x10
	mqttPassword = 0x40 // connect flag
	mqttVersion5 = 5
)

func matchMQTT(c *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) == 0 {
		return dissect.Maybe
	}
	if b[0] != mqttConnect || !c.ToServer {
		return dissect.No
	}
	r := dissect.Read(b[1:])
	_, ok := varint(&r)
	name := r.Bytes(int(r.U16()))
	if !ok {
		return dissect.No
	}
	if r.Short {
		if len(b) > 16 {
			return dissect.No
		}
		return dissect.Maybe
	}
	if string(name) != "MQTT" && string(name) != "MQIsdp" {
		return dissect.No
	}
	return dissect.Yes
}

// varint reads a number of at most four bytes, seven bits each (1.5.5).
func varint(r *dissect.Reader) (int, bool) {
	n := 0
	for i := range 4 {
		x := r.U8()
		n |= int(x&0x7f) << (7 * i)
		if x < 0x80 {
			return n, true
		}
	}
	return 0, false
}

type mqttStream struct{}

// Data reads CONNECT; user name and password are not looked at, only whether there is a password.
func (mqttStream) Data(c *dissect.Ctx, b []byte) (int, bool) {
	if !c.ToServer {
		return len(b), true
	}
	r := dissect.Read(b[min(1, len(b)):])
	n, ok := varint(&r)
	if !ok || n > dissect.MaxPending-8 {
		return len(b), false
	}
	body := r.Sub(n)
	if body.Short {
		return 0, true
	}
	body.Skip(int(body.U16()))
	version, flags := body.U8(), body.U8()
	body.Skip(2)
	if version == mqttVersion5 {
		if k, ok := varint(&body); ok {
			body.Skip(k)
		}
	}
	id := body.Bytes(int(body.U16()))
	if len(id) > 0 {
		c.Say(model.MQTTClient, dissect.View(id))
	}
	if flags&mqttPassword != 0 {
		c.SayOf(model.CleartextLogin, "mqtt")
	}
	return len(b), false
}

func (mqttStream) Gap(*dissect.Ctx, int) bool { return false }

// matchAMQP tells the protocol header (AMQP 0-9-1, 4.2.2; 1.0, 2.2), and on the usual port a whole frame of 0-9-1: type,
// channel, size, payload, the end mark 0xce (4.2.3).
func matchAMQP(c *dissect.Ctx, b []byte) dissect.Verdict {
	magic := []byte("AMQP")
	switch {
	case len(b) < 8 && bytes.HasPrefix(magic, b[:min(len(b), 4)]):
		return dissect.Maybe
	case len(b) >= 8 && bytes.HasPrefix(b, magic) && b[4] <= 3:
		return dissect.Yes
	case len(b) < 8 || b[0] == 0 || b[0] > 8 || b[3] != 0 || c.SrcPort != 5672 && c.DstPort != 5672:
		return dissect.No
	}
	if n := int(binary.BigEndian.Uint32(b[3:])); n+8 > len(b) || b[7+n] != 0xce {
		return dissect.No
	}
	return dissect.Yes
}

// coap recognises RFC 7252, 3: version 1, a token of at most 8 bytes, a method or response code.
func coap(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if len(b) < 4 || b[0]>>6 != 1 || int(b[0]&0x0f) > 8 || len(b) < 4+int(b[0]&0x0f) {
		return dissect.No
	}
	if class, detail := b[1]>>5, b[1]&0x1f; class == 1 || class == 3 || class > 5 || class == 0 && detail > 7 {
		return dissect.No
	}
	return dissect.Yes
}
