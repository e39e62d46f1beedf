package model

// InstitutionKind is the kind of an institution: it says which rules of the ministry are for it.
type InstitutionKind string

// The kinds.
const (
	Hospital InstitutionKind = "hospital"
	Clinic   InstitutionKind = "clinic" // with or without beds
	Dental   InstitutionKind = "dental"
	Pharmacy InstitutionKind = "pharmacy"
)

// InstitutionKinds are all kinds, in the order in which people are asked.
var InstitutionKinds = []InstitutionKind{Hospital, Clinic, Dental, Pharmacy}

// Institution is whose network this is, as its people say.
type Institution struct {
	Name     string          `json:"name"`
	Kind     InstitutionKind `json:"kind"` // "": not said yet
	Beds     int             `json:"beds"` // 0: none, or not said
	Contacts []Contact       `json:"contacts,omitempty"`
	// OpenEmergency: the emergency page may be read without signing in.
	OpenEmergency bool `json:"open_emergency"`
}

// Contact is somebody to call when something is wrong, in the order in which they are called.
type Contact struct {
	Role  string `json:"role"` // 院長, 電子カルテの業者, 警察...: as written
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Mail  string `json:"mail"`
	Note  string `json:"note,omitempty"`
}
