package indicator

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Errors of a file as a whole.
var (
	ErrLarge  = errors.New("the file is larger than what is read")
	ErrFormat = errors.New("neither a STIX 2.1 bundle, a MISP event, CSV nor a list")
	ErrNone   = errors.New("nothing in the file is an address, a name, a URL, a hash or a JA4 fingerprint")
)

// Parse reads one file. At most most entries are taken; what is left out is counted.
func Parse(name string, r io.Reader, most int) (*Feed, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read indicators: %w", err)
	}
	if len(b) > MaxFile {
		return nil, ErrLarge
	}
	b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	x := &builder{feed: Feed{Name: name}, has: map[Entry]bool{}, most: most}
	switch {
	case len(b) == 0 || !utf8.Valid(b):
		return nil, ErrFormat
	case b[0] == '{' || b[0] == '[' && json.Valid(b):
		err = x.json(b)
	case looksCSV(b):
		err = x.csv(b)
	default:
		x.list(b)
	}
	if err != nil {
		return nil, err
	}
	if len(x.feed.Entries) == 0 {
		return nil, ErrNone
	}
	return &x.feed, nil
}

func looksCSV(b []byte) bool {
	for line := range bytes.Lines(b) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return bytes.ContainsAny(line, ",;\t")
		}
	}
	return false
}

// list takes the first word of each line; what follows, or a comment, is the note.
func (x *builder) list(b []byte) {
	x.feed.Format = "list"
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		text, note, _ := strings.Cut(strings.TrimSpace(line), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if len(words) > 1 && (words[0] == "0.0.0.0" || words[0] == "127.0.0.1") { // the form of a hosts file
			words = words[1:]
		}
		x.add(n, words[0], strings.TrimSpace(strings.Join(words[1:], " ")+" "+note))
	}
}

// valueHeads are what columns with the entry are called, noteHeads those that say what it is.
var (
	valueHeads = []string{"value", "indicator", "ioc", "ioc_value", "observable", "ip", "ip_address", "dst_ip", "domain", "host", "url", "hash", "sha256", "md5", "ja4", "address"}
	noteHeads  = []string{"comment", "note", "description", "threat", "malware", "malware_printable", "tags", "category", "名前", "備考"}
)

// csv takes the column that is called as one for values, or, without a header, the first column that can be read in each row.
func (x *builder) csv(b []byte) error {
	x.feed.Format = "csv"
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord, r.LazyQuotes, r.Comment, r.TrimLeadingSpace = -1, true, '#', true
	for line := range bytes.Lines(b) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			switch {
			case bytes.Contains(line, []byte(",")):
			case bytes.Contains(line, []byte("\t")):
				r.Comma = '\t'
			default:
				r.Comma = ';'
			}
			break
		}
	}
	value, note := -1, -1
	for i := 0; ; i++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrFormat, err)
		}
		line, _ := r.FieldPos(0)
		if i == 0 {
			if value, note = column(row, valueHeads), column(row, noteHeads); value >= 0 {
				continue
			}
		}
		x.row(line, row, value, note)
	}
}

func column(row, names []string) int {
	return slices.IndexFunc(row, func(s string) bool { return slices.Contains(names, strings.ToLower(strings.TrimSpace(s))) })
}

func (x *builder) row(line int, row []string, value, note int) {
	said := ""
	if note >= 0 && note < len(row) {
		said = row[note]
	}
	if value >= 0 {
		if value < len(row) && strings.TrimSpace(row[value]) != "" {
			x.add(line, row[value], said)
		}
		return
	}
	for _, cell := range row {
		if _, why := Read(cell); why == "" {
			x.add(line, cell, said)
			return
		}
	}
	x.leave(line, strings.Join(row, ","), "unreadable")
}

// stixObject is what is read of an object of a STIX 2.1 bundle.
type stixObject struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Pattern     string `json:"pattern"`
	PatternType string `json:"pattern_type"`
	Revoked     bool   `json:"revoked"`
}

// mispAttribute is one of a MISP event.
type mispAttribute struct {
	Type    string `json:"type"`
	Value   string `json:"value"`
	Comment string `json:"comment"`
	Deleted bool   `json:"deleted"`
	ToIDs   *bool  `json:"to_ids"`
}

type mispEvent struct {
	Info      string          `json:"info"`
	Attribute []mispAttribute `json:"Attribute"`
	Object    []struct {
		Attribute []mispAttribute `json:"Attribute"`
	} `json:"Object"`
}

type mispFile struct {
	Event mispEvent `json:"Event"`
}

func (x *builder) json(b []byte) error {
	var head struct {
		Type     string       `json:"type"`
		Objects  []stixObject `json:"objects"`
		Event    *mispEvent   `json:"Event"`
		Response []mispFile   `json:"response"`
	}
	if b[0] == '[' {
		if err := json.Unmarshal(b, &head.Response); err != nil {
			return fmt.Errorf("%w: %w", ErrFormat, err)
		}
	} else if err := json.Unmarshal(b, &head); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if head.Event != nil {
		head.Response = append(head.Response, mispFile{*head.Event})
	}
	switch {
	case head.Type == "bundle":
		x.stix(head.Objects)
	case len(head.Response) > 0:
		x.misp(head.Response)
	default:
		return ErrFormat
	}
	return nil
}

// compared is one comparison of a STIX pattern: an object path, "=", a value (STIX 2.1 section 9).
var compared = regexp.MustCompile(`([a-z0-9-]+):([A-Za-z0-9_.'\[\]-]+)\s*=\s*'((?:[^'\\]|\\.)*)'`)

// stix takes the comparisons that say what is bad by itself. A pattern that needs several things together, or one after the other, is
// left out: half of it would accuse the wrong ones.
func (x *builder) stix(objects []stixObject) {
	x.feed.Format = "stix"
	for i, o := range objects {
		if o.Type != "indicator" || o.Revoked || o.PatternType != "" && o.PatternType != "stix" {
			continue
		}
		found := compared.FindAllStringSubmatch(o.Pattern, -1)
		if rest := compared.ReplaceAllString(o.Pattern, ""); len(found) == 0 || strings.Contains(rest, "AND") || strings.Contains(rest, "FOLLOWEDBY") || strings.Contains(rest, "NOT") {
			x.leave(i+1, o.Pattern, "kind")
			continue
		}
		for _, m := range found {
			switch m[1] {
			case "ipv4-addr", "ipv6-addr", "domain-name", "url", "file", "x-ja4":
				x.add(i+1, strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(m[3]), o.Name)
			default:
				x.leave(i+1, m[0], "kind")
			}
		}
	}
}

// mispTypes are the types of attributes that are read, with the part of a pair ("a|b") that counts.
var mispTypes = map[string]int{
	"ip-dst": 0, "ip-src": 0, "ip-dst|port": 0, "ip-src|port": 0, "domain": 0, "hostname": 0, "hostname|port": 0, "domain|ip": 0, "url": 0, "uri": 0,
	"md5": 0, "sha1": 0, "sha256": 0, "sha512": 0, "filename|md5": 1, "filename|sha1": 1, "filename|sha256": 1, "ja4-fingerprint": 0, "ja4": 0,
}

func (x *builder) misp(files []mispFile) {
	x.feed.Format = "misp"
	n := 0
	for _, f := range files {
		all := slices.Clone(f.Event.Attribute)
		for _, o := range f.Event.Object {
			all = append(all, o.Attribute...)
		}
		for _, a := range all {
			n++
			part, known := mispTypes[a.Type]
			if a.Deleted || a.ToIDs != nil && !*a.ToIDs { // the sender says that it is context and nothing to look for
				continue
			}
			parts := strings.Split(a.Value, "|")
			if !known || part >= len(parts) {
				x.leave(n, a.Type+" "+a.Value, "kind")
				continue
			}
			x.add(n, parts[part], strings.TrimSpace(f.Event.Info+" "+a.Comment))
		}
	}
}
