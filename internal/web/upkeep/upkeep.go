// Package upkeep shows how Mimawari itself is looked after: the certificate of the pages, and the encrypted archive of its own data. It makes
// no certificate and no archive: packages certs and archive do.
package upkeep

import (
	"context"
	"embed"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/archive"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/certs"
	"github.com/mimawari/mimawari/internal/web/page"
)

//go:embed pages
var pages embed.FS

var (
	certificatePage = page.MustParse(pages, "certificate")
	archivePage     = page.MustParse(pages, "archive")
)

// Certificates looks after the certificate of the pages.
type Certificates interface {
	Status() (certs.Status, error)
	Make(names []string) error
	Import(cert, key []byte) error
	Authority() []byte
}

// Archives keeps Mimawari's own data in an encrypted file and takes it back.
type Archives interface {
	Archive(ctx context.Context, w io.Writer, passphrase string) error
	// Stage reads and checks an archive; the data is replaced when the server begins anew, which Restart asks for.
	Stage(ctx context.Context, r io.Reader, passphrase string) error
	Restart()
}

// Site is what the pages need.
type Site struct {
	Kit          *page.Kit
	Certificates Certificates
	Archives     Archives
	Retention    Retention
	Names        func() []string // of this machine
}

// Routes are the addresses of this package.
func (s Site) Routes() []page.Route {
	if s.Certificates == nil || s.Archives == nil || s.Retention == nil {
		return nil
	}
	return append(s.retentionRoutes(), []page.Route{
		{Pattern: "GET /settings/certificate", Need: auth.Manage, Do: s.certificate},
		{Pattern: "GET /settings/certificate/ca.pem", Need: auth.SignedIn, Do: s.authority},
		{Pattern: "POST /settings/certificate/make", Need: auth.Manage, Do: s.makeCertificate},
		{Pattern: "POST /settings/certificate/import", Need: auth.Manage, Do: s.importCertificate},
		{Pattern: "GET /settings/archive", Need: auth.Manage, Do: s.archives},
		{Pattern: "POST /settings/archive/make", Need: auth.Manage, Do: s.makeArchive},
		{Pattern: "POST /settings/archive/restore", Need: auth.Manage, Do: s.Restore, Large: true},
	}...)
}

type certificateView struct {
	page.Frame
	Status certs.Status
	Names  string
	Soon   bool // ends within a month, and nobody renews it by itself
}

func (s Site) certificate(w http.ResponseWriter, r *http.Request) error {
	st, err := s.Certificates.Status()
	if err != nil {
		return inWords(err)
	}
	v := certificateView{Frame: s.Kit.Frame(r, "upkeep.certificate", "settings"), Status: st}
	v.Names = strings.Join(st.Names, "\n")
	if v.Names == "" && s.Names != nil {
		v.Names = strings.Join(s.Names(), "\n")
	}
	v.Soon = st.Kind == certs.Given && st.NotAfter.Sub(v.Now()) < 30*24*time.Hour
	return s.Kit.Render(w, r, http.StatusOK, certificatePage, v)
}

func (s Site) authority(w http.ResponseWriter, _ *http.Request) error {
	pem := s.Certificates.Authority()
	if pem == nil {
		return &api.Refused{Key: "upkeep.no_authority"}
	}
	page.Download(w, "application/x-pem-file", "mimawari-ca.crt")
	_, err := w.Write(pem)
	return err
}

func (s Site) makeCertificate(w http.ResponseWriter, r *http.Request) error {
	names := strings.Fields(r.PostFormValue("names"))
	if err := s.Certificates.Make(names); err != nil {
		return inWords(err)
	}
	page.Note(r, "certificate.make", strings.Join(names, " "))
	page.Done(w, r, "/settings/certificate", page.Flash{Key: "upkeep.certificate_made"})
	return nil
}

func (s Site) importCertificate(w http.ResponseWriter, r *http.Request) error {
	if err := s.Certificates.Import([]byte(r.PostFormValue("cert")), []byte(r.PostFormValue("key"))); err != nil {
		return inWords(err)
	}
	page.Note(r, "certificate.import", "")
	page.Done(w, r, "/settings/certificate", page.Flash{Key: "upkeep.certificate_imported"})
	return nil
}

type archiveView struct {
	page.Frame
	Min int
}

func (s Site) archives(w http.ResponseWriter, r *http.Request) error {
	return s.Kit.Render(w, r, http.StatusOK, archivePage, archiveView{s.Kit.Frame(r, "upkeep.archive", "settings"), archive.MinPassphrase})
}

// makeArchive streams the file: it may be large, and nothing of it is left on this machine.
func (s Site) makeArchive(w http.ResponseWriter, r *http.Request) error {
	pass := r.PostFormValue("passphrase")
	switch {
	case pass != r.PostFormValue("again"):
		return &api.Refused{Key: "upkeep.not_the_same"}
	case len([]rune(pass)) < archive.MinPassphrase:
		return &api.Refused{Key: "archive.weak"}
	}
	page.Note(r, "archive.make", "")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)) // if it can't be set, the usual one holds
	page.Download(w, "application/octet-stream", "mimawari-"+s.Kit.Now().In(s.Kit.Place()).Format("20060102-1504")+".age")
	return inWords(s.Archives.Archive(r.Context(), w, pass))
}

// Restore takes an archive of whoever may manage.
func (s Site) Restore(w http.ResponseWriter, r *http.Request) error {
	return s.Take(w, r, func(string) bool { return true })
}

// Take takes an archive: code and passphrase come first in the form, then the file, which is read as it arrives. permit says whether the
// code is good enough.
func (s Site) Take(w http.ResponseWriter, r *http.Request, permit func(code string) bool) error {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Hour)) // if it can't be set, the usual one holds
	m, err := r.MultipartReader()
	if err != nil {
		return &api.Refused{Key: "upkeep.no_file"}
	}
	fields := map[string]string{}
	for len(fields) < maxFields {
		part, err := m.NextPart()
		if err != nil {
			return &api.Refused{Key: "upkeep.no_file"}
		}
		if part.FormName() == "archive" {
			if !permit(fields["code"]) {
				return &api.Refused{Key: "gate.bad_code"}
			}
			return s.stage(w, r, part, fields["passphrase"])
		}
		b, err := io.ReadAll(io.LimitReader(part, maxPassphrase))
		if err != nil {
			return &api.Refused{Key: "upkeep.no_file"}
		}
		fields[part.FormName()] = string(b)
	}
	return &api.Refused{Key: "upkeep.no_file"}
}

// maxFields and maxPassphrase bound what comes before the file.
const (
	maxFields     = 8
	maxPassphrase = 1000
)

func (s Site) stage(w http.ResponseWriter, r *http.Request, file io.Reader, pass string) error {
	if err := s.Archives.Stage(r.Context(), file, pass); err != nil {
		return inWords(err)
	}
	page.Note(r, "archive.restore", "")
	return s.begin(w, r)
}

var restartPage = page.MustParse(pages, "restart")

// begin shows what happens now and lets the server begin anew with the restored data.
func (s Site) begin(w http.ResponseWriter, r *http.Request) error {
	v := archiveView{s.Kit.Frame(r, "upkeep.restart", "settings"), 0}
	v.Bare = true
	err := s.Kit.Render(w, r, http.StatusOK, restartPage, v)
	s.Archives.Restart()
	return err
}

// inWords turns what a person can do something about into words.
func inWords(err error) error {
	var c *certs.Error
	var a *archive.Error
	switch {
	case errors.As(err, &c):
		return &api.Refused{Key: "certs." + string(c.Code), Pairs: []string{"where", c.Where}}
	case errors.As(err, &a):
		return &api.Refused{Key: "archive." + string(a.Code)}
	}
	return err
}
