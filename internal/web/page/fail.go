package page

import (
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

//go:embed pages
var pages embed.FS

var troublePage = MustParse(pages, "trouble")

// What the kernel itself refuses.
var (
	ErrForbidden = errors.New("not for this role")
	ErrSignIn    = errors.New("sign in first")
	errNoPage    = fmt.Errorf("page: %w", model.ErrNotFound)
)

// Missing answers for addresses that there are not.
func Missing(http.ResponseWriter, *http.Request) error { return errNoPage }

type troubleView struct {
	Frame
	Text, Reference, Back string
}

// fail shows an error in words. The cause of one that is ours is only reported, under a reference number that the reader sees.
func (k *Kit) fail(w http.ResponseWriter, r *http.Request, err error, asJSON bool) {
	status, key, pairs := status(err)
	reference := ""
	if status == http.StatusInternalServerError {
		reference = rand.Text()[:8]
		if k.Report != nil {
			k.Report(fmt.Errorf("%s: %s %s: %w", reference, r.Method, r.URL.Path, err))
		}
	}
	text := locale.T(api.Lang(r), key, pairs...)
	if asJSON {
		_ = JSON(w, status, map[string]any{"error": map[string]string{"code": key, "text": text, "reference": reference}}) // strings can be encoded
		return
	}
	v := troubleView{Frame: k.Frame(r, "web.trouble", ""), Text: text, Reference: reference}
	v.Bare = v.Viewer.ID == ""
	if r.Method != http.MethodGet {
		v.Back = cameFrom(r)
	}
	if err := k.Render(w, r, status, troublePage, v); err != nil {
		http.Error(w, text, http.StatusInternalServerError)
	}
}

func status(err error) (int, string, []string) {
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, ErrForbidden):
		return http.StatusForbidden, "web.forbidden", nil
	case errors.Is(err, ErrSignIn):
		return http.StatusUnauthorized, "web.sign_in_first", nil
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, "web.too_large", []string{"max", Frame{}.Bytes(uint64(max(large.Limit, 0)))}
	}
	return api.Status(err)
}

// Form reads the form of a request. What can't be read as one is refused in words.
func Form(r *http.Request) error { return BadBody(r.ParseForm()) }

// BadBody is for an error of reading what was sent: it is the sender's mistake, and refused in words. nil stays nil.
func BadBody(err error) error {
	var large *http.MaxBytesError
	if err == nil || errors.As(err, &large) {
		return err
	}
	return &api.Refused{Key: "api.bad_body", Pairs: []string{"text", err.Error()}}
}

// cameFrom is the page that a form was on: the browser says so for our own pages.
func cameFrom(r *http.Request) string {
	if b := r.PostFormValue("back"); b != "" {
		return Back(b)
	}
	return ""
}

func marshal(v any) ([]byte, error) { return json.Marshal(v) }
