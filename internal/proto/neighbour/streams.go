package neighbour

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec { return nil }

// Datagrams lists the UDP protocols of this family.
func Datagrams() []dissect.DatagramSpec { return nil }

// Frame decodes a frame that is not IP; typ is the EtherType, or the length field of an 802.3 frame (then b starts at LLC).
func Frame(c *dissect.Ctx, typ uint16, b []byte) {}

// Packet decodes an IP payload that is neither TCP nor UDP and says what it is.
func Packet(c *dissect.Ctx, ipProto uint8, b []byte) dissect.App { return dissect.Unknown }
