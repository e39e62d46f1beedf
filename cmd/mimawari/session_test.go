package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/seal"
)

// Every trouble with the secret key is said in words, in both languages, and names the file.
func TestKeyTroublesHaveWords(t *testing.T) {
	for _, l := range locale.Langs {
		s := &session{lang: l}
		for _, c := range seal.Codes() {
			text, code := s.inWords(&seal.Error{Code: c, Where: "/data/secret.key", Err: errors.New("why")})
			if code != exitPartial || !locale.Has("seal."+string(c)) || c != seal.WrongKey && !strings.Contains(text, "/data/secret.key") {
				t.Errorf("%s %s: %d %s", l, c, code, text)
			}
		}
	}
}
