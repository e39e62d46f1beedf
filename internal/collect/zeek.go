package collect

import (
	"encoding/json"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// zeek reads Zeek's logs (https://docs.zeek.org/en/master/logs/), TSV with its header or one JSON object a line.
type zeek struct {
	*sink
	json   bool
	path   string // of the log; for JSON as far as it can be told
	sep    string
	unset  string
	empty  string
	cols   *columns
	obj    map[string]any
	unused map[string]uint64
}

func newZeek(s *sink, isJSON bool) *zeek {
	return &zeek{sink: s, json: isJSON, sep: "\t", unset: "-", empty: "(empty)", unused: map[string]uint64{}, path: zeekPathOfName(s.src.Name)}
}

var zeekName = regexp.MustCompile(`^([a-z][a-z0-9_]*)\.`)

// zeekPathOfName takes conn from /var/log/conn.2024-01-01.log.gz.
func zeekPathOfName(name string) string {
	if m := zeekName.FindStringSubmatch(path.Base(strings.ReplaceAll(name, `\`, "/"))); m != nil && zeekLogs[m[1]] != nil {
		return m[1]
	}
	return ""
}

func (p *zeek) row(l string) {
	switch {
	case l == "":
	case p.json:
		p.object(l)
	case strings.HasPrefix(l, "#"):
		p.header(l)
	case p.cols == nil:
		p.trouble("collect_line")
	default:
		p.cols.cells = strings.Split(l, p.sep)
		if len(p.cols.cells) != len(p.cols.at) {
			p.trouble("collect_line")
			return
		}
		p.dispatch(p.path)
	}
}

func (p *zeek) header(l string) {
	if v, ok := strings.CutPrefix(l, "#separator "); ok {
		if n, err := strconv.ParseUint(strings.TrimPrefix(v, `\x`), 16, 8); err == nil {
			p.sep = string(rune(n))
		}
		return
	}
	name, v, _ := strings.Cut(l, p.sep)
	switch name {
	case "#path":
		p.path = v
	case "#fields":
		p.cols = newColumns(strings.Split(v, p.sep))
	case "#unset_field":
		p.unset = v
	case "#empty_field":
		p.empty = v
	}
}

func (p *zeek) object(l string) {
	p.obj = nil
	if err := json.Unmarshal([]byte(l), &p.obj); err != nil {
		p.trouble("collect_line")
		return
	}
	where, ok := p.obj["_path"].(string)
	if !ok {
		if where = p.path; where == "" {
			where = zeekPathOfKeys(p.obj)
		}
	}
	p.dispatch(where)
}

// zeekSigns are fields that only one log has.
var zeekSigns = [][2]string{
	{"conn_state", "conn"},
	{"qtype_name", "dns"},
	{"qclass_name", "dns"},
	{"msg_types", "dhcp"},
	{"user_agent", "http"},
	{"status_code", "http"},
	{"auth_success", "ssh"},
	{"host_key", "ssh"},
	{"share_type", "smb_mapping"},
	{"security_protocol", "rdp"},
	{"keyboard_layout", "rdp"},
	{"server_nb_computer_name", "ntlm"},
	{"request_type", "kerberos"},
	{"software_type", "software"},
	{"port_num", "known_services"},
	{"cipher", "ssl"},
	{"server_name", "ssl"},
	{"established", "ssl"},
	{"trans_depth", "http"},
}

func zeekPathOfKeys(m map[string]any) string {
	for _, s := range zeekSigns {
		if _, ok := m[s[0]]; ok {
			return s[1]
		}
	}
	return "?"
}

func (p *zeek) dispatch(where string) {
	f := zeekLogs[where]
	if f == nil {
		where = model.Clean(where)
		if _, ok := p.unused[where]; ok || len(p.unused) < 100 {
			p.unused[where]++
		}
		return
	}
	at, ok := p.time("ts")
	if !ok {
		p.trouble("collect_line")
		return
	}
	p.seen(at)
	f(p, at)
}

func (p *zeek) end() { p.passedOver(p.unused) }

// passedOver names the kinds of record that nothing was taken from, with their counts.
func (s *sink) passedOver(unused map[string]uint64) {
	var names []string
	for n, c := range unused {
		names = append(names, n+" ("+strconv.FormatUint(c, 10)+")")
	}
	if slices.Sort(names); len(names) > 0 {
		s.note("collect_log_unused", strings.Join(names, ", "))
	}
}

// get gives a field as text: "" if it is not there, unset or empty. Numbers of JSON logs come as they were written, or
// nearly so.
func (p *zeek) get(name string) string {
	if !p.json {
		v := p.cols.get(name)
		if v == p.unset || v == p.empty {
			return ""
		}
		return v
	}
	switch v := p.obj[name].(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)[:1] // "t", as in TSV "T"
	}
	return ""
}

// list gives a field that is a set or vector.
func (p *zeek) list(name string) []string {
	if !p.json {
		if v := p.get(name); v != "" {
			return strings.Split(v, ",")
		}
		return nil
	}
	var out []string
	all, _ := p.obj[name].([]any)
	for _, v := range all {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (p *zeek) flag(name string) bool { return strings.EqualFold(p.get(name), "t") }

func (p *zeek) addr(name string) netip.Addr {
	a, _ := address(p.get(name))
	return a
}

func (p *zeek) mac(name string) model.MAC {
	v := p.get(name)
	if v == "" {
		return model.MAC{}
	}
	m, err := model.ParseMAC(v)
	if err != nil {
		return model.MAC{}
	}
	return m
}

func (p *zeek) num(name string) uint64 {
	n, err := strconv.ParseUint(p.get(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (p *zeek) port(name string) uint16 { return uint16(min(p.num(name), 65535)) }

// time reads seconds since 1970, or the ISO 8601 form that JSON logs may have.
func (p *zeek) time(name string) (time.Time, bool) {
	v := p.get(name)
	if t, ok := unix(v); ok {
		return t, true
	}
	t, err := time.Parse(time.RFC3339Nano, v)
	if err != nil {
		return time.Time{}, false
	}
	return believed(t)
}
