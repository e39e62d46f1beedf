package notify

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Problem is what is wrong with one field of a channel. The words are under "notify.problem.CODE"; the hole {field} is the
// name of the field in words.
type Problem struct {
	Field string // a Field.Name, or name, least, at, quiet, per_hour, when
	Code  string
	Pairs []string
}

// In says the problem in words.
func (p Problem) In(l locale.Lang) string {
	return locale.T(l, "notify.problem."+p.Code, append([]string{"field", locale.T(l, "notify.field."+p.Field)}, p.Pairs...)...)
}

// Problems is everything that is wrong with a channel that was to be saved. Nothing was.
type Problems []Problem

func (ps Problems) Error() string {
	parts := make([]string, len(ps))
	for i, p := range ps {
		parts[i] = p.Field + ": " + p.Code
	}
	return "channel: " + strings.Join(parts, ", ")
}

// Draft is a channel as somebody enters it. An empty secret keeps the one that is stored.
type Draft struct {
	ID     string // "" for a new one
	Kind   string
	Name   string
	On     bool
	Lang   string
	Names  bool
	When   model.Telling
	Values map[string]string // options and secrets, in clear
}

// NewDraft gives a draft with what is usual for a kind.
func NewDraft(kind string, l locale.Lang) Draft {
	k := kindOf(kind)
	d := Draft{
		Kind: kind, Name: locale.T(l, "notify.kind."+kind), On: true, Lang: string(l), Names: k.Names, Values: map[string]string{},
		When: model.Telling{Least: model.High, Now: true, Weekly: true, At: "08:00", Weekday: 1, PerHour: 6},
	}
	if k.Machine {
		d.When.Least, d.When.Weekly, d.When.PerHour = model.Info, false, MaxPerHour
	}
	for _, f := range k.Fields {
		if f.Default != "" {
			d.Values[f.Name] = f.Default
		}
	}
	return d
}

// DraftOf gives a stored channel to be changed; secrets are left empty.
func DraftOf(c model.Channel) Draft {
	d := Draft{ID: c.ID, Kind: c.Kind, Name: c.Name, On: c.On, Lang: c.Lang, Names: c.Names, When: c.When, Values: map[string]string{}}
	maps.Copy(d.Values, c.Options)
	return d
}

// Save checks a draft and stores it; what is wrong comes as Problems.
func (s *Service) Save(ctx context.Context, d Draft) (model.Channel, error) {
	c := model.Channel{Kind: d.Kind, Made: s.Now().UTC()}
	if d.ID != "" {
		var err error
		if c, err = s.Store.Channel(ctx, d.ID); err != nil {
			return c, err
		}
	}
	d.Kind, d.Values = c.Kind, maps.Clone(d.Values)
	if d.Values == nil {
		d.Values = map[string]string{}
	}
	ps := d.check(c.Secrets)
	if len(ps) > 0 {
		return c, ps
	}
	if c.ID == "" {
		c.ID = "c" + newID()[1:]
	}
	c.Name, c.On, c.Lang, c.Names, c.When, c.Changed = text(d.Name), d.On, d.Lang, d.Names, d.When, s.Now().UTC()
	s.fill(&c, d)
	return c, s.Store.SaveChannel(ctx, c)
}

// fill puts the values of a draft into a channel: options as they are, secrets sealed.
func (s *Service) fill(c *model.Channel, d Draft) {
	secrets := maps.Clone(c.Secrets)
	c.Options, c.Secrets = map[string]string{}, map[string]string{}
	for _, f := range kindOf(c.Kind).Fields {
		v := d.Values[f.Name]
		switch {
		case !f.Secret && v != "":
			c.Options[f.Name] = v
		case f.Secret && v != "":
			c.Secrets[f.Name] = s.Key.Seal([]byte(v))
		case f.Secret && secrets[f.Name] != "":
			c.Secrets[f.Name] = secrets[f.Name]
		}
	}
}

// open gives the values of a channel with its secrets.
func (s *Service) open(c model.Channel) (values, error) {
	v := values(maps.Clone(c.Options))
	if v == nil {
		v = values{}
	}
	for _, f := range kindOf(c.Kind).Fields {
		if sealed := c.Secrets[f.Name]; sealed != "" {
			b, err := s.Key.Open(sealed)
			if err != nil {
				return nil, fmt.Errorf("open %s of channel %s: %w", f.Name, c.ID, err)
			}
			v[f.Name] = string(b)
		}
		if v[f.Name] == "" && f.Default != "" {
			v[f.Name] = f.Default
		}
	}
	return v, nil
}

// check gives everything that is wrong with a draft, field by field. stored are the secrets there are already. Values are
// trimmed in place.
func (d *Draft) check(stored map[string]string) (ps Problems) {
	k, ok := KindOf(d.Kind)
	if !ok {
		return Problems{{Field: "kind", Code: "choice", Pairs: []string{"value", d.Kind}}}
	}
	if text(d.Name) == "" {
		ps = append(ps, Problem{Field: "name", Code: "needed"})
	}
	if _, ok := locale.Parse(d.Lang); !ok {
		ps = append(ps, Problem{Field: "lang", Code: "choice", Pairs: []string{"value", d.Lang}})
	}
	for name := range d.Values {
		if _, ok := k.Field(name); !ok {
			ps = append(ps, Problem{Field: name, Code: "unknown", Pairs: []string{"name", name}})
		}
	}
	v := values{}
	for _, f := range k.Fields {
		d.Values[f.Name] = strings.TrimSpace(strings.ReplaceAll(d.Values[f.Name], "\r\n", "\n"))
		v[f.Name] = d.Values[f.Name]
		if v[f.Name] == "" && stored[f.Name] != "" {
			continue
		}
		ps = append(ps, f.check(v[f.Name])...)
	}
	if k.check != nil && len(ps) == 0 {
		ps = append(ps, k.check(v)...)
	}
	return append(ps, checkTelling(d.When)...)
}

// maxValue bounds what is entered into one field.
const maxValue = 64 << 10

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?$`)

func (f Field) check(v string) (ps []Problem) {
	bad := func(code string, pairs ...string) []Problem {
		return []Problem{{Field: f.Name, Code: code, Pairs: pairs}}
	}
	switch {
	case v == "" && f.Needed:
		return bad("needed")
	case v == "":
		return nil
	case len(v) > maxValue:
		return bad("too_long")
	case f.Type != PEMField && f.Type != ListField && text(v) != v:
		return bad("characters")
	}
	switch f.Type {
	case ChoiceField:
		if !slices.Contains(f.Choices, v) {
			return bad("choice", "value", v)
		}
	case NumberField:
		if n, err := strconv.ParseUint(v, 10, 63); err != nil || n == 0 || f.Name == "port" && n > 65535 {
			return bad("number")
		}
	case HostField:
		if net.ParseIP(v) == nil && !hostName.MatchString(v) {
			return bad("host")
		}
	case URLField:
		return checkURL(f.Name, v)
	case ListField, MailField:
		if _, err := addresses(v); err != nil {
			return bad("address")
		}
	case PEMField:
		if f.Name == "ca" && !x509.NewCertPool().AppendCertsFromPEM([]byte(v)) {
			return bad("pem")
		}
	}
	return nil
}

// checkURL wants https: what a message says and the key in the address may not go over the network in clear. Only this very
// machine may be spoken to without.
func checkURL(field, v string) []Problem {
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
		return []Problem{{Field: field, Code: "url"}}
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return []Problem{{Field: field, Code: "https"}}
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// addresses reads mail addresses separated by commas or lines.
func addresses(v string) (out []*mail.Address, err error) {
	for _, part := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == '\n' || r == ';' || r == '、' }) {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		a, err := mail.ParseAddress(part)
		if err != nil || text(part) != part {
			return nil, fmt.Errorf("not a mail address: %q", part)
		}
		out = append(out, a)
	}
	if len(out) == 0 {
		err = fmt.Errorf("no mail address")
	}
	return out, err
}

func checkTelling(r model.Telling) (ps []Problem) {
	at, ok := parseClock(r.At)
	if !ok {
		ps = append(ps, Problem{Field: "at", Code: "clock"})
	}
	from, ok1 := parseClock(r.QuietFrom)
	to, ok2 := parseClock(r.QuietTo)
	switch {
	case r.QuietFrom == "" && r.QuietTo == "":
	case !ok1 || !ok2:
		ps = append(ps, Problem{Field: "quiet", Code: "clock"})
	case from == to:
		ps = append(ps, Problem{Field: "quiet", Code: "quiet_always"})
	case ok && (r.Daily || r.Weekly) && at.within(from, to):
		ps = append(ps, Problem{Field: "at", Code: "at_quiet"})
	}
	if r.PerHour < 1 || r.PerHour > MaxPerHour {
		ps = append(ps, Problem{Field: "per_hour", Code: "per_hour", Pairs: []string{"max", strconv.Itoa(MaxPerHour)}})
	}
	if r.Least < model.Info || r.Least > model.Critical {
		ps = append(ps, Problem{Field: "least", Code: "choice", Pairs: []string{"value", strconv.Itoa(int(r.Least))}})
	}
	if r.Weekday < 0 || r.Weekday > 6 {
		ps = append(ps, Problem{Field: "weekday", Code: "choice", Pairs: []string{"value", strconv.Itoa(int(r.Weekday))}})
	}
	return ps
}
