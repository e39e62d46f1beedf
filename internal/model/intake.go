package model

import "time"

// UploadState is how far an upload is. The values are stable: they are stored.
type UploadState string

// The states.
const (
	Receiving UploadState = "receiving" // bytes are still missing
	Ready     UploadState = "ready"     // whole, and of a kind that can be read
	Refused   UploadState = "refused"   // whole, but nothing that can be used: Trouble says what it looks like
)

// UploadKind is what a file is good for.
type UploadKind string

// The kinds.
const (
	UploadCapture UploadKind = "capture" // pcap, pcapng
	UploadTable   UploadKind = "table"   // address tables, DHCP lists, logs: what package collect reads
	UploadLedger  UploadKind = "ledger"  // a workbook or CSV that is a ledger
)

// Upload is a file that people gave. Its bytes lie under a name made from ID alone; Name is only shown.
type Upload struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"` // cleaned, without folders
	Size    int64       `json:"size"`
	Offset  int64       `json:"offset"` // bytes that have arrived; the file itself is the truth
	SHA256  string      `json:"sha256"` // hex as the sender gave it, "" if not
	State   UploadState `json:"state"`
	Kind    UploadKind  `json:"kind"`   // "" until it is whole
	Format  string      `json:"format"` // pcap, pcapng, arp, zeek-tsv, xlsx...
	Rows    uint64      `json:"rows"`   // of a table, 0 if not counted
	By      string      `json:"by"`
	Made    time.Time   `json:"made"`
	Touched time.Time   `json:"touched"` // when bytes last arrived
	Trouble *Trouble    `json:"trouble,omitempty"`
	Round   string      `json:"round,omitempty"` // the newest Round that read it
}

// RoundState is how far a patrol that the pages started is.
type RoundState string

// The states.
const (
	RoundQueued    RoundState = "queued"
	RoundRunning   RoundState = "running"
	RoundDone      RoundState = "done"
	RoundFailed    RoundState = "failed"
	RoundCancelled RoundState = "cancelled"
)

// Round is one patrol that was asked for in the pages or by a schedule: from the wish to its result.
type Round struct {
	ID        string        `json:"id"`
	State     RoundState    `json:"state"`
	Uploads   []string      `json:"uploads,omitempty"` // ids
	Ledger    string        `json:"ledger,omitempty"`  // id of an upload that is the ledger
	Paths     []string      `json:"paths,omitempty"`   // watched folders
	Interface string        `json:"interface,omitempty"`
	For       time.Duration `json:"for,omitempty"` // how long the interface is watched
	Schedule  string        `json:"schedule,omitempty"`
	By        string        `json:"by"`
	Made      time.Time     `json:"made"`
	Started   time.Time     `json:"started"`
	Ended     time.Time     `json:"ended"`
	Tries     int           `json:"tries"`             // how often it was begun
	Partial   bool          `json:"partial,omitempty"` // something could not be read, or not to its end
	Hosts     int           `json:"hosts,omitempty"`   // machines that were there
	Patrol    string        `json:"patrol,omitempty"`  // id of the Patrol stored
	Trouble   *Trouble      `json:"trouble,omitempty"`
}

// WatchKind is what is watched.
type WatchKind string

// The kinds.
const (
	WatchInterface WatchKind = "interface" // a network interface of this computer, at a mirror port
	WatchFolder    WatchKind = "folder"    // a folder in which something else puts captures and logs
)

// Watch is a source that is looked at again and again.
type Watch struct {
	ID   string    `json:"id"`
	Kind WatchKind `json:"kind"`
	Name string    `json:"name"` // of the interface, or path of the folder
	On   bool      `json:"on"`   // an interface that is on is watched all the time; folders are read by schedules
	By   string    `json:"by"`
	Made time.Time `json:"made"`
}

// Schedule is a patrol every day at the same time.
type Schedule struct {
	ID      string        `json:"id"`
	At      int           `json:"at"`      // minutes after midnight, local time
	Watches []string      `json:"watches"` // ids of folders and interfaces
	Uploads bool          `json:"uploads"` // and what was uploaded since the last time
	For     time.Duration `json:"for"`     // how long interfaces are watched
	On      bool          `json:"on"`
	Last    time.Time     `json:"last"` // the time that was planned, of the last one that was started
	By      string        `json:"by"`
	Made    time.Time     `json:"made"`
}

// IntakeLimits bound what people may upload. Zero fields take their default.
type IntakeLimits struct {
	Quota    int64 `json:"quota"`       // bytes of all uploads together
	KeepDays int   `json:"keep_days"`   // after so many days an upload is deleted
	MaxFiles int   `json:"max_files"`   // uploads that are kept
	MinFree  int64 `json:"min_free"`    // bytes of the disk that stay free
	Stale    int   `json:"stale_hours"` // hours after which an upload that does not go on is deleted
}
