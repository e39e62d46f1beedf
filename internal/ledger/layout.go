package ledger

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// layout is how a sheet is to be read: what it declares, where its header ends and which column means what.
type layout struct {
	kind    Kind
	from    int // rows of the head that are the header: from, from+span
	span    int
	headers []string // text of the header of each column
	last    []string // its lowest row
	columns map[string][]int
	uses    []ColumnUse
	score   float64
}

// ColumnUse tells how one column was understood.
type ColumnUse struct {
	Header string  `json:"header"`
	Column string  `json:"column"` // letter
	Field  string  `json:"field"`  // "" if it has no meaning to us
	Score  float64 `json:"score"`  // 1 is sure; below Sure it is a guess
	Taught bool    `json:"taught"` // a person said so
	Lost   bool    `json:"lost"`   // another column was a better fit for the same field
}

// Sure is the score from which a header counts as understood.
const Sure = 0.75

const (
	headRows   = 30 // the header is looked for in these rows
	sampleRows = 60 // values that help to understand a column
)

// multiple are the fields that several columns may fill.
var multiple = map[string]bool{"ip": true, "mac": true, "gateways": true, "macs": true, "peers": true}

// essential are the fields of which a sheet of that kind must have one.
var essential = map[Kind][]string{KindHosts: {"name", "ip", "mac", "asset_no"}, KindNetworks: {"prefix", "name"}, KindLines: {"name", "kind", "carrier"}}

// findLayout tries every row as header and every kind of sheet, and takes the best fit.
func findLayout(sheet string, head []row, m Mapping) (best layout, ok bool) {
	kinds, bonus := kindsByName(sheet, m)
	mt := &matcher{taught: m, seen: map[matchKey]match{}}
	for i := range min(len(head), headRows) {
		for span := 1; span <= 2 && i+span <= len(head); span++ {
			if anyData(head[i : i+span]) {
				continue
			}
			headers := headerTexts(head[i : i+span])
			for _, k := range kinds {
				l := mt.fit(k, headers)
				l.from, l.span = i, span
				if l.score += bonus[k] - 0.3*float64(span-1); l.valid(bonus[k]) && l.score > best.score+1e-9 {
					best, ok = l, true
				}
			}
		}
	}
	if !ok {
		return best, false
	}
	best.last = make([]string, len(best.headers))
	for i := range best.last {
		best.last[i] = head[best.from+best.span-1].at(i).text
	}
	best.learnFromValues(head)
	return best, true
}

// kindsByName gives the kinds to try and what the sheet's name adds to each. A person's word leaves one.
func kindsByName(sheet string, m Mapping) ([]Kind, map[Kind]float64) {
	name := foldHeader(sheet)
	if k := Kind(m.Sheets[name]); k != "" && k != ignored {
		return []Kind{k}, map[Kind]float64{k: 3}
	}
	bonus := map[Kind]float64{}
	longest := 0
	for _, k := range Kinds {
		for _, w := range words().sheets[string(k)] {
			if n := utf8.RuneCountInString(w); n >= longest && hasWord(name, w) {
				if n > longest {
					clear(bonus)
				}
				longest = n
				bonus[k] = 2.5
			}
		}
	}
	return Kinds, bonus
}

// headerTexts joins the rows of a header column by column.
func headerTexts(rows []row) []string {
	n := 0
	for _, r := range rows {
		n = max(n, len(r.cells))
	}
	out := make([]string, n)
	for i := range out {
		for _, r := range rows {
			if t := r.at(i).text; t != "" && t != out[i] {
				out[i] = strings.TrimSpace(out[i] + "\n" + t)
			}
		}
	}
	return out
}

// anyData reports that a row holds values that no header has: addresses, MACs.
func anyData(rows []row) bool {
	for _, r := range rows {
		for _, c := range r.cells {
			if isAddress(c.text) || isMAC(c.text) {
				return true
			}
		}
	}
	return false
}

func isAddress(s string) bool {
	return len(s) < 200 && strings.ContainsAny(s, ".．。:") && len(readAddresses(s).ranges) > 0
}

func isMAC(s string) bool {
	if len(s) < 12 || len(s) > 100 {
		return false
	}
	m, _ := readMACs(s)
	return len(m) > 0
}

// maxHeader is the longest text that can be a header: longer ones are sentences.
const maxHeader = 200

type candidate struct {
	col    int
	field  string
	score  float64
	worth  float64
	taught bool
}

// matcher understands headers. The same texts are tried for every kind and several rows, so answers are kept.
type matcher struct {
	taught Mapping
	seen   map[matchKey]match
}

type matchKey struct {
	kind Kind
	text string
}

type match struct {
	candidate
	ok bool
}

// fit matches the headers with the fields of k.
func (mt *matcher) fit(k Kind, headers []string) layout {
	l := layout{kind: k, headers: headers, columns: map[string][]int{}, uses: make([]ColumnUse, len(headers))}
	var cs []candidate
	for i, h := range headers {
		l.uses[i] = ColumnUse{Header: h, Column: letter(i)}
		if c, ok := mt.header(k, h); ok {
			c.col = i
			cs = append(cs, c)
		}
	}
	slices.SortStableFunc(cs, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	for _, c := range cs {
		l.uses[c.col].Score, l.uses[c.col].Taught = c.score, c.taught
		if c.field == ignored {
			continue
		}
		taken := len(l.columns[c.field]) > 0
		if taken && (!multiple[c.field] || c.score < Sure) {
			l.uses[c.col].Lost = true
			continue
		}
		l.columns[c.field] = append(l.columns[c.field], c.col)
		l.uses[c.col].Field = c.field
		if !taken {
			l.score += c.worth
		}
	}
	for _, cols := range l.columns {
		slices.Sort(cols)
	}
	return l
}

// header finds the field a header means. A header of two rows is tried as the joined, the lower and the upper text.
func (mt *matcher) header(k Kind, header string) (best candidate, ok bool) {
	key := matchKey{k, header}
	if was, known := mt.seen[key]; known {
		return was.candidate, was.ok
	}
	best, ok = matchHeader(k, header, mt.taught)
	mt.seen[key] = match{best, ok}
	return best, ok
}

func matchHeader(k Kind, header string, m Mapping) (best candidate, ok bool) {
	if len(header) > maxHeader {
		return candidate{}, false
	}
	if f, taught := m.Columns[foldHeader(header)]; taught {
		if _, known := fieldIndex(k)[f]; known || f == ignored {
			return candidate{field: f, score: 1, worth: 1, taught: true}, true
		}
	}
	for i, t := range headerReadings(header) {
		c, found := matchText(k, t)
		if i > 1 {
			c.score, c.worth = c.score/2, c.worth/2
		}
		if found && c.score > best.score {
			best, ok = c, true
		}
	}
	return best, ok
}

func headerReadings(header string) []string {
	top, bottom, two := strings.Cut(header, "\n")
	if !two {
		return []string{header}
	}
	return []string{header, bottom, top}
}

func matchText(k Kind, t string) (candidate, bool) {
	v := words()
	names := v.fields[string(k)]
	whole, bare := foldHeader(t), foldHeader(withoutBrackets(t))
	if v.never[string(k)][whole] || v.never[string(k)][bare] || whole == "" {
		return candidate{}, false
	}
	for i, h := range []string{whole, bare, strings.TrimRight(bare, "0123456789①②③④⑤")} {
		if f, ok := names[h]; ok && h != "" {
			score := 1 - 0.05*float64(i)
			return candidate{field: f, score: score, worth: worth(h, score)}, true
		}
	}
	return containedName(names, bare)
}

// worth is what a match says about the kind of sheet: a name that every kind of sheet may have says less.
func worth(h string, score float64) float64 {
	if words().generic[h] {
		return 0.6 * score
	}
	return score
}

// containedName finds the longest known name inside a header; at the end it weighs more, as the last word of a Japanese
// compound is what the thing is.
func containedName(names map[string]string, h string) (best candidate, ok bool) {
	n := float64(utf8.RuneCountInString(h))
	if n == 0 || n > 40 {
		return candidate{}, false
	}
	for name, field := range names {
		size := utf8.RuneCountInString(name)
		if size < 2 || !hasWord(h, name) {
			continue
		}
		score := 0.35 + 0.4*float64(size)/n
		if strings.HasSuffix(h, name) {
			score += 0.12
		}
		if score > best.score || score == best.score && field < best.field {
			best, ok = candidate{field: field, score: score, worth: worth(name, score)}, true
		}
	}
	return best, ok && best.score >= 0.5
}

func fieldIndex(k Kind) map[string]bool { return setOf(append(sectionOf[k].fields(), "example")) }

// valid reports whether the match is good enough to read the sheet as that kind.
func (l *layout) valid(bonus float64) bool {
	need := essential[l.kind]
	if need == nil {
		need = []string{"name"}
	}
	has := slices.ContainsFunc(need, func(f string) bool { return len(l.columns[f]) > 0 })
	if !has {
		return false
	}
	if l.kind == KindHosts && len(l.columns) == 1 && len(l.columns["ip"])+len(l.columns["mac"]) == 0 {
		return bonus > 0
	}
	return l.score >= 1.5 || l.score >= 0.9 && l.kind == KindHosts && len(l.columns["ip"]) > 0 || bonus > 0 && l.score >= bonus+0.5
}

// telling are the columns that their values give away.
var telling = map[Kind][]struct {
	field string
	is    func(string) bool
}{
	KindHosts:    {{"ip", isAddress}, {"mac", isMAC}},
	KindNetworks: {{"prefix", isPrefix}},
}

func isPrefix(t string) bool {
	_, err := netip.ParsePrefix(strings.TrimSpace(t))
	return err == nil
}

// learnFromValues looks at the values under headers that say nothing: a column full of addresses is the address column
// if no other is.
func (l *layout) learnFromValues(head []row) {
	for _, try := range telling[l.kind] {
		if len(l.columns[try.field]) > 0 {
			continue
		}
		for i := range l.uses {
			if l.uses[i].Field == "" && !l.uses[i].Taught && share(head[l.from+l.span:], i, try.is) >= 0.6 && !neverHeader(l.kind, l.headers[i]) {
				l.columns[try.field] = []int{i}
				l.uses[i].Field, l.uses[i].Score = try.field, 0.6
				break
			}
		}
	}
}

func neverHeader(k Kind, h string) bool {
	return words().never[string(k)][foldHeader(h)] || words().never[string(k)][foldHeader(withoutBrackets(h))]
}

// share is the part of the filled cells of a column that satisfy is.
func share(rows []row, col int, is func(string) bool) float64 {
	n, hits := 0, 0
	for _, r := range rows {
		if t := r.at(col).text; t != "" {
			n++
			if is(t) {
				hits++
			}
		}
	}
	if n == 0 {
		return 0
	}
	return float64(hits) / float64(n)
}

// letter names a column as Excel does; i counts from 0.
func letter(i int) string {
	s, err := excelize.ColumnNumberToName(i + 1)
	if err != nil {
		return ""
	}
	return s
}
