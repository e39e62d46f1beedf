//go:build !linux

package capture

import (
	"context"
	"errors"

	"github.com/mimawari/mimawari/internal/model"
)

// Live captures from an interface. It exists on Linux only.
type Live struct{}

// OpenLive says that this system cannot capture.
func OpenLive(iface string, _ LiveOptions) (*Live, error) {
	return nil, liveDamage(iface, "live_unsupported", errors.ErrUnsupported)
}

// Next implements Source.
func (*Live) Next(context.Context) (*Batch, error) { return nil, errors.ErrUnsupported }

// Info implements Source.
func (*Live) Info() model.Source { return model.Source{} }

// Stop does nothing.
func (*Live) Stop() {}

// Close implements Source.
func (*Live) Close() error { return nil }
