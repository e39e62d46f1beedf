package collect

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// sink takes what the parsers find and bounds it.
type sink struct {
	src     model.Source
	at      time.Time // of entries without one
	line    int
	rows    uint64 // lines read
	entries uint64 // lines that said something
	more    uint64 // troubles not named
	rec     *dissect.Recorder
	conv    map[convKey]*model.Conversation
	lost    uint64 // conversations past the limit
	onFlow  func(*model.Flow)
	flow    model.Flow // the one that onFlow is shown
}

// connection is what a log says of a flow that a conversation does not say.
type connection struct {
	clientPort, serverPort uint16
	state, history         string
	payload                [2]uint64
}

type convKey struct {
	client, server       netip.Addr
	clientMAC, serverMAC model.MAC
	vlan, port           uint16
	proto                uint8
	app                  string
}

func newSink(name string, k Kind, at time.Time) *sink {
	return &sink{
		src: model.Source{Name: name, Kind: k.Family()}, at: at.UTC(), rec: dissect.NewRecorder(dissect.Limits{}),
		conv: map[convKey]*model.Conversation{},
	}
}

// trouble notes what is wrong with the current line.
func (s *sink) trouble(code string, args ...string) {
	if len(s.src.Errors) >= maxTroubles {
		s.more++
		return
	}
	where := s.src.Name + ":" + strconv.Itoa(s.line)
	s.src.Errors = append(s.src.Errors, model.Trouble{Code: code, Where: where, Args: args, Text: fmt.Sprintf("%s: %s %q", where, code, args)})
}

// note says something about the whole file.
func (s *sink) note(code string, args ...string) {
	s.src.Errors = append(s.src.Errors, model.Trouble{Code: code, Where: s.src.Name, Args: args, Text: fmt.Sprintf("%s: %s %q", s.src.Name, code, args)})
}

// ended notes why reading stopped, unless it is the end of the file.
func (s *sink) ended(in *input, err error) {
	if in.long > 0 {
		s.note("collect_long_lines", strconv.Itoa(in.long))
	}
	switch {
	case err == io.EOF:
	case errors.Is(err, io.ErrUnexpectedEOF):
		s.note("truncated", strconv.FormatUint(s.rows, 10), "")
	default:
		s.note("unreadable")
	}
}

// seen counts an entry and stretches the source's time over it.
func (s *sink) seen(at time.Time) {
	s.entries++
	s.stretch(at)
}

func (s *sink) stretch(at time.Time) {
	if at.IsZero() {
		return
	}
	if s.src.First.IsZero() || at.Before(s.src.First) {
		s.src.First = at
	}
	if at.After(s.src.Last) {
		s.src.Last = at
	}
}

// ctx makes what the recorder wants to know. A time that does not fit becomes that of the file.
func (s *sink) ctx(at time.Time, subject netip.Addr, mac model.MAC) dissect.Ctx {
	if y := at.Year(); y < 1970 || y > 2200 {
		at = s.at
	}
	ns := int64(0)
	if !at.IsZero() {
		ns = at.UnixNano()
	}
	return dissect.Ctx{At: ns, Src: subject, SrcMAC: mac, ToServer: true, Rec: s.rec}
}

// say records what subject (or mac, if there is no address) says of itself; empty values are left out.
func (s *sink) say(at time.Time, k model.Kind, subject netip.Addr, mac model.MAC, v string) {
	s.sayTo(at, k, subject, mac, netip.Addr{}, 0, v)
}

func (s *sink) sayTo(at time.Time, k model.Kind, subject netip.Addr, mac model.MAC, peer netip.Addr, port uint16, v string) {
	if v == "" || !hosty(subject) && !single(mac) {
		return
	}
	c := s.ctx(at, subject, mac)
	if c.Dst, c.DstPort = peer, port; !peer.IsValid() && port != 0 {
		c.SrcPort = port
		c.SayAt(k, v)
		return
	}
	c.SayTo(k, v)
}

func (s *sink) bind(at time.Time, k model.BindingKind, mac model.MAC, a netip.Addr) {
	if !single(mac) || !hosty(a) {
		return
	}
	c := s.ctx(at, a, mac)
	c.Bind(k, mac, a)
}

// entry is one row of a table or lease list.
func (s *sink) entry(at time.Time, a netip.Addr, mac model.MAC, name string) {
	if !single(mac) || !hosty(a) {
		return
	}
	s.seen(at)
	s.bind(at, model.BindTable, mac, a)
	if name != "?" && name != "*" && name != "-" {
		s.say(at, model.NameTable, a, mac, name)
	}
}

// converse adds the flow of x to the conversation it belongs to.
func (s *sink) converse(x model.Conversation, c connection) {
	if !hosty(x.Client) || !x.Server.IsValid() {
		return
	}
	s.show(&x, &c)
	s.stretch(x.First)
	s.stretch(x.Last)
	k := convKey{x.Client, x.Server, x.ClientMAC, x.ServerMAC, x.VLAN, x.Port, x.Proto, x.App}
	known, ok := s.conv[k]
	if !ok {
		if len(s.conv) >= MaxConversations {
			s.lost++
			return
		}
		s.conv[k] = &x
		return
	}
	known.Flows += x.Flows
	known.Answered += x.Answered
	known.PacketsOut += x.PacketsOut
	known.PacketsIn += x.PacketsIn
	known.BytesOut += x.BytesOut
	known.BytesIn += x.BytesIn
	if x.First.Before(known.First) {
		known.First = x.First
	}
	if x.Last.After(known.Last) {
		known.Last = x.Last
	}
}

// show hands the flow of x to who listens.
func (s *sink) show(x *model.Conversation, c *connection) {
	if s.onFlow == nil {
		return
	}
	s.flow = model.Flow{
		Client: netip.AddrPortFrom(x.Client, c.clientPort), Server: netip.AddrPortFrom(x.Server, c.serverPort), ClientMAC: x.ClientMAC, ServerMAC: x.ServerMAC,
		Proto: x.Proto, VLAN: x.VLAN, First: x.First, Last: x.Last, Packets: [2]uint64{x.PacketsOut, x.PacketsIn},
		IPBytes: [2]uint64{x.BytesOut, x.BytesIn}, Payload: c.payload, State: c.state, History: c.history, App: x.App,
	}
	s.onFlow(&s.flow)
}
