package intake

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

// tusVersion is the version of the protocol of resumable uploads that is spoken here: https://tus.io/protocols/resumable-upload,
// the core with the extensions creation and termination.
const tusVersion = "1.0.0"

// uploadPaths are where uploads are spoken of: for our own script, which has the session of the pages, and for other programs, which
// have a token.
var uploadPaths = []string{"/intake/uploads", "/api/v1/uploads"}

// tusRoutes are the addresses for machines, our own script among them.
func (s Site) tusRoutes() (rs []page.Route) {
	r := func(pattern string, do page.Action, quiet bool) {
		rs = append(rs, page.Route{Pattern: pattern, Need: auth.Intake, Do: tus(do), JSON: true, Large: true, Quiet: quiet})
	}
	for _, path := range uploadPaths {
		r("OPTIONS "+path, s.tusOptions, true)
		r("POST "+path, s.tusCreate, true)
		r("HEAD "+path+"/{id}", s.tusHead, true)
		r("GET "+path+"/{id}", s.tusGet, true)
		r("PATCH "+path+"/{id}", s.tusPatch, true)
		r("DELETE "+path+"/{id}", s.tusDelete, false)
	}
	return rs
}

// refusals are the statuses of what can't be done with an upload; anything else refused is 400.
var refusals = map[string]int{
	"intake.error.offset": http.StatusConflict, "intake.error.wanted": http.StatusConflict, "intake.error.busy": http.StatusLocked,
	"intake.error.too_long": http.StatusRequestEntityTooLarge, "intake.error.quota": http.StatusRequestEntityTooLarge,
	"intake.error.too_many": http.StatusInsufficientStorage, "intake.error.disk": http.StatusInsufficientStorage,
	"intake.error.disk_now": http.StatusInsufficientStorage, "intake.error.full": http.StatusInsufficientStorage,
	"intake.error.version": http.StatusPreconditionFailed, "intake.error.media": http.StatusUnsupportedMediaType,
}

// tus answers what was refused with the status that clients of the protocol understand, and in words.
func tus(do page.Action) page.Action {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Tus-Resumable", tusVersion)
		if v := r.Header.Get("Tus-Resumable"); v != "" && v != tusVersion {
			w.Header().Set("Tus-Version", tusVersion)
			return refused(w, r, &api.Refused{Key: "intake.error.version"})
		}
		err := do(w, r)
		var ref *api.Refused
		if errors.As(err, &ref) {
			return refused(w, r, ref)
		}
		return err
	}
}

func refused(w http.ResponseWriter, r *http.Request, ref *api.Refused) error {
	status, ok := refusals[ref.Key]
	if !ok {
		status = http.StatusBadRequest
	}
	return page.JSON(w, status, map[string]any{"error": map[string]string{"code": ref.Key, "text": locale.T(api.Lang(r), ref.Key, ref.Pairs...)}})
}

func (s Site) tusOptions(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Tus-Version", tusVersion)
	h.Set("Tus-Extension", "creation,termination")
	h.Set("Tus-Max-Size", strconv.FormatInt(s.Desk.Limits().Quota, 10))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s Site) tusCreate(w http.ResponseWriter, r *http.Request) error {
	size, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64)
	if err != nil || size < 0 {
		return &api.Refused{Key: "intake.error.length"}
	}
	meta := metadata(r.Header.Get("Upload-Metadata"))
	name := meta["filename"]
	if name == "" {
		name = meta["name"]
	}
	u, err := s.Desk.CreateUpload(r.Context(), name, size, sumOf(meta["sha256"]), by(r))
	if err != nil {
		return err
	}
	page.Note(r, "intake.upload", u.ID, "name", u.Name, "size", strconv.FormatInt(size, 10))
	w.Header().Set("Location", r.URL.Path+"/"+u.ID)
	w.WriteHeader(http.StatusCreated)
	return nil
}

// metadata reads "key base64,key base64"; what can't be read is left out.
func metadata(header string) map[string]string {
	m := map[string]string{}
	for _, pair := range strings.Split(header, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(pair), " ")
		if b, err := base64.StdEncoding.DecodeString(v); err == nil && len(m) < 20 {
			m[k] = string(b)
		}
	}
	return m
}

// sumOf takes a SHA-256 as hex or as its 32 bytes.
func sumOf(s string) string {
	if len(s) == 32 {
		return hex.EncodeToString([]byte(s))
	}
	return s
}

func by(r *http.Request) string { return auth.ViewerOf(r.Context()).Called() }

func tell(w http.ResponseWriter, u model.Upload) {
	h := w.Header()
	h.Set("Upload-Offset", strconv.FormatInt(u.Offset, 10))
	h.Set("Upload-Length", strconv.FormatInt(u.Size, 10))
	h.Set("Cache-Control", "no-store")
}

func (s Site) tusHead(w http.ResponseWriter, r *http.Request) error {
	u, err := s.Desk.Upload(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	tell(w, u)
	w.WriteHeader(http.StatusOK)
	return nil
}

// tusGet says what became of an upload, in words.
func (s Site) tusGet(w http.ResponseWriter, r *http.Request) error {
	u, err := s.Desk.Upload(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	tell(w, u)
	out := map[string]any{"id": u.ID, "name": u.Name, "size": u.Size, "offset": u.Offset, "state": u.State, "kind": u.Kind, "format": u.Format, "text": ""}
	if u.Trouble != nil {
		out["text"] = locale.Trouble(api.Lang(r), *u.Trouble)
	}
	return page.JSON(w, http.StatusOK, out)
}

func (s Site) tusPatch(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("Content-Type") != "application/offset+octet-stream" {
		return &api.Refused{Key: "intake.error.media"}
	}
	offset, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || offset < 0 {
		return &api.Refused{Key: "intake.error.offset"}
	}
	u, err := s.Desk.AppendUpload(r.Context(), r.PathValue("id"), offset, unhurried(w, r))
	if err != nil {
		return err
	}
	tell(w, u)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s Site) tusDelete(w http.ResponseWriter, r *http.Request) error {
	if err := s.Desk.RemoveUpload(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// patience is how long a sender may be silent before the connection is closed. What has arrived stays.
const patience = time.Minute

// unhurried reads the body of a request that may take hours: the server's limits are for requests as a whole, here each piece
// has its own.
func unhurried(w http.ResponseWriter, r *http.Request) io.Reader {
	return &unhurriedBody{Reader: r.Body, control: http.NewResponseController(w)}
}

type unhurriedBody struct {
	io.Reader
	control *http.ResponseController
	until   time.Time
}

func (u *unhurriedBody) Read(p []byte) (int, error) {
	if now := time.Now(); u.until.Sub(now) < patience/2 {
		u.until = now.Add(patience)
		// A server that can't be asked (in a test) has no limits either.
		_ = u.control.SetReadDeadline(u.until)
		_ = u.control.SetWriteDeadline(u.until.Add(patience))
	}
	return u.Reader.Read(p)
}
