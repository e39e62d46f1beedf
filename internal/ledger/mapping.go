package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Mapping is what people have taught us about their headers and sheets. It is stored and given to the next import.
type Mapping struct {
	Columns map[string]string `json:"columns,omitempty"` // folded header -> field of a Kind, or "-": not used
	Sheets  map[string]string `json:"sheets,omitempty"`  // folded sheet name -> Kind, or "-": passed over
}

// Versions is what the commands ask of the store. Undo is saving an older version anew, so that nothing is lost.
type Versions interface {
	LatestLedger(ctx context.Context) (*model.Ledger, error) // nil if there is none
	LedgerVersion(ctx context.Context, n int) (*model.Ledger, error)
	LedgerVersions(ctx context.Context) ([]model.LedgerInfo, error) // newest first
	SaveLedger(ctx context.Context, l *model.Ledger) (version int, err error)
	Settings
}

// Settings keeps small texts by key.
type Settings interface {
	Setting(ctx context.Context, key string) (string, error) // "" if not set
	SaveSetting(ctx context.Context, key, value string) error
}

// mappingSetting is the key under which a Mapping is stored as JSON.
const mappingSetting = "ledger.mapping"

// LoadMapping gives what earlier corrections taught; an empty mapping if there were none.
func LoadMapping(ctx context.Context, s Settings) (m Mapping, err error) {
	text, err := s.Setting(ctx, mappingSetting)
	if err != nil || text == "" {
		return m, err
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return Mapping{}, fmt.Errorf("read stored header corrections: %w", err)
	}
	return m, nil
}

// SaveMapping stores m for the next import.
func SaveMapping(ctx context.Context, s Settings, m Mapping) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("store header corrections: %w", err)
	}
	return s.SaveSetting(ctx, mappingSetting, string(b))
}

// ignored says that a column or sheet is not used.
const ignored = "-"

// LearnColumn reads a correction "header=field". The field may be an id (ip), a header of the template (IPアドレス), or
// "-" for a column that means nothing to us.
func (m *Mapping) LearnColumn(correction string) error {
	header, field, ok := cutLast(correction)
	if !ok || foldHeader(header) == "" {
		return &MappingError{Code: "column_form", Text: correction}
	}
	id, ok := fieldNamed(field)
	if !ok {
		return &MappingError{Code: "no_field", Text: field}
	}
	if m.Columns == nil {
		m.Columns = map[string]string{}
	}
	m.Columns[foldHeader(header)] = id
	return nil
}

// LearnSheet reads a correction "sheet=kind", where kind is one of Kinds, a sheet name of the template, or "-".
func (m *Mapping) LearnSheet(correction string) error {
	name, kind, ok := cutLast(correction)
	if !ok || foldHeader(name) == "" {
		return &MappingError{Code: "sheet_form", Text: correction}
	}
	k, ok := kindNamed(kind)
	if !ok {
		return &MappingError{Code: "no_kind", Text: kind}
	}
	if m.Sheets == nil {
		m.Sheets = map[string]string{}
	}
	m.Sheets[foldHeader(name)] = k
	return nil
}

// MappingError says what is wrong with a correction that a person typed. Code selects the words (catalog/locale, key
// "ledger.mapping.CODE").
type MappingError struct {
	Code string // column_form, no_field, sheet_form, no_kind
	Text string // what was typed
}

// Error gives the words in English.
func (e *MappingError) Error() string { return e.In(locale.English) }

// In gives the words in l, with what may be written instead.
func (e *MappingError) In(l locale.Lang) string {
	var choices []string
	switch e.Code {
	case "no_field":
		for _, f := range sectionOf[KindHosts].fields() {
			choices = append(choices, fieldLabel(l, KindHosts, f))
		}
	case "no_kind":
		for _, k := range Kinds {
			choices = append(choices, kindLabel(l, k))
		}
	}
	return locale.T(l, "ledger.mapping."+e.Code, "text", oneLine(e.Text), "choices", strings.Join(append(choices, ignored), ", "))
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndex(s, "=")
	if i <= 0 {
		return "", "", false
	}
	return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:]), true
}

func fieldIDs() []string {
	ids := map[string]bool{}
	for _, s := range sectionOf {
		for _, f := range s.fields() {
			ids[f] = true
		}
	}
	return append(slices.Sorted(maps.Keys(ids)), ignored)
}

func fieldNamed(s string) (string, bool) {
	if slices.Contains(fieldIDs(), s) {
		return s, true
	}
	for _, k := range Kinds {
		if f, ok := words().fields[string(k)][foldHeader(s)]; ok {
			return f, true
		}
	}
	return "", false
}

// FieldNamed gives the field of a kind that is meant by its id or a header.
func FieldNamed(k Kind, s string) (string, bool) {
	fields := Fields(k)
	if slices.Contains(fields, s) {
		return s, true
	}
	f, ok := words().fields[string(k)][foldHeader(s)]
	return f, ok && slices.Contains(fields, f)
}

func kindNamed(s string) (string, bool) {
	if s == ignored || slices.Contains(Kinds, Kind(s)) {
		return s, true
	}
	for _, k := range Kinds {
		for _, l := range locale.Langs {
			if s == kindLabel(l, k) {
				return string(k), true
			}
		}
	}
	return "", false
}

// Merge gives a mapping with what newer says laid over m.
func (m Mapping) Merge(newer Mapping) Mapping {
	out := Mapping{Columns: map[string]string{}, Sheets: map[string]string{}}
	maps.Copy(out.Columns, m.Columns)
	maps.Copy(out.Columns, newer.Columns)
	maps.Copy(out.Sheets, m.Sheets)
	maps.Copy(out.Sheets, newer.Sheets)
	return out
}

// fieldLabel is the header of a field on templates and exports.
func fieldLabel(l locale.Lang, k Kind, field string) string {
	return locale.T(l, "ledger.field."+string(k)+"."+field)
}

// kindLabel is the sheet name of a kind on templates and exports.
func kindLabel(l locale.Lang, k Kind) string { return locale.T(l, "ledger.kind."+string(k)) }
