package today

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

var emergencyPage = page.MustParse(pages, "emergency")

// firstSteps and deadlines are how many texts emergency.yaml has of each.
const (
	firstSteps = 7
	deadlines  = 5
)

type emergencyView struct {
	page.Frame
	House     model.Institution
	Steps     []int
	Deadlines []int
}

// emergency shows whom to call and what to do first. Who has not signed in sees it only from the institution's own network, and only
// if the institution said so: the names and numbers of people are nobody else's business. The steps themselves are no secret.
func (s Site) emergency(w http.ResponseWriter, r *http.Request) error {
	inst, err := s.institution(r.Context())
	if err != nil {
		return err
	}
	v := emergencyView{Frame: s.Kit.Frame(r, "emergency.title", "emergency"), Steps: numbers(firstSteps), Deadlines: numbers(deadlines)}
	if v.Viewer.ID == "" && !(inst.OpenEmergency && inside(page.Source(r))) {
		return page.ErrSignIn
	}
	v.Frame.Bare = v.Viewer.ID == "" || !v.Viewer.May(auth.Look)
	v.House = inst
	return s.Kit.Render(w, r, http.StatusOK, emergencyPage, v)
}

func (s Site) institution(ctx context.Context) (model.Institution, error) {
	if s.Institution == nil {
		return model.Institution{}, nil
	}
	return s.Institution(ctx)
}

// inside reports whether an address belongs to a network that the institution gives out itself.
func inside(source string) bool {
	a, err := netip.ParseAddr(source)
	return err == nil && (a.Unmap().IsLoopback() || model.IsInternal(a.Unmap()))
}

func numbers(n int) (out []int) {
	for i := range n {
		out = append(out, i+1)
	}
	return out
}
