package triage_test

import (
	"testing"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/triage"
)

func TestEverythingHasWords(t *testing.T) {
	for _, c := range triage.ErrorCodes {
		if !locale.Has("triage.error." + c) {
			t.Errorf("no words for error %s", c)
		}
	}
	for _, s := range []model.State{model.Open, model.Acknowledged, model.Accepted, model.Resolved, model.Reopened, model.Suppressed} {
		if !locale.Has("state." + string(s)) {
			t.Errorf("no words for state %s", s)
		}
		if len(triage.Steps(s)) == 0 {
			t.Errorf("no way out of state %s", s)
		}
	}
}
