package notifications

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
	"github.com/mimawari/mimawari/internal/web/page"
)

// formView is the form of one channel. Secrets are in it as "set" only.
type formView struct {
	page.Frame
	Draft      notify.Draft
	Kind       notify.Kind
	Fields     []fieldView
	Problems   []problemView
	Levels     []model.Severity
	Langs      []locale.Lang
	Days       []time.Weekday
	MaxPerHour int
	Deliveries []model.Delivery
	errors     map[string]string
}

type fieldView struct {
	notify.Field
	Value string
	Set   bool // a secret that is stored
	Error string
	Hint  string
}

type problemView struct{ Field, Text string }

// Error is what is wrong with a field, "" if nothing.
func (v formView) Error(field string) string { return v.errors[field] }

// Hint explains a field, "" if its name says enough.
func (v formView) Hint(field string) string { return hint(v.Lang, field) }

// Action is where the form goes.
func (v formView) Action() string {
	if v.Draft.ID == "" {
		return Path
	}
	return Path + "/" + v.Draft.ID
}

func hint(l locale.Lang, field string) string {
	if key := "notify.hint." + field; locale.Has(key) {
		return locale.T(l, key)
	}
	return ""
}

// form shows the form of a channel; stored is the channel as it is, nil for a new one.
func (s Site) form(w http.ResponseWriter, r *http.Request, status int, d notify.Draft, stored *model.Channel, ps notify.Problems) error {
	kind, _ := notify.KindOf(d.Kind)
	v := formView{
		Frame: s.Kit.Frame(r, "notify.page.title", "settings"), Draft: d, Kind: kind, MaxPerHour: notify.MaxPerHour, Langs: locale.Langs,
		Levels: []model.Severity{model.Critical, model.High, model.Medium, model.Low, model.Info}, errors: map[string]string{},
		Days: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday},
	}
	v.Title = locale.T(v.Lang, "notify.kind."+d.Kind)
	for _, p := range ps {
		text := p.In(v.Lang)
		v.Problems = append(v.Problems, problemView{p.Field, text})
		v.errors[p.Field] = strings.TrimSpace(v.errors[p.Field] + " " + text)
	}
	for _, f := range kind.Fields {
		x := fieldView{Field: f, Error: v.errors[f.Name], Hint: hint(v.Lang, f.Name)}
		if f.Secret {
			x.Set = stored != nil && stored.Secrets[f.Name] != ""
		} else {
			x.Value = d.Values[f.Name]
		}
		v.Fields = append(v.Fields, x)
	}
	if stored != nil {
		v.Title = stored.Name
		var err error
		if v.Deliveries, err = s.Teller.Deliveries(r.Context(), stored.ID, shown); err != nil {
			return err
		}
	}
	return s.Kit.Render(w, r, status, channelPage, v)
}

// parse reads the form; only one that is too large is an error here.
func parse(r *http.Request) error {
	var large *http.MaxBytesError
	if err := r.ParseForm(); errors.As(err, &large) {
		return err
	}
	return nil
}

// read puts a form into a draft; what can't be is for notify to name. An empty secret stays what it was.
func read(r *http.Request, d *notify.Draft) {
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	d.Name, d.Lang, d.On, d.Names = value("name"), value("lang"), value("on") != "", value("names") != ""
	kind, _ := notify.KindOf(d.Kind)
	for _, f := range kind.Fields {
		d.Values[f.Name] = value("v_" + f.Name)
	}
	t := &d.When
	t.Now, t.Daily, t.Weekly, t.Report = value("now") != "", value("daily") != "", value("weekly") != "", value("report") != ""
	t.At, t.QuietFrom, t.QuietTo = value("at"), value("quiet_from"), value("quiet_to")
	t.PerHour, t.Weekday, t.Least = number(value("per_hour")), time.Weekday(number(value("weekday"))), -1
	if v, err := model.ParseSeverity(value("least")); err == nil {
		t.Least = v
	}
}

// number reads a number; what is none becomes -1, which fits nowhere.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}
