package hospitalsim

import "fmt"

// slips are the mistakes in the sheet of machines: which rule of the ledger check finds each, whose row, and what is wrong.
var slipList = []struct {
	rule, name string
	column     int
	value      string
	what       string
}{
	{"ledger.duplicate_ip", "UPS2", colIP, "10.4.0.51", "the row was copied from UPS1"},
	{"ledger.invalid_ip", "SW07", colIP, "10.4.0.１７７７", "a digit too many"},
	{"ledger.ip_outside_network", "CAM10", colIP, "10.55.2.20", "a 5 too many"},
}

const (
	twoOwners   = "NVR01"
	secondOwner = "防災センター"
)

// slip makes the mistakes in the rows.
func slip(s *sheet) {
	for _, x := range slipList {
		s.rows[s.find(x.name)][x.column] = x.value
	}
	for _, name := range []string{"PRN02", "PRN07", "TEL05", "AP03"} { // right, but in full width
		r := s.rows[s.find(name)]
		r[colIP] = wide(r[colIP])
	}
	again := append([]string(nil), s.rows[s.find(twoOwners)]...)
	again[colAsset], again[colIP], again[colMAC], again[colOwner] = "", "", "", secondOwner
	s.rows = append(s.rows, again)
}

func (s *sheet) find(name string) int {
	for i, r := range s.rows {
		if r[colName] == name {
			return i
		}
	}
	panic("BUG: no row " + name)
}

// slips notes the mistakes of the ledger in the manifest.
func (w *world) slips() {
	s := hostSheet(w.town)
	place := func(i, col int) string { return fmt.Sprintf("%s!%c%d", sheetHosts, 'A'+col, tableHeader+1+i) }
	for _, x := range slipList {
		w.planted = append(w.planted, Planted{Rule: x.rule, Value: place(s.find(x.name), x.column), What: x.name + ": " + x.what})
	}
	w.planted = append(w.planted, Planted{Rule: "ledger.two_owners", Value: place(s.find(twoOwners), colOwner), What: twoOwners + ": two rows, two people in charge"},
		Planted{Rule: "ledger.missing_address", Value: place(len(s.rows)-1, colIP), What: twoOwners + ": the second row has no address"})
}
