package flow

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Format is a way to write flows down.
type Format string

// The formats. JSON has one object a line with Zeek's field names; CSV has the same fields under one header line.
const (
	Zeek Format = "zeek" // conn.log in tab-separated form, as zeek-cut reads it
	JSON Format = "json"
	CSV  Format = "csv"
)

// Writer writes flows to a stream, one at a time; it keeps none. Errors of the stream are reported by Close.
type Writer struct {
	// Opened and Closed are the times of the lines #open and #close of the Zeek form, which some readers expect. Set Opened
	// before the first Write and Closed before Close; zero leaves the line out, so that equal captures give equal logs.
	Opened, Closed time.Time

	w      *bufio.Writer
	format Format
	line   []byte
	begun  bool
}

// NewWriter begins a stream. Its header comes with the first flow, or with Close.
func NewWriter(w io.Writer, f Format) (*Writer, error) {
	if f != Zeek && f != CSV && f != JSON {
		return nil, fmt.Errorf("unknown flow format %q: use zeek, json or csv", f)
	}
	return &Writer{w: bufio.NewWriterSize(w, 1<<16), format: f}, nil
}

func (o *Writer) begin() {
	if o.begun {
		return
	}
	o.begun = true
	switch o.format {
	case Zeek:
		o.w.WriteString(zeekHeader(o.Opened))
	case CSV:
		o.w.WriteString(strings.Join(fieldNames(), ",") + "\n")
	}
}

// Write adds a flow. It does not keep f.
func (o *Writer) Write(f *model.Flow) {
	o.begin()
	r := newRecord(f)
	switch o.format {
	case Zeek:
		o.line = r.delimited(o.line[:0], '\t', zeekText)
	case CSV:
		o.line = r.delimited(o.line[:0], ',', csvText)
	case JSON:
		o.line = r.json(o.line[:0])
	}
	o.w.Write(append(o.line, '\n'))
}

// Close ends the stream. It does not close the writer beneath.
func (o *Writer) Close() error {
	o.begin()
	if o.format == Zeek && !o.Closed.IsZero() {
		o.w.WriteString(zeekTime("#close", o.Closed))
	}
	if err := o.w.Flush(); err != nil {
		return fmt.Errorf("write flows: %w", err)
	}
	return nil
}

// fields are the columns of Zeek's conn.log (base/protocols/conn/main.zeek) and their types, then ours.
var fields = []struct{ name, typ string }{
	{"ts", "time"},
	{"uid", "string"},
	{"id.orig_h", "addr"},
	{"id.orig_p", "port"},
	{"id.resp_h", "addr"},
	{"id.resp_p", "port"},
	{"proto", "enum"},
	{"service", "string"},
	{"duration", "interval"},
	{"orig_bytes", "count"},
	{"resp_bytes", "count"},
	{"conn_state", "string"},
	{"local_orig", "bool"},
	{"local_resp", "bool"},
	{"missed_bytes", "count"},
	{"history", "string"},
	{"orig_pkts", "count"},
	{"orig_ip_bytes", "count"},
	{"resp_pkts", "count"},
	{"resp_ip_bytes", "count"},
	{"tunnel_parents", "set[string]"},
	{"orig_l2_addr", "string"},
	{"resp_l2_addr", "string"},
	{"vlan", "int"},
	{"tunnel", "string"},
}

func fieldNames() (names []string) {
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names
}

func zeekTime(name string, at time.Time) string {
	return name + "\t" + at.Format("2006-01-02-15-04-05") + "\n"
}

func zeekHeader(opened time.Time) string {
	var sb strings.Builder
	sb.WriteString("#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n")
	if !opened.IsZero() {
		sb.WriteString(zeekTime("#open", opened))
	}
	sb.WriteString("#fields")
	for _, f := range fields {
		sb.WriteString("\t" + f.name)
	}
	sb.WriteString("\n#types")
	for _, f := range fields {
		sb.WriteString("\t" + f.typ)
	}
	return sb.String() + "\n"
}

// record is a flow's columns as text; "" is unset.
type record [25]string

func newRecord(f *model.Flow) (r record) {
	count := func(n uint64) string { return strconv.FormatUint(n, 10) }
	local := func(a netip.Addr) string { return strconv.FormatBool(model.IsInternal(a))[:1] }
	r = record{
		seconds(f.First.UnixNano()), uid(f), f.Client.Addr().String(), count(uint64(f.Client.Port())), f.Server.Addr().String(),
		count(uint64(f.Server.Port())), protoName(f.Proto), f.App, "", "", "", f.State, strings.ToUpper(local(f.Client.Addr())),
		strings.ToUpper(local(f.Server.Addr())), count(f.Lost[0] + f.Lost[1]), f.History, count(f.Packets[0]), count(f.IPBytes[0]),
		count(f.Packets[1]), count(f.IPBytes[1]), "", f.ClientMAC.String(), f.ServerMAC.String(), "", f.Tunnel,
	}
	if f.Last.After(f.First) { // Zeek leaves these unset where no time passed
		r[8] = seconds(int64(f.Last.Sub(f.First)))
		r[9], r[10] = count(f.Payload[0]), count(f.Payload[1])
	}
	if f.VLAN != 0 {
		r[23] = count(uint64(f.VLAN))
	}
	return r
}

func seconds(ns int64) string {
	sign := ""
	if ns < 0 {
		sign, ns = "-", -ns
	}
	return fmt.Sprintf("%s%d.%06d", sign, ns/int64(time.Second), ns%int64(time.Second)/1000)
}

func protoName(p uint8) string {
	switch p {
	case protoTCP:
		return "tcp"
	case protoUDP:
		return "udp"
	case protoICMP, protoICMPv6:
		return "icmp"
	}
	return "unknown_transport"
}

// uid is Zeek's shape of a unique id, made from the flow itself: the same capture gives the same ids.
func uid(f *model.Flow) string {
	h := fnv.New128a()
	var b [24]byte
	binary.BigEndian.PutUint64(b[:], uint64(f.First.UnixNano()))
	binary.BigEndian.PutUint16(b[8:], f.Client.Port())
	binary.BigEndian.PutUint16(b[10:], f.Server.Port())
	binary.BigEndian.PutUint16(b[12:], f.VLAN)
	b[14] = f.Proto
	h.Write(b[:15])
	for _, a := range []netip.Addr{f.Client.Addr(), f.Server.Addr()} {
		x := a.As16()
		h.Write(x[:])
	}
	h.Write([]byte(f.Tunnel))
	sum := h.Sum(nil)
	return "C" + base62(binary.BigEndian.Uint64(sum)) + base62(binary.BigEndian.Uint64(sum[8:]))[:6]
}

func base62(n uint64) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b [11]byte
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = digits[n%62]
		n /= 62
	}
	return string(b[:])
}

func (r *record) delimited(b []byte, sep byte, text func([]byte, string) []byte) []byte {
	for i, v := range r {
		if i > 0 {
			b = append(b, sep)
		}
		b = text(b, v)
	}
	return b
}

func zeekText(b []byte, v string) []byte {
	if v == "" {
		return append(b, '-')
	}
	return append(b, v...)
}

func csvText(b []byte, v string) []byte {
	if !strings.ContainsAny(v, "\",\r\n") {
		return append(b, v...)
	}
	return append(append(append(b, '"'), strings.ReplaceAll(v, `"`, `""`)...), '"')
}

// json writes the fields that are set; counts and times are numbers, as Zeek writes them.
func (r *record) json(b []byte) []byte {
	b = append(b, '{')
	for i, v := range r {
		if v == "" {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), fields[i].name...), '"', ':')
		switch fields[i].typ {
		case "time", "port", "interval", "count", "int":
			b = append(b, v...)
		case "bool":
			b = strconv.AppendBool(b, v == "T")
		default:
			q, err := json.Marshal(v)
			if err != nil {
				panic("BUG: a string that JSON can't hold: " + err.Error())
			}
			b = append(b, q...)
		}
	}
	return append(b, '}')
}
