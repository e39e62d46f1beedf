package intake

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/intake"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

// home is where a form of these pages leads back to: the page of sources, or the one that had the form.
func home(r *http.Request) string {
	if b := r.URL.Query().Get("back"); b != "" {
		return page.Back(b)
	}
	return "/intake"
}

// maxFiles is how many files one form may bring.
const maxFiles = 100

// files takes what a plain form sends, straight to disk.
func (s Site) files(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength > s.Desk.Limits().Quota || r.ContentLength < 0 {
		return &api.Refused{Key: "intake.error.form_size", Pairs: []string{"max", intake.Bytes(s.Desk.Limits().Quota)}}
	}
	body := unhurried(w, r)
	r.Body = io.NopCloser(body)
	parts, err := r.MultipartReader()
	if err != nil {
		return &api.Refused{Key: "intake.error.form"}
	}
	var got []model.Upload
	for len(got) < maxFiles {
		u, err := s.onePart(r, parts)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if u.ID != "" {
			page.Note(r, "intake.upload", u.ID, "name", u.Name, "size", strconv.FormatInt(u.Size, 10))
			got = append(got, u)
		}
	}
	return s.received(w, r, got)
}

func (s Site) onePart(r *http.Request, parts *multipart.Reader) (model.Upload, error) {
	p, err := parts.NextPart()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			err = &api.Refused{Key: "intake.error.broken_off"}
		}
		return model.Upload{}, err
	}
	defer p.Close()
	if p.FormName() != "file" || p.FileName() == "" {
		return model.Upload{}, nil
	}
	u, err := s.Desk.TakeUpload(r.Context(), p.FileName(), p, r.ContentLength, by(r))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = &api.Refused{Key: "intake.error.broken_off"}
	}
	return u, err
}

// received says what came of the files of a form.
func (s Site) received(w http.ResponseWriter, r *http.Request, got []model.Upload) error {
	if len(got) == 0 {
		return &api.Refused{Key: "intake.error.no_file"}
	}
	bad := 0
	for _, u := range got {
		if u.State == model.Refused {
			bad++
		}
	}
	f := page.Flash{Key: "intake.received", Pairs: []string{"n", strconv.Itoa(len(got))}}
	if bad > 0 {
		f = page.Flash{Key: "intake.received_some", Pairs: []string{"n", strconv.Itoa(len(got)), "bad", strconv.Itoa(bad)}}
	}
	page.Done(w, r, home(r), f)
	return nil
}

func (s Site) removeFile(w http.ResponseWriter, r *http.Request) error {
	if err := s.Desk.RemoveUpload(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	page.Done(w, r, home(r), page.Flash{Key: "intake.removed"})
	return nil
}

// limits changes how much is kept, and how long.
func (s Site) limits(w http.ResponseWriter, r *http.Request) error {
	l := s.Desk.Limits()
	gb, err1 := strconv.ParseInt(strings.TrimSpace(r.PostFormValue("quota")), 10, 32)
	days, err2 := strconv.Atoi(strings.TrimSpace(r.PostFormValue("days")))
	if err1 != nil || err2 != nil || gb < 1 || days < 1 {
		return &api.Refused{Key: "intake.error.limits"}
	}
	l.Quota, l.KeepDays = gb*1_000_000_000, days
	if err := s.Desk.SetLimits(r.Context(), l); err != nil {
		return err
	}
	page.Note(r, "intake.limits", "uploads", "quota", strconv.FormatInt(gb, 10), "days", strconv.Itoa(days))
	page.Done(w, r, home(r), page.Flash{Key: "intake.changed"})
	return nil
}

type pasteView struct {
	page.Frame
	Text string
	U    intake.Understood
	Home string // where it goes on from here
}

// paste shows what was understood of a pasted table; with use=1 it is kept and patrolled.
func (s Site) paste(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 4*intake.MaxPaste) // a form writes some characters as three, and the field may be there twice
	if err := r.ParseForm(); err != nil {
		return &api.Refused{Key: "intake.error.paste_long", Pairs: []string{"max", intake.Bytes(intake.MaxPaste)}}
	}
	text := r.PostFormValue("text")
	u, err := s.Desk.Paste(text)
	if err != nil {
		return err
	}
	if r.PostFormValue("use") == "" {
		return s.Kit.Render(w, r, http.StatusOK, pastePage, pasteView{Frame: s.Kit.Frame(r, "intake.paste", "intake"), Text: text, U: u, Home: home(r)})
	}
	f := s.Kit.Frame(r, "intake.paste", "intake")
	name := f.T("intake.paste_name", "at", s.Kit.Now().In(s.Kit.Place()).Format("2006-01-02 15:04"))
	kept, err := s.Desk.TakePaste(r.Context(), name, text, by(r))
	if err != nil {
		return err
	}
	page.Note(r, "intake.paste", kept.ID, "rows", strconv.FormatUint(u.Rows, 10))
	return s.start(w, r, model.Round{Uploads: []string{kept.ID}})
}

// ask has the chosen files patrolled, or an interface watched for some minutes.
func (s Site) ask(w http.ResponseWriter, r *http.Request) error {
	if err := page.Form(r); err != nil {
		return err
	}
	return s.start(w, r, model.Round{
		Uploads: r.PostForm["file"], Interface: r.PostFormValue("interface"), For: minutes(r.PostFormValue("minutes")),
	})
}

// minutes reads a number of minutes; what is none becomes 0, which the desk refuses in words.
func minutes(text string) time.Duration {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 || n > 24*60 {
		return 0
	}
	return time.Duration(n) * time.Minute
}

func (s Site) start(w http.ResponseWriter, r *http.Request, x model.Round) error {
	x.By = by(r)
	x, err := s.Desk.AskRound(r.Context(), x)
	if err != nil {
		return err
	}
	page.Done(w, r, home(r), page.Flash{Key: "intake.asked"})
	return nil
}

func (s Site) cancel(w http.ResponseWriter, r *http.Request) error {
	if err := s.Desk.CancelRound(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	page.Done(w, r, home(r), page.Flash{Key: "intake.cancelled"})
	return nil
}

func (s Site) addSource(w http.ResponseWriter, r *http.Request) error {
	if err := s.Desk.AddInterface(r.Context(), r.PostFormValue("interface"), by(r)); err != nil {
		return err
	}
	page.Done(w, r, home(r), page.Flash{Key: "intake.source_added"})
	return nil
}

// changeSource turns a source on or off, or forgets it.
func (s Site) changeSource(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, s.Desk.SwitchWatch, s.Desk.RemoveWatch)
}

func (s Site) addSchedule(w http.ResponseWriter, r *http.Request) error {
	if err := page.Form(r); err != nil {
		return err
	}
	at, err := intake.ParseClock(r.PostFormValue("at"))
	if err != nil {
		return &api.Refused{Key: "intake.error.clock", Pairs: []string{"text", model.Clean(r.PostFormValue("at"))}}
	}
	x := model.Schedule{At: at, Watches: r.PostForm["source"], Uploads: r.PostFormValue("uploads") != "", For: minutes(r.PostFormValue("minutes")), By: by(r)}
	if err := s.Desk.AddSchedule(r.Context(), x); err != nil {
		return err
	}
	page.Done(w, r, home(r), page.Flash{Key: "intake.schedule_added"})
	return nil
}

// changeSchedule turns a schedule on or off, or forgets it.
func (s Site) changeSchedule(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, s.Desk.SwitchSchedule, s.Desk.RemoveSchedule)
}

func (s Site) change(w http.ResponseWriter, r *http.Request, turn func(ctx context.Context, id string, on bool) error, remove func(ctx context.Context, id string) error) error {
	ctx, id := r.Context(), r.PathValue("id")
	var err error
	switch r.PathValue("what") {
	case "on":
		err = turn(ctx, id, true)
	case "off":
		err = turn(ctx, id, false)
	case "remove":
		err = remove(ctx, id)
	default:
		err = model.ErrNotFound
	}
	if err != nil {
		return err
	}
	page.Done(w, r, home(r), page.Flash{Key: "intake.changed"})
	return nil
}
