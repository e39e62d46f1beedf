package ledger

import (
	"slices"

	"github.com/mimawari/mimawari/internal/model"
)

// What becomes of rows that only the stored ledger has when a workbook is taken in.
const (
	KeepRest   = "keep"   // they stay
	RetireRest = "retire" // machines get the status 廃棄, other rows stay
	RemoveRest = "remove" // they go
)

// Rests are the ways to handle the rows that a workbook does not have.
var Rests = []string{KeepRest, RetireRest, RemoveRest}

// RetiredStatus is the status of machines that a workbook no longer lists.
const RetiredStatus = "廃棄"

// TakeIn joins an imported ledger with the stored one: imported rows say what is so; what only the stored one has is
// handled as rest says. Neither is changed.
func TakeIn(stored, imported *model.Ledger, rest string) *model.Ledger {
	out := next(imported)
	if stored != nil && rest != RemoveRest {
		for _, k := range Kinds {
			keepRest(out, stored, k, rest)
		}
	}
	out.Hosts = slices.Clone(out.Hosts)
	assignKeys(out.Hosts)
	return out
}

func keepRest(out, stored *model.Ledger, k Kind, rest string) {
	s := sectionOf[k]
	_, gone, came := pair(s.records(stored), s.records(out))
	if k == KindHosts {
		_, gone, _ = pairByIdentity(s.fields(), nil, gone, came)
	}
	left := map[string]int{}
	for _, r := range gone {
		left[r.key+"\x00"+content(r.values, r.extra)]++
	}
	picks := whole(s, next(out))
	kept := next(stored)
	if k == KindHosts && rest == RetireRest {
		kept.Hosts = retired(kept.Hosts)
	}
	for i, r := range s.records(stored) {
		if c := r.key + "\x00" + content(r.values, r.extra); left[c] > 0 {
			left[c]--
			picks = append(picks, pick{kept, i})
		}
	}
	s.compose(out, picks)
}

func retired(hs []model.LedgerHost) []model.LedgerHost {
	hs = slices.Clone(hs)
	for i := range hs {
		if !hs[i].Retired {
			hs[i].Status, hs[i].Retired = RetiredStatus, true
		}
	}
	return hs
}
