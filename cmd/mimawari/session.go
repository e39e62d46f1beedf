package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/mimawari/mimawari/internal/api"
	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/audit"
	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/notify"
	"github.com/mimawari/mimawari/internal/seal"
	"github.com/mimawari/mimawari/internal/store"
)

func (s *session) t(key string, pairs ...string) string { return locale.T(s.lang, key, pairs...) }

func (s *session) dataFlag(c *cobra.Command, dir *string) {
	c.Flags().StringVar(dir, "data", app.DataDir(os.Getenv), s.t("cli.flag.data"))
}

// fail says in words what a person can do something about, and gives the exit code: a file that can't be read or data that
// can't be opened is the user's to mend; anything else is ours.
func (s *session) fail(err error) error {
	text, code := s.inWords(err)
	fmt.Fprintf(s.err, "mimawari: %s\n", text)
	return exitError{code}
}

// failAbout is fail where a wrong id is the likely mistake.
func (s *session) failAbout(id string, err error) error {
	if errors.Is(err, model.ErrNotFound) && id != "" {
		err = &api.Refused{Key: "cli.no_such_id", Pairs: []string{"id", id}}
	}
	return s.fail(err)
}

func (s *session) inWords(err error) (string, int) {
	var file *ledger.FileError
	var data *store.Error
	var key *seal.Error
	var unsent *notify.SendError
	var wrong notify.Problems
	var sign *audit.KeyError
	var damage *capture.Damage
	var refused *api.Refused
	var path *os.PathError
	switch {
	case errors.Is(err, context.Canceled):
		return s.t("cli.stopped"), exitPartial
	case errors.As(err, &file):
		return file.In(s.lang), exitPartial
	case errors.As(err, &data):
		return s.t("store."+string(data.Code), data.Pairs()...), exitPartial
	case errors.As(err, &key):
		return s.t("seal."+string(key.Code), "where", key.Where), exitPartial
	case errors.As(err, &unsent):
		return locale.Trouble(s.lang, unsent.Trouble), exitPartial
	case errors.As(err, &wrong):
		return s.problems(wrong), exitUsage
	case errors.As(err, &sign):
		return s.t("audit.key_file", "where", sign.Path, "why", s.whyPath(sign.Err)), exitPartial
	case errors.As(err, &damage):
		return locale.Trouble(s.lang, damage.Trouble()), exitPartial
	case errors.As(err, &refused):
		return s.t(refused.Key, refused.Pairs...), exitUsage
	case errors.Is(err, model.ErrNotFound):
		return s.t("api.not_found"), exitUsage
	case errors.As(err, &path):
		return s.t("cli.path_error", "path", path.Path, "why", s.whyPath(path.Err)), exitPartial
	}
	return err.Error(), exitInternal
}

// pathTroubles are what the system says of files and places, with the words for it.
var pathTroubles = []struct {
	err error
	key string
}{
	{fs.ErrNotExist, "cli.why.missing"},
	{fs.ErrPermission, "cli.why.denied"},
	{syscall.ENOSPC, "cli.why.full"},
	{syscall.EROFS, "cli.why.read_only"},
	{syscall.ENOTDIR, "cli.why.no_folder"},
	{syscall.EISDIR, "cli.why.is_folder"},
	{fs.ErrExist, "cli.why.is_folder"}, // a file can't be put where a folder is
}

func (s *session) whyPath(err error) string {
	for _, x := range pathTroubles {
		if errors.Is(err, x.err) {
			return s.t(x.key)
		}
	}
	return err.Error()
}

// progress shows how far reading is: a bar on a terminal, else a line every ten seconds.
type progress struct {
	s     *session
	bar   *progressbar.ProgressBar
	name  string
	tty   bool
	quiet bool
	last  time.Time
}

func (s *session) progress(quiet bool) *progress {
	f, ok := s.err.(*os.File)
	return &progress{s: s, quiet: quiet, tty: ok && isatty.IsTerminal(f.Fd()), last: time.Now()}
}

const progressEvery = 10 * time.Second

func (p *progress) report(name string, done, total int64) {
	if p.quiet {
		return
	}
	if !p.tty {
		if time.Since(p.last) >= progressEvery {
			p.last = time.Now()
			fmt.Fprintln(p.s.err, p.s.t("cli.progress", "file", name, "mb", fmt.Sprint(done>>20)))
		}
		return
	}
	if p.name != name {
		p.done()
		p.name = name
		if total <= 0 {
			total = -1
		}
		p.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.s.err), progressbar.OptionSetDescription(name),
			progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	}
	_ = p.bar.Set64(done) // a bar that can't be drawn is no reason to stop
}

func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}

// warn says on stderr what is wrong with an input.
func (s *session) warn(t model.Trouble) { fmt.Fprintf(s.err, "! %s\n", locale.Trouble(s.lang, t)) }
