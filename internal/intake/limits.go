package intake

import (
	"cmp"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// The limits where nobody has said otherwise.
const (
	DefaultQuota    = 100 << 30
	DefaultKeepDays = 30
	DefaultMaxFiles = 500
	DefaultMinFree  = 2 << 30
	DefaultStale    = 72 // hours
)

// Limits fills what is not said.
func Limits(x model.IntakeLimits) model.IntakeLimits {
	x.Quota = cmp.Or(x.Quota, DefaultQuota)
	x.KeepDays = cmp.Or(x.KeepDays, DefaultKeepDays)
	x.MaxFiles = cmp.Or(x.MaxFiles, DefaultMaxFiles)
	x.MinFree = cmp.Or(x.MinFree, DefaultMinFree)
	x.Stale = cmp.Or(x.Stale, DefaultStale)
	return x
}

// Stored sums up what is there already.
type Stored struct {
	Files   int
	Bytes   int64 // on disk
	Awaited int64 // still to come of uploads that are not whole
}

// Sum sums up uploads. Those that are not whole count with the size that they will have.
func Sum(all []model.Upload) (s Stored) {
	for _, u := range all {
		s.Files++
		s.Bytes += u.Offset
		if u.State == model.Receiving {
			s.Awaited += u.Size - u.Offset
		}
	}
	return s
}

// Admit says whether an upload of size bytes may begin. free is how much the disk still takes, 0 if that is not known.
func Admit(l model.IntakeLimits, s Stored, size int64, free uint64) error {
	l = Limits(l)
	switch {
	case size <= 0:
		return refuse("empty")
	case s.Files >= l.MaxFiles:
		return refuse("too_many", "max", strconv.Itoa(l.MaxFiles))
	case size > l.Quota || s.Bytes+s.Awaited > l.Quota-size:
		return refuse("quota", "quota", Bytes(l.Quota), "used", Bytes(s.Bytes+s.Awaited), "size", Bytes(size))
	case free > 0 && !fits(free, l.MinFree, s.Awaited, size):
		return refuse("disk", "free", Bytes(int64(min(free, 1<<62))), "keep", Bytes(l.MinFree), "size", Bytes(size))
	}
	return nil
}

func fits(free uint64, keep, awaited, size int64) bool {
	room := int64(min(free, 1<<62)) - keep - awaited
	return size <= room
}

// Expired says whether an upload is to be deleted: it is old enough, or has not gone on for too long.
func Expired(l model.IntakeLimits, u model.Upload, now time.Time) bool {
	l = Limits(l)
	if u.State == model.Receiving {
		return now.Sub(u.Touched) > time.Duration(l.Stale)*time.Hour
	}
	return now.Sub(u.Touched) > time.Duration(l.KeepDays)*24*time.Hour
}

// Bytes shows a size as people read it: 1.5 GB. It uses powers of ten, as file managers and disks do.
func Bytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	x, i := float64(n), 0
	for x >= 999.5 && i < len(units)-1 {
		x /= 1000
		i++
	}
	if i == 0 || x >= 99.95 {
		return strconv.FormatFloat(x, 'f', 0, 64) + " " + units[i]
	}
	return strconv.FormatFloat(x, 'f', 1, 64) + " " + units[i]
}
