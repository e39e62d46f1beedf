package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// maxBody bounds what a request may send.
const maxBody = 64 << 10

// Handler serves /api/v1/. The caller has made sure who asks (package web: loopback only, same origin).
func Handler(m Memory, d Desk) http.Handler {
	h := &handler{m: m, d: d}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/patrol", h.patrol)
	mux.HandleFunc("GET /api/v1/patrols", h.patrols)
	mux.HandleFunc("GET /api/v1/hosts", h.hosts)
	mux.HandleFunc("GET /api/v1/hosts/{id}", h.host)
	mux.HandleFunc("GET /api/v1/findings", h.findings)
	mux.HandleFunc("GET /api/v1/findings/{id}", h.finding)
	mux.HandleFunc("POST /api/v1/findings/{id}", h.decide)
	mux.HandleFunc("GET /api/v1/suppressions", h.suppressions)
	mux.HandleFunc("POST /api/v1/suppressions", h.silence)
	mux.HandleFunc("DELETE /api/v1/suppressions/{id}", h.unsilence)
	mux.HandleFunc("/api/v1/", func(w http.ResponseWriter, r *http.Request) { h.fail(w, r, model.ErrNotFound) })
	return mux
}

type handler struct {
	m Memory
	d Desk
}

// Lang is the language a request asks for: ?lang=, else Accept-Language, else Japanese.
func Lang(r *http.Request) locale.Lang {
	if l, ok := locale.Parse(r.URL.Query().Get("lang")); ok {
		return l
	}
	if c, err := r.Cookie("lang"); err == nil {
		if l, ok := locale.Parse(c.Value); ok {
			return l
		}
	}
	if l, ok := locale.Parse(r.Header.Get("Accept-Language")); ok {
		return l
	}
	return locale.Japanese
}

func (h *handler) patrol(w http.ResponseWriter, r *http.Request) {
	res, _, err := Everything(r.Context(), h.m)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	if res.Patrol.ID == "" {
		h.fail(w, r, model.ErrNotFound)
		return
	}
	reply(w, http.StatusOK, NewDocument(res, Lang(r)))
}

func (h *handler) patrols(w http.ResponseWriter, r *http.Request) {
	ps, err := h.m.Patrols(r.Context(), limit(r.URL.Query()))
	if err != nil {
		h.fail(w, r, err)
		return
	}
	for i := range ps {
		for j := range ps[i].Sources {
			ps[i].Sources[j].Errors = NewTroubles(ps[i].Sources[j].Errors, Lang(r))
		}
	}
	reply(w, http.StatusOK, map[string]any{"patrols": list(ps)})
}

func (h *handler) hosts(w http.ResponseWriter, r *http.Request) {
	p, err := h.m.Hosts(r.Context(), HostQuery(r.URL.Query()))
	if err != nil {
		h.fail(w, r, err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"hosts": NewHosts(p.Hosts), "total": p.Total, "next": p.Next})
}

func (h *handler) host(w http.ResponseWriter, r *http.Request) {
	x, err := h.m.Host(r.Context(), r.PathValue("id"))
	if err != nil {
		h.fail(w, r, err)
		return
	}
	reply(w, http.StatusOK, NewHost(x))
}

func (h *handler) findings(w http.ResponseWriter, r *http.Request) {
	q, err := FindingQuery(r.URL.Query())
	if err != nil {
		h.fail(w, r, &Refused{Key: "api.bad_query", Pairs: []string{"text", err.Error()}})
		return
	}
	p, err := h.m.Findings(r.Context(), q)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"findings": NewFindings(p.Findings, Lang(r)), "total": p.Total, "next": p.Next})
}

func (h *handler) finding(w http.ResponseWriter, r *http.Request) {
	f, es, err := h.m.Finding(r.Context(), r.PathValue("id"))
	if err != nil {
		h.fail(w, r, err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"finding": NewFinding(f, Lang(r)), "events": list(es)})
}

func (h *handler) decide(w http.ResponseWriter, r *http.Request) {
	var d Decision
	if !h.read(w, r, &d) {
		return
	}
	d.Who = "api"
	if err := h.d.Decide(r.Context(), r.PathValue("id"), d); err != nil {
		h.fail(w, r, err)
		return
	}
	h.finding(w, r)
}

func (h *handler) suppressions(w http.ResponseWriter, r *http.Request) {
	s, err := h.m.Suppressions(r.Context())
	if err != nil {
		h.fail(w, r, err)
		return
	}
	reply(w, http.StatusOK, map[string]any{"suppressions": list(s)})
}

func (h *handler) silence(w http.ResponseWriter, r *http.Request) {
	var s model.Suppression
	if !h.read(w, r, &s) {
		return
	}
	if err := h.d.Silence(r.Context(), s); err != nil {
		h.fail(w, r, err)
		return
	}
	h.suppressions(w, r)
}

func (h *handler) unsilence(w http.ResponseWriter, r *http.Request) {
	if err := h.d.Unsilence(r.Context(), r.PathValue("id")); err != nil {
		h.fail(w, r, err)
		return
	}
	h.suppressions(w, r)
}

// read takes a JSON body; on trouble it has answered and returns false.
func (h *handler) read(w http.ResponseWriter, r *http.Request, v any) bool {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		h.fail(w, r, &Refused{Key: "api.bad_body", Pairs: []string{"text", err.Error()}})
		return false
	}
	return true
}

// fail answers with an error in words. What is not the caller's doing is shown as "internal": the cause stays inside.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	status, key, pairs := Status(err)
	reply(w, status, map[string]any{"error": map[string]string{"code": key, "text": locale.T(Lang(r), key, pairs...)}})
}

// Status gives the HTTP status and words of an error.
func Status(err error) (status int, key string, pairs []string) {
	var ref *Refused
	switch {
	case errors.As(err, &ref):
		return http.StatusBadRequest, ref.Key, ref.Pairs
	case errors.Is(err, model.ErrCursor):
		return http.StatusBadRequest, "api.bad_query", []string{"text", err.Error()}
	case errors.Is(err, model.ErrNotFound):
		return http.StatusNotFound, "api.not_found", nil
	}
	return http.StatusInternalServerError, "api.internal", nil
}

func reply(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("BUG: a reply can't be encoded: %v", err))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the reader went away: nobody to tell
}
