package memory

import (
	"cmp"
	"hash/maphash"
	"net/netip"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// Version is that of the format of the files.
const Version = 1

// Row is one flow as it is stored. "" and 0 mean that something is not known. The tags are the format: docs/formats/flows.md.
type Row struct {
	Client     string `parquet:"client,dict" json:"client"`
	Server     string `parquet:"server,dict" json:"server"`
	Proto      int32  `parquet:"proto,dict" json:"proto"` // IP protocol number
	ServerPort int32  `parquet:"server_port,dict" json:"server_port"`
	First      int64  `parquet:"first,delta,timestamp(millisecond)" json:"first"` // ms since 1970 UTC
	Duration   int64  `parquet:"duration,delta" json:"duration"`                  // ms
	ClientPort int32  `parquet:"client_port,delta" json:"client_port"`
	PacketsOut int64  `parquet:"packets_out,delta" json:"packets_out"` // of the client
	PacketsIn  int64  `parquet:"packets_in,delta" json:"packets_in"`
	BytesOut   int64  `parquet:"bytes_out,delta" json:"bytes_out"` // IP headers included
	BytesIn    int64  `parquet:"bytes_in,delta" json:"bytes_in"`
	App        string `parquet:"app,dict" json:"app,omitempty"`
	State      string `parquet:"state,dict" json:"state,omitempty"` // Zeek's conn_state
	VLAN       int32  `parquet:"vlan,dict" json:"vlan,omitempty"`
	Tunnel     string `parquet:"tunnel,dict" json:"tunnel,omitempty"`
	Name       string `parquet:"name,dict" json:"name,omitempty"` // of the server: TLS server name, DNS name asked for, HTTP host
	JA4        string `parquet:"ja4,dict" json:"ja4,omitempty"`   // of the client
	Facts      string `parquet:"facts,dict" json:"facts,omitempty"`
}

// maxText bounds a text column of one row.
const maxText = 512

// addresses writes each address down once.
type addresses map[netip.Addr]string

func (t addresses) text(a netip.Addr) string {
	s, ok := t[a]
	if !ok {
		s = a.Unmap().String()
		t[a] = s
	}
	return s
}

func (t addresses) row(f *model.Flow) Row {
	r := Row{
		Client: t.text(f.Client.Addr()), Server: t.text(f.Server.Addr()), Proto: int32(f.Proto), ServerPort: int32(f.Server.Port()), ClientPort: int32(f.Client.Port()),
		First: f.First.UnixMilli(), PacketsOut: int64(f.Packets[0]), PacketsIn: int64(f.Packets[1]), BytesOut: int64(f.IPBytes[0]), BytesIn: int64(f.IPBytes[1]),
		App: f.App, State: f.State, VLAN: int32(f.VLAN), Tunnel: f.Tunnel,
	}
	r.Duration = max(f.Last.UnixMilli()-r.First, 0)
	r.facts(f.Facts)
	return r
}

// facts sorts what is known of a flow into the columns. The first name counts; others stay among the facts.
func (r *Row) facts(all []model.Fact) {
	var more []string
	for _, f := range all {
		v := cut(f.Value)
		switch f.Kind {
		case model.TLSSNI, model.DNSQuery, model.NameHTTP:
			if r.Name == "" {
				r.Name = strings.ToLower(strings.TrimSuffix(v, "."))
				continue
			}
		case model.TLSJA4:
			r.JA4 = v
			continue
		case model.TLSVersion, model.TLSCipher, model.SMBDialect:
			continue // the inventory has them
		}
		more = append(more, string(f.Kind)+"="+v)
	}
	if len(more) > 0 {
		r.Facts = cut(strings.Join(more, "\n"))
	}
}

func cut(v string) string {
	if len(v) > maxText {
		v = v[:maxText]
	}
	return strings.ToValidUTF8(v, "")
}

// compare orders rows as files have them: by host, peer, port, time.
func compare(a, b *Row) int {
	if c := strings.Compare(a.Client, b.Client); c != 0 {
		return c
	}
	if c := strings.Compare(a.Server, b.Server); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.ServerPort, b.ServerPort), cmp.Compare(a.First, b.First),
		cmp.Compare(a.ClientPort, b.ClientPort), cmp.Compare(a.VLAN, b.VLAN), strings.Compare(a.Tunnel, b.Tunnel))
}

var idSeed = maphash.MakeSeed()

// identity is the same for the same flow told twice.
type identity struct {
	client, server, tunnel string
	first                  int64
	proto, sport, cport    int32
	vlan                   int32
}

func (r *Row) id() uint64 {
	return maphash.Comparable(idSeed, identity{r.Client, r.Server, r.Tunnel, r.First, r.Proto, r.ServerPort, r.ClientPort, r.VLAN})
}

// dayForm is the name of a day's folder behind "day=".
const dayForm = "2006-01-02"

const dayMillis = int64(24 * time.Hour / time.Millisecond)

// dayOf is the number of the UTC day of a time in ms.
func dayOf(ms int64) int64 { return ms / dayMillis }

func dayName(day int64) string { return "day=" + time.UnixMilli(day*dayMillis).UTC().Format(dayForm) }

// parseDay reads the name of a folder.
func parseDay(name string) (int64, bool) {
	t, err := time.Parse("day="+dayForm, name)
	return dayOf(t.UnixMilli()), err == nil
}
