package store

import (
	"context"
	"encoding/json"

	"github.com/mimawari/mimawari/internal/model"
)

// institutionSetting is the setting that holds the institution as JSON.
const institutionSetting = "institution"

// Institution gives what the institution says of itself; zero if it has said nothing yet.
func (s *Store) Institution(ctx context.Context) (x model.Institution, err error) {
	v, err := s.Setting(ctx, institutionSetting)
	if err != nil || v == "" {
		return x, err
	}
	if err := json.Unmarshal([]byte(v), &x); err != nil {
		return x, &Error{Code: Corrupt, Where: "setting " + institutionSetting, Err: err}
	}
	return x, nil
}

// SaveInstitution replaces what is saved. Whether x makes sense is for the caller to say before.
func (s *Store) SaveInstitution(ctx context.Context, x model.Institution) error {
	b, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return s.SaveSetting(ctx, institutionSetting, string(b))
}
