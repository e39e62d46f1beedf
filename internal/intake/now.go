package intake

import (
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// RoundProgress is how far the round is that runs.
type RoundProgress struct {
	Round   string `json:"round"`
	Source  string `json:"source"`  // what is being read
	Done    int64  `json:"done"`    // bytes of it
	Total   int64  `json:"total"`   // 0 if not known
	Packets uint64 `json:"packets"` // so far, of all sources
	Hosts   int    `json:"hosts"`   // machines so far
	// Waiting says who holds the data, if the round waits for another program.
	Waiting map[string]string `json:"waiting,omitempty"`
}

// WatchState says in one word how an interface is; the words are "intake.watch.STATE".
type WatchState string

// The states.
const (
	WatchOff       WatchState = "off"
	WatchStarting  WatchState = "starting"  // for less than a minute, nothing yet
	WatchSeeing    WatchState = "seeing"    // traffic of others
	WatchQuiet     WatchState = "quiet"     // not one frame in the last minute
	WatchBroadcast WatchState = "broadcast" // only frames to everybody: the mirror port does not mirror
	WatchOwn       WatchState = "own"       // besides, only frames of this computer itself
	WatchNoLink    WatchState = "no_link"   // no cable, or nothing at its other end
	WatchLost      WatchState = "lost"      // can't be opened: Trouble says why
)

// WatchNow is a source and what it saw in the last minute, or why nothing.
type WatchNow struct {
	model.Watch
	State   WatchState     `json:"state"`
	Trouble *model.Trouble `json:"trouble,omitempty"`
	Since   time.Time      `json:"since"` // of the state of the interface: opened, or lost
	Losses  int            `json:"losses"`
	Packets uint64         `json:"packets"` // in the last minute
	Bytes   uint64         `json:"bytes"`
	Dropped uint64         `json:"dropped"`
	Hosts   int            `json:"hosts"` // machines since the watch began
	Last    time.Time      `json:"last"`  // of the last frame
	Saved   time.Time      `json:"saved"` // when what was seen was last stored
	ByFlag  bool           `json:"by_flag,omitempty"`
}

// ScheduleNow is a schedule and when it runs next; zero if it is off.
type ScheduleNow struct {
	model.Schedule
	Next time.Time `json:"next,omitzero"`
}

// Interface is a network interface that could be watched.
type Interface struct {
	Name string `json:"name"`
	Up   bool   `json:"up"`
	Link bool   `json:"link"` // a cable with something at its other end
}
