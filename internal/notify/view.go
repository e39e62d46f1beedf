package notify

import (
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// View is a channel for machines to read. Of a secret it says only that it is set.
type View struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"`
	Name    string            `json:"name"`
	On      bool              `json:"on"`
	Lang    string            `json:"lang"`
	Names   bool              `json:"names"`
	When    model.Telling     `json:"when"`
	Options map[string]string `json:"options"`
	Secrets map[string]string `json:"secrets"`
}

// ViewOf makes the view of a channel.
func ViewOf(c model.Channel) View {
	v := View{ID: c.ID, Kind: c.Kind, Name: c.Name, On: c.On, Lang: c.Lang, Names: c.Names, When: c.When, Options: map[string]string{}, Secrets: map[string]string{}}
	for _, s := range Shown(c) {
		if s.Secret {
			v.Secrets[s.Name] = "set"
		} else {
			v.Options[s.Name] = s.Value
		}
	}
	return v
}

// ShownField is a field of a channel as it may be shown.
type ShownField struct {
	Name, Value string
	Secret      bool
}

// In gives the value, or that there is a secret, in words.
func (f ShownField) In(l locale.Lang) string {
	switch {
	case f.Secret:
		return locale.T(l, "notify.set")
	case strings.HasPrefix(f.Value, "-----BEGIN "):
		return locale.T(l, "notify.given")
	}
	return strings.Join(strings.Fields(f.Value), " ")
}

// Shown gives the fields of a channel that have a value, in the order of its kind.
func Shown(c model.Channel) (out []ShownField) {
	for _, f := range kindOf(c.Kind).Fields {
		switch {
		case f.Secret && c.Secrets[f.Name] != "":
			out = append(out, ShownField{Name: f.Name, Secret: true})
		case !f.Secret && c.Options[f.Name] != "":
			out = append(out, ShownField{Name: f.Name, Value: c.Options[f.Name]})
		}
	}
	return out
}

// InWords says when a channel speaks.
func InWords(l locale.Lang, r model.Telling) string {
	t := func(key string, pairs ...string) string { return locale.T(l, "notify.when."+key, pairs...) }
	level := locale.T(l, "notify.level."+r.Least.String())
	parts := []string{t("always")}
	if r.Now {
		parts = append(parts, t("now", "level", level, "n", strconv.Itoa(perHour(r))))
	}
	if r.Daily {
		parts = append(parts, t("daily", "at", r.At))
	}
	if r.Weekly {
		parts = append(parts, t("weekly", "day", locale.T(l, "notify.weekday."+strconv.Itoa(int(r.Weekday))), "at", r.At))
	}
	if r.QuietFrom != "" {
		parts = append(parts, t("quiet", "from", r.QuietFrom, "to", r.QuietTo))
	}
	return strings.Join(parts, t("and"))
}
