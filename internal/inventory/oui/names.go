package oui

// Names calls yield with every organisation that has an assignment, each once, in no particular order, until it returns false.
func (t *Table) Names(yield func(string) bool) {
	for i := range len(t.offsets) - 1 {
		if !yield(t.name(uint32(i))) {
			return
		}
	}
}

// Embedded is the built-in table.
func Embedded() (*Table, error) { return embedded() }
