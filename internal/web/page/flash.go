package page

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/mimawari/mimawari/internal/locale"
)

// Flash is what came of a decision, shown once on the next page: a text and, where it can be taken back, the address that does so.
type Flash struct {
	Key   string   `json:"k"`
	Pairs []string `json:"p,omitempty"`
	Undo  string   `json:"u,omitempty"` // a path to POST to
}

const flashCookie = "flash"

// maxFlash keeps the cookie below what browsers take.
const maxFlash = 2000

// Done tells the reader what came of it and goes to path: the answer to a form that was carried out.
func Done(w http.ResponseWriter, r *http.Request, path string, f Flash) {
	if b, err := json.Marshal(f); err == nil && len(b) <= maxFlash {
		http.SetCookie(w, &http.Cookie{
			Name: flashCookie, Value: base64.RawURLEncoding.EncodeToString(b), Path: "/", MaxAge: 60, HttpOnly: true, Secure: r.TLS != nil,
			SameSite: http.SameSiteStrictMode,
		})
	}
	http.Redirect(w, r, Back(path), http.StatusSeeOther)
}

// flashOf reads the message. Only texts that we have are shown, and only paths of this site are offered.
func flashOf(r *http.Request) *Flash {
	c, err := r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || len(b) > maxFlash {
		return nil
	}
	var f Flash
	if json.Unmarshal(b, &f) != nil || !locale.Has(f.Key) {
		return nil
	}
	if f.Undo != "" && Back(f.Undo) != f.Undo {
		f.Undo = ""
	}
	return &f
}

func forgetFlash(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie(flashCookie); err == nil {
		http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteStrictMode})
	}
}

// Text is the message in words.
func (f *Flash) Text(l locale.Lang) string { return locale.T(l, f.Key, f.Pairs...) }

// Back makes sure that a redirect stays on this site.
func Back(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || len(u.Path) == 0 || u.Path[0] != '/' || len(u.Path) > 1 && (u.Path[1] == '/' || u.Path[1] == '\\') {
		return "/"
	}
	return u.RequestURI()
}

// With gives path with some parameters of q changed: pairs of name and value, "" removes it. The place in a list (after) is left out.
func With(path string, q url.Values, pairs ...string) string {
	n := url.Values{}
	for k, v := range q {
		if k != "after" {
			n[k] = v
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if n.Del(pairs[i]); pairs[i+1] != "" {
			n.Set(pairs[i], pairs[i+1])
		}
	}
	if len(n) == 0 {
		return path
	}
	return path + "?" + n.Encode()
}

// Next is the address of the page after the one that ended at after; "" at the end.
func Next(path string, q url.Values, after string) string {
	if after == "" {
		return ""
	}
	return With(path, q, "after", after)
}
