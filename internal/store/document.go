package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/mimawari/mimawari/internal/model"
)

var errDigest = errors.New("its digest does not match")

// encode gives the document of v and its digest.
func encode(what, id string, v any) (doc, sum string, err error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", "", fmt.Errorf("encode %s %s: %w", what, id, err)
	}
	return string(b), digest(b), nil
}

func digest(doc []byte) string {
	h := sha256.Sum256(doc)
	return hex.EncodeToString(h[:8])
}

// decode reads a document. What it can't read is damage, not bad input: only we write documents.
func decode(what, id, doc, sum string, v any) error {
	err := json.Unmarshal([]byte(doc), v)
	if err == nil && digest([]byte(doc)) != sum {
		err = errDigest
	}
	if err != nil {
		return &Error{Code: Corrupt, Where: what + " " + id, Err: err}
	}
	return nil
}

// micros is the column form of a time.
func micros(t time.Time) int64 { return t.UnixMicro() }

// columnText makes text fit for a column of both engines: PostgreSQL takes no NUL and no broken UTF-8.
func columnText(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// fold makes text comparable for people: full-width and half-width forms (ＰＣ, ｻｰﾊﾞ), case.
func fold(s string) string { return strings.ToLower(norm.NFKC.String(columnText(s))) }

// searchWords are the words of what a person types into the search box, at most eight.
func searchWords(text string) []string {
	words := strings.Fields(fold(text))
	for i, w := range words {
		if m, err := model.ParseMAC(w); err == nil {
			words[i] = m.String()
		}
	}
	return words[:min(len(words), 8)]
}

// searchText joins what a row can be found by, one per line.
func searchText(parts ...string) string { return fold(strings.Join(parts, "\n")) }

// macForms are the spellings by which part of a MAC can be found.
func macForms(m model.MAC) []string {
	s := m.String()
	return []string{s, strings.ReplaceAll(s, ":", "-"), strings.ReplaceAll(s, ":", "")}
}

// ipKey sorts addresses as people do: IPv4 before IPv6, by value; hosts without address last.
func ipKey(ips []netip.Addr) string {
	if len(ips) == 0 || !ips[0].IsValid() {
		return "9"
	}
	b := ips[0].AsSlice()
	if ips[0].Is4() {
		return "4" + hex.EncodeToString(b)
	}
	return "6" + hex.EncodeToString(b)
}

// bindingDoc is the stored form of model.Binding.
type bindingDoc struct {
	MAC    model.MAC         `json:"mac"`
	Addr   netip.Addr        `json:"addr"`
	VLAN   uint16            `json:"vlan,omitempty"`
	Kind   model.BindingKind `json:"kind"`
	First  time.Time         `json:"first"`
	Last   time.Time         `json:"last"`
	Count  uint64            `json:"count"`
	Moves  uint32            `json:"moves,omitempty"`
	Source string            `json:"source,omitempty"`
}
