package upkeep

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web/page"
)

var retentionPage = page.MustParse(pages, "retention")

// Retention says how long records are kept.
type Retention interface {
	Days(context.Context) (int, error)
	SetDays(ctx context.Context, n int) error
}

func (s Site) retentionRoutes() []page.Route {
	return []page.Route{
		{Pattern: "GET /settings/retention", Need: auth.Manage, Do: s.retention},
		{Pattern: "POST /settings/retention", Need: auth.Manage, Do: s.setRetention},
	}
}

type retentionView struct {
	page.Frame
	Days int
}

func (s Site) retention(w http.ResponseWriter, r *http.Request) error {
	n, err := s.Retention.Days(r.Context())
	if err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, retentionPage, retentionView{s.Kit.Frame(r, "retention.title", "settings"), n})
}

func (s Site) setRetention(w http.ResponseWriter, r *http.Request) error {
	n, err := strconv.Atoi(strings.TrimSpace(r.PostFormValue("days")))
	if err != nil {
		n = 0 // refused in words
	}
	if err := s.Retention.SetDays(r.Context(), n); err != nil {
		return err
	}
	page.Note(r, "retention.set", strconv.Itoa(n))
	page.Done(w, r, "/settings/retention", page.Flash{Key: "note.saved"})
	return nil
}
