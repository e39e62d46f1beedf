package proto

import (
	"slices"

	"github.com/mimawari/mimawari/internal/proto/banner"
	"github.com/mimawari/mimawari/internal/proto/database"
	"github.com/mimawari/mimawari/internal/proto/dhcp"
	"github.com/mimawari/mimawari/internal/proto/discovery"
	"github.com/mimawari/mimawari/internal/proto/industrial"
	"github.com/mimawari/mimawari/internal/proto/management"
	"github.com/mimawari/mimawari/internal/proto/media"
	"github.com/mimawari/mimawari/internal/proto/medical"
	"github.com/mimawari/mimawari/internal/proto/names"
	"github.com/mimawari/mimawari/internal/proto/neighbour"
	"github.com/mimawari/mimawari/internal/proto/printing"
	"github.com/mimawari/mimawari/internal/proto/remote"
	"github.com/mimawari/mimawari/internal/proto/tls"
	"github.com/mimawari/mimawari/internal/proto/vpn"
	"github.com/mimawari/mimawari/internal/proto/web"
	"github.com/mimawari/mimawari/internal/proto/windows"
)

// streams are all TCP protocols. Where two would both say Yes away from their ports, the earlier one wins, so formats
// with strong marks come first.
var streams = slices.Concat(tls.Streams(), windows.Streams(), medical.Streams(), web.Streams(), banner.Streams(),
	database.Streams(), printing.Streams(), remote.Streams(), media.Streams(), names.Streams(), dhcp.Streams(),
	neighbour.Streams(), discovery.Streams(), management.Streams(), vpn.Streams(), industrial.Streams())

// datagrams are all UDP protocols, in the same order of trust.
var datagrams = slices.Concat(names.Datagrams(), dhcp.Datagrams(), tls.Datagrams(), windows.Datagrams(),
	discovery.Datagrams(), management.Datagrams(), vpn.Datagrams(), media.Datagrams(), medical.Datagrams(),
	industrial.Datagrams(), neighbour.Datagrams(), web.Datagrams(), banner.Datagrams(), database.Datagrams(),
	printing.Datagrams(), remote.Datagrams())
