package decide

import (
	"time"

	"github.com/mimawari/mimawari/internal/ledger"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// What whoever carries decisions out and whoever asks for them share.

// Person is who decides, why, and in which language texts are kept.
type Person struct {
	Name, Why string
	Lang      locale.Lang
}

// Moment is all that the ledger pages show, as of one moment. It is immutable.
type Moment struct {
	Stamp   model.Stamp
	Ledger  *model.Ledger // nil if there is none
	Index   *ledger.Index
	Hosts   map[string]model.Host
	Pairing *Pairing
	Last    time.Time // when a machine was last seen
}

// RowEdit is one row as a person changed it in a form.
type RowEdit struct {
	ledger.Edit
	Version int    // the ledger version that the form showed; 0: whatever is newest
	Digest  string // Row.Digest of the row as the form showed it; "": do not compare
	Anyway  bool   // store although something looks wrong
}

// RowSaved is the outcome of a RowEdit.
type RowSaved struct {
	Batch model.Batch
	ID    string             // of the row now, "" if removed
	Slips []ledger.FieldSlip // what looks wrong in the cells; stored all the same
	Clash []model.Slip       // what is wrong with the ledger as a whole because of the edit
}

// Doubtful is an edit that can be stored but looks wrong; nothing was stored.
type Doubtful struct{ RowSaved }

func (e *Doubtful) Error() string { return "the row looks wrong: nothing was stored" }

// Overtaken is an edit of a row that somebody else changed since the form was shown; nothing was stored.
type Overtaken struct {
	Now     ledger.Row // as it is now; zero if it is gone
	Gone    bool
	Changes []Changed
}

func (e *Overtaken) Error() string { return "somebody else changed the row: nothing was stored" }

// Changed is a field that somebody changed.
type Changed struct {
	ledger.FieldChange
	Who string
	At  time.Time
}

// Undone is the outcome of taking a batch back.
type Undone struct {
	Batch   model.Batch
	Old     model.Batch
	Clashes []Blamed // not taken back
}

// Blamed is what can't be taken back, and who changed it.
type Blamed struct {
	Clash
	Who string
	At  time.Time
}
