package hosts

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/page"
)

// shownTalks is how many peers the page lists: the explorer and the export have all.
const shownTalks = 50

type hostView struct {
	page.Frame
	Host     model.Host
	Declared *model.LedgerHost
	Findings []model.Finding
	Note     model.Note
	Stays    []model.Stay
	Talks    []talk
	AllTalks int
}

// talk is a line of "who it talks to".
type talk struct {
	model.Talk
	Client   bool   // this host began it
	PeerID   string // Host.ID of the other side, "" if it is not one of ours
	PeerName string
	New      bool // first seen within a week, and the host is known for longer
	Service  string
}

// recently is how long a peer counts as new.
const recently = 7 * 24 * time.Hour

func (s Site) host(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	h, err := s.Memory.Host(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	fs, err := s.Memory.Findings(ctx, model.FindingQuery{Host: h.ID})
	if err != nil {
		return err
	}
	v := hostView{Frame: s.Kit.Frame(r, "web.host", "hosts"), Host: h, Findings: fs.Findings}
	v.Title = v.HostName(h)
	if v.Declared, err = s.declared(r, h); err != nil {
		return err
	}
	if s.Notes != nil {
		if v.Note, err = s.Notes.Note(ctx, h.ID); err != nil {
			return err
		}
	}
	if err := s.trail(r, &v); err != nil {
		return err
	}
	return s.Kit.Render(w, r, http.StatusOK, hostPage, v)
}

// declared is the row of the ledger that the host is, nil if there is none.
func (s Site) declared(r *http.Request, h model.Host) (*model.LedgerHost, error) {
	if h.Ledger == nil || s.Declared == nil {
		return nil, nil
	}
	return s.Declared.DeclaredHost(r.Context(), h.Ledger.Key)
}

// trail fills in where the host was and whom it talked to, the largest first.
func (s Site) trail(r *http.Request, v *hostView) error {
	if s.Trails == nil {
		return nil
	}
	t, err := s.Trails.Trail(r.Context(), v.Host.ID)
	if err != nil {
		return err
	}
	v.Stays, v.AllTalks = t.Stays, len(t.Talks)
	slices.SortFunc(v.Stays, func(a, b model.Stay) int { return b.Last.Compare(a.Last) })
	slices.SortStableFunc(t.Talks, func(a, b model.Talk) int { return compareVolume(a, b) })
	for _, x := range t.Talks[:min(shownTalks, len(t.Talks))] {
		line, err := s.line(r, v, x)
		if err != nil {
			return err
		}
		v.Talks = append(v.Talks, line)
	}
	return nil
}

func compareVolume(a, b model.Talk) int {
	x, y := a.BytesIn+a.BytesOut, b.BytesIn+b.BytesOut
	switch {
	case x > y:
		return -1
	case x < y:
		return 1
	}
	return a.Compare(&b)
}

func (s Site) line(r *http.Request, v *hostView, x model.Talk) (talk, error) {
	p, client := x.Peer(v.Host.ID)
	t := talk{Talk: x, Client: client, PeerID: p.Host, PeerName: address(p.Addr), New: v.Now().Sub(x.First) < recently && v.Now().Sub(v.Host.First) > recently}
	t.Service = service(x)
	if p.Host == "" {
		return t, nil
	}
	h, err := s.Memory.Host(r.Context(), p.Host)
	if errors.Is(err, model.ErrNotFound) {
		t.PeerID = ""
		return t, nil
	}
	t.PeerName = v.HostName(h)
	return t, err
}

func address(a netip.Addr) string {
	if !a.IsValid() {
		return "?"
	}
	return a.String()
}

// service names what was talked: smb (445/tcp).
func service(t model.Talk) string {
	proto := map[uint8]string{1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}[t.Proto]
	if proto == "" {
		proto = fmt.Sprint("ip ", t.Proto)
	}
	if t.Port != 0 {
		proto = fmt.Sprintf("%d/%s", t.Port, proto)
	}
	if t.App == "" {
		return proto
	}
	return fmt.Sprintf("%s (%s)", t.App, proto)
}

func (s Site) note(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := s.Notes.Write(r.Context(), id, r.PostFormValue("place"), r.PostFormValue("text"), auth.ViewerOf(r.Context()).Called()); err != nil {
		return err
	}
	page.Done(w, r, "/hosts/"+id, page.Flash{Key: "note.saved"})
	return nil
}

func (s Site) photo(w http.ResponseWriter, r *http.Request) error {
	f, err := s.Notes.Photo(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "private, no-cache")
	_, err = io.Copy(w, f)
	return err
}

// slack is what a form has around the picture.
const slack = 64 << 10

// maxPhoto bounds a request; what a picture may be is said by who keeps it.
const maxPhoto = 15<<20 + slack

func (s Site) setPhoto(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	r.Body = http.MaxBytesReader(w, r.Body, maxPhoto)
	m, err := r.MultipartReader()
	if err != nil {
		return &api.Refused{Key: "note.photo_none"}
	}
	for {
		part, err := m.NextPart()
		if errors.Is(err, io.EOF) {
			return &api.Refused{Key: "note.photo_none"}
		}
		if err != nil {
			return tooLarge(err)
		}
		if part.FormName() == "photo" && strings.TrimSpace(part.FileName()) != "" {
			if err := s.Notes.SetPhoto(r.Context(), id, auth.ViewerOf(r.Context()).Called(), part); err != nil {
				return tooLarge(err)
			}
			page.Done(w, r, "/hosts/"+id, page.Flash{Key: "note.saved"})
			return nil
		}
	}
}

// tooLarge keeps what can be said in words; a form that was cut off is no picture.
func tooLarge(err error) error {
	var large *http.MaxBytesError
	var refused *api.Refused
	if errors.As(err, &large) || errors.As(err, &refused) || errors.Is(err, model.ErrNotFound) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &api.Refused{Key: "note.photo_kind"}
	}
	return err
}

func (s Site) removePhoto(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := s.Notes.RemovePhoto(r.Context(), id, auth.ViewerOf(r.Context()).Called()); err != nil {
		return err
	}
	page.Done(w, r, "/hosts/"+id, page.Flash{Key: "note.saved"})
	return nil
}
