package auth_test

import (
	"testing"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
)

func TestRefusalsHaveWords(t *testing.T) {
	for _, c := range auth.Codes() {
		if !locale.Has("auth.error." + c) {
			t.Errorf("no words for %s", c)
		}
	}
}
