package collect

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// result sorts what was taken and names the source in it.
func (s *sink) result() Result {
	noted := dissect.Merge(s.rec)
	obs, binds := noted.Observations, noted.Bindings
	if s.more > 0 {
		s.note("collect_more_lines", strconv.FormatUint(s.more, 10))
	}
	for _, l := range noted.Limits {
		s.lost += l.Dropped
	}
	if s.lost > 0 {
		s.note("collect_limit", strconv.FormatUint(s.lost, 10))
	}
	if s.entries == 0 && len(s.src.Errors) == 0 {
		s.note("collect_nothing")
	}
	s.src.Packets = s.entries
	for i := range obs {
		obs[i].Source = s.src.Name
		obs[i].First, obs[i].Last = known(obs[i].First), known(obs[i].Last)
	}
	for i := range binds {
		binds[i].Source = s.src.Name
		binds[i].First, binds[i].Last = known(binds[i].First), known(binds[i].Last)
	}
	return Result{Source: s.src, Observations: obs, Bindings: binds, Conversations: s.conversations()}
}

// known turns the recorder's zero time, which it writes as 1970, back into "not known".
func known(t time.Time) time.Time {
	if t.UnixNano() == 0 {
		return time.Time{}
	}
	return t
}

func (s *sink) conversations() []model.Conversation {
	var all []model.Conversation
	for _, c := range s.conv {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b model.Conversation) int {
		return cmp.Or(a.Client.Compare(b.Client), a.Server.Compare(b.Server), cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.Port, b.Port),
			cmp.Compare(a.App, b.App), cmp.Compare(a.VLAN, b.VLAN), slices.Compare(a.ClientMAC[:], b.ClientMAC[:]),
			slices.Compare(a.ServerMAC[:], b.ServerMAC[:]))
	})
	return all
}
