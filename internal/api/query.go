package api

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/model"
)

// maxPage is the largest page that can be asked for.
const maxPage = 500

// HostQuery reads q, class, declared, limit and after. An address or MAC in q is looked up exactly.
func HostQuery(v url.Values) model.HostQuery {
	q := model.HostQuery{Text: strings.TrimSpace(v.Get("q")), Class: v.Get("class"), Declared: v.Get("declared"), Limit: limit(v), After: v.Get("after")}
	if a := Addr(q.Text); a.IsValid() {
		q.IP, q.Text = a, ""
	} else if m, err := model.ParseMAC(q.Text); err == nil {
		q.MAC, q.Text = m, ""
	}
	return q
}

// FindingQuery reads q, state, rule (both may be repeated), severity, host, limit and after. The state "active" stands for
// all that wait for somebody.
func FindingQuery(v url.Values) (model.FindingQuery, error) {
	q := model.FindingQuery{Text: strings.TrimSpace(v.Get("q")), Host: v.Get("host"), Limit: limit(v), After: v.Get("after")}
	for _, r := range v["rule"] {
		if r != "" {
			q.Rules = append(q.Rules, r)
		}
	}
	for _, s := range v["state"] {
		switch s {
		case "":
		case "active":
			q.States = append(q.States, ActiveStates...)
		default:
			q.States = append(q.States, model.State(s))
		}
	}
	if s := v.Get("severity"); s != "" {
		var err error
		if q.MinSeverity, err = model.ParseSeverity(s); err != nil {
			return q, err
		}
	}
	return q, nil
}

// ActiveStates are the states of findings that wait for somebody.
var ActiveStates = []model.State{model.Open, model.Reopened, model.Acknowledged}

func limit(v url.Values) int {
	n, err := strconv.Atoi(v.Get("limit"))
	if err != nil || n <= 0 {
		return 100
	}
	return min(n, maxPage)
}
