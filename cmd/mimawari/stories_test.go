package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/locale"
)

// toldElsewhere are rules about the limits and forms of tables; the tests of internal/ledger tell them.
var toldElsewhere = strings.Fields(`
	ledger.missing_name ledger.row_without_name ledger.header_uncertain ledger.header_ambiguous ledger.formula_error ledger.formula_empty
	ledger.cell_too_long ledger.addresses_free ledger.section_read ledger.undecodable ledger.overlap_unchecked ledger.sheets_left_out
	ledger.columns_left_out ledger.merges_left_out ledger.formulas_left_out`)

// Every rule has a story in which it fires, and every rule but the ledger's a near miss beside it.
func TestEveryRuleHasAStory(t *testing.T) {
	files, err := filepath.Glob("../../scenario/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatal(len(files), err)
	}
	told, near := map[string]bool{}, map[string]bool{}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(b), "\n") {
			f := strings.Fields(line)
			if len(f) >= 3 && strings.Contains(f[0], ".") {
				told[f[0]] = true
				near[f[0]] = near[f[0]] || strings.Contains(strings.ToLower(string(b)), "near miss")
			}
		}
	}
	for _, rule := range toldElsewhere {
		told[rule] = true
	}
	rules, err := locale.Rules()
	if err != nil || len(rules) < 40 {
		t.Fatal(len(rules), err)
	}
	for _, r := range rules {
		rule := r.ID
		if !told[rule] {
			t.Errorf("%s: no story in scenario/ has it", rule)
		}
		if !near[rule] && !strings.HasPrefix(rule, "ledger.") && rule != "inventory.no_ledger" {
			t.Errorf("%s: its story has no near miss", rule)
		}
	}
}
