package main

import (
	"net/http"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

// componentsView holds what the components are shown with.
type componentsView struct {
	page.Frame
	Severities []model.Severity
	Times      []time.Time
	Kinds      []string
	Findings   []model.Finding
	Hostile    model.Finding
	Steps      []string
	Never      time.Time
}

func (b *book) components(w http.ResponseWriter, r *http.Request) error {
	v := componentsView{
		Frame:      b.kit.Frame(r, "web.brand", ""),
		Severities: []model.Severity{model.Critical, model.High, model.Medium, model.Low, model.Info},
		Times:      []time.Time{at(0), today.Add(-12 * time.Minute), at(-5), at(-24 * 9)},
		Kinds:      []string{"ok", "note", "warn", "bad"},
		Findings:   findings(plain), Hostile: findings(hostile)[0],
	}
	for _, n := range []string{"begin", "institution", "contacts", "look", "report"} {
		v.Steps = append(v.Steps, v.T("setup.step."+n))
	}
	v.Flash = &page.Flash{Key: "finding.done.acknowledged", Undo: "/stories"}
	return b.kit.Render(w, r, http.StatusOK, componentsPage, v)
}
