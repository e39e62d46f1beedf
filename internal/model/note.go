package model

import "time"

// Note is what people write on a host: where it stands, what to know of it, what it looks like. It is not the ledger: it stays with the
// machine that was seen, declared or not.
type Note struct {
	Host  string    `json:"host"`
	Place string    `json:"place"`
	Text  string    `json:"text"`
	Photo string    `json:"photo"` // digest of the picture, "" if there is none
	Who   string    `json:"who"`
	At    time.Time `json:"at"`
}

// MaxNote is the longest text of a note, in bytes.
const MaxNote = 4000
