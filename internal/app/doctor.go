package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/capture"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/store"
)

// Grade is how a check went.
type Grade string

// The grades.
const (
	Good Grade = "ok"
	Note Grade = "note" // works, but somebody should look
	Bad  Grade = "bad"
)

// Checkup is one line of the doctor. Key selects the words (catalog/locale "doctor.KEY.GRADE"), Args fill them.
type Checkup struct {
	Key   string            `json:"check"`
	Grade Grade             `json:"grade"`
	Args  map[string]string `json:"args,omitempty"`
	Err   error             `json:"-"` // why it is bad, for the words
}

// minDisk is how much room a day of patrols wants.
const minDisk = 1 << 30

// Doctor looks at everything that a patrol needs and says how it is. It changes nothing.
func Doctor(ctx context.Context, dir string, now time.Time) []Checkup {
	list := []Checkup{checkClock(now), checkDirectory(dir), checkDisk(dir)}
	s, err := store.OpenReadOnly(ctx, database(dir))
	var missing *store.Error
	switch {
	case errors.As(err, &missing) && missing.Code == store.Missing:
		list = append(list, Checkup{Key: "data", Grade: Note})
	case err != nil:
		list = append(list, Checkup{Key: "data", Grade: Bad, Args: map[string]string{"why": err.Error()}, Err: err})
	default:
		defer s.Close()
		list = append(list, checkData(ctx, s))
		list = append(list, checkMemory(ctx, s, now)...)
		list = append(list, checkFlows(ctx, dir, s))
		list = append(list, checkNotify(ctx, dir, s, now)...)
	}
	return append(list, checkInterfaces()...)
}

// checkClock: a clock before the program was written is wrong for sure.
func checkClock(now time.Time) Checkup {
	c := Checkup{Key: "clock", Grade: Good, Args: map[string]string{"now": now.Format("2006-01-02 15:04 MST")}}
	if now.Year() < 2026 {
		c.Grade = Bad
	}
	return c
}

func checkDirectory(dir string) Checkup {
	c := Checkup{Key: "directory", Grade: Good, Args: map[string]string{"dir": dir}}
	st, err := os.Stat(dir)
	if errors.Is(err, os.ErrNotExist) {
		c.Grade = Note
		return c
	}
	if err != nil || !st.IsDir() {
		c.Grade = Bad
		return c
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		c.Grade = Bad
		return c
	}
	if errors.Join(f.Close(), os.Remove(f.Name())) != nil {
		c.Grade = Bad
	}
	return c
}

func checkDisk(dir string) Checkup {
	for dir != "" && dir != "." {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	free, err := freeBytes(dir)
	if err != nil {
		return Checkup{Key: "disk", Grade: Note, Args: map[string]string{"free": "?"}}
	}
	c := Checkup{Key: "disk", Grade: Good, Args: map[string]string{"free": fmt.Sprintf("%.1f GB", float64(free)/1e9)}}
	if free < minDisk {
		c.Grade = Bad
	}
	return c
}

func checkData(ctx context.Context, s *store.Store) Checkup {
	r, err := s.Check(ctx)
	switch {
	case err != nil:
		return Checkup{Key: "data", Grade: Bad, Args: map[string]string{"why": err.Error()}, Err: err}
	case len(r.Problems) > 0:
		return Checkup{Key: "data", Grade: Bad, Args: map[string]string{"why": r.Problems[0].Text}}
	}
	return Checkup{Key: "data", Grade: Good}
}

// checkMemory looks at the last patrol and the ledger.
func checkMemory(ctx context.Context, s *store.Store, now time.Time) []Checkup {
	known, err := s.LoadKnown(ctx)
	if err != nil {
		return []Checkup{{Key: "data", Grade: Bad, Args: map[string]string{"why": err.Error()}, Err: err}}
	}
	led := Checkup{Key: "ledger", Grade: Note}
	if known.Ledger != nil {
		led = Checkup{Key: "ledger", Grade: Good, Args: map[string]string{"version": strconv.Itoa(known.Ledger.Version), "hosts": strconv.Itoa(len(known.Ledger.Hosts))}}
	}
	p := known.Last
	if p == nil {
		return []Checkup{led, {Key: "patrol", Grade: Note, Args: map[string]string{"at": "-"}}}
	}
	round := Checkup{Key: "patrol", Grade: Good, Args: map[string]string{"at": p.Ended.In(now.Location()).Format("2006-01-02 15:04")}}
	if age := now.Sub(p.Ended); age > staleNow(ctx, s) || age < -time.Hour {
		round.Grade = Note
	}
	return []Checkup{led, round, checkMirror(known, p)}
}

// minAnswered is how many TCP connections must have been seen in both directions before a mirror port is called sound.
const minAnswered = 20

// checkMirror answers: is the mirror port really mirroring? Too little traffic to say is said as such.
func checkMirror(known model.Known, p *model.Patrol) Checkup {
	for _, f := range known.Findings {
		if f.Rule == "capture.blind" && f.State != model.Resolved {
			return Checkup{Key: "mirror", Grade: Bad, Args: map[string]string{"source": f.Params["source"]}}
		}
	}
	for _, s := range p.Sources {
		if s.Answered >= minAnswered {
			return Checkup{Key: "mirror", Grade: Good, Args: map[string]string{"source": s.Name}}
		}
	}
	return Checkup{Key: "mirror", Grade: Note}
}

// checkInterfaces tries to open each interface that is up: nothing is sent, nothing kept.
func checkInterfaces() []Checkup {
	ifs, err := net.Interfaces()
	if err != nil {
		return []Checkup{{Key: "interface", Grade: Note, Args: map[string]string{"name": "-", "why": err.Error()}}}
	}
	var out []Checkup
	for _, i := range ifs {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		c := Checkup{Key: "interface", Grade: Good, Args: map[string]string{"name": i.Name, "why": ""}}
		l, err := capture.OpenLive(i.Name, capture.LiveOptions{Ring: 1 << 20, Batches: 1})
		if err != nil {
			c.Grade, c.Args["why"] = Note, err.Error()
		} else {
			_ = l.Close() // only whether it opens matters
		}
		out = append(out, c)
	}
	return out
}
