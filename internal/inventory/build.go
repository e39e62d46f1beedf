package inventory

import (
	"cmp"
	"io/fs"
	"net/netip"
	"slices"

	"github.com/mimawari/mimawari/internal/inventory/product"
	"github.com/mimawari/mimawari/internal/model"
)

// Ledger is what inventory asks of the declared hosts and networks; internal/ledger's Index has it.
type Ledger interface {
	ByIP(netip.Addr) []*model.LedgerHost // those that name the address alone first, then ranges
	ByMAC(model.MAC) []*model.LedgerHost
	ByName(string) []*model.LedgerHost
	NetworkOf(netip.Addr) *model.Network // nil if in no declared network
	Ledger() *model.Ledger               // never nil
}

// Input is what Build reads. Only Seen is needed.
type Input struct {
	Seen    *model.Seen
	Known   []model.Host     // all hosts of earlier patrols: they keep their ids
	Ledger  Ledger           // nil if nothing is declared
	Catalog *product.Catalog // nil: the built-in one
}

// Catalog is the set of rules that say what a machine is.
type Catalog = product.Catalog

// LoadCatalog reads products/*.yaml of fsys; errors name file and rule.
func LoadCatalog(fsys fs.FS) (*Catalog, error) { return product.Load(fsys) }

// Build joins what was seen into hosts and adds the known ones that were not seen this time, sorted by first address, then
// MAC. Present tells them apart. A host that an earlier patrol knew keeps its id, its
// first sight, and what was learnt of it then unless the same kind of signal now says something else.
func Build(in Input) []model.Host {
	if in.Catalog == nil {
		c, err := product.Default()
		if err != nil {
			panic("BUG: built-in catalog: " + err.Error())
		}
		in.Catalog = c
	}
	b := newBuilder(in)
	b.readBindings()
	b.markCarriers()
	b.settle()
	b.makeNodes()
	b.attribute()
	b.join()
	hosts := b.hosts()
	b.keepIDs(hosts)
	b.identify(hosts)
	out := make([]model.Host, len(hosts))
	for i := range hosts {
		out[i] = hosts[i].Host
	}
	out = append(out, b.absent(hosts)...)
	for i := range out {
		out[i].Ledger = refer(in.Ledger, &out[i])
	}
	slices.SortFunc(out, byAddress)
	return out
}

func byAddress(a, b model.Host) int {
	return cmp.Or(slices.CompareFunc(a.IPs[:min(1, len(a.IPs))], b.IPs[:min(1, len(b.IPs))], netip.Addr.Compare),
		slices.CompareFunc(a.MACs, b.MACs, compareMAC), cmp.Compare(a.ID, b.ID))
}

func compareMAC(a, b model.MAC) int { return slices.Compare(a[:], b[:]) }

// builder holds the working state of one Build.
type builder struct {
	in         Input
	cards      map[model.MAC]*card
	claims     map[netip.Addr][]model.MAC // who says that the address is its own
	nodes      []node
	byMAC      map[model.MAC]int
	byAddr     map[netip.Addr][]int         // nodes that hold the address
	owner      []int                        // node of each observation, -1 if none
	parent     []int                        // union-find over nodes
	guests     map[netip.Addr]bool          // addresses that a virtual machine's card uses
	identities []identity                   // of each node
	declared   map[netip.Addr]bool          // public addresses: whether they are ours all the same
	residents  map[netip.Prefix][]model.MAC // cards of end machines, at most two a segment
}

func newBuilder(in Input) *builder {
	return &builder{
		in: in, cards: map[model.MAC]*card{}, claims: map[netip.Addr][]model.MAC{}, byMAC: map[model.MAC]int{},
		byAddr: map[netip.Addr][]int{}, declared: map[netip.Addr]bool{}, residents: map[netip.Prefix][]model.MAC{}, guests: map[netip.Addr]bool{},
	}
}

// ours reports whether an address can be a machine of the institution: internal, or in a declared network; unicast.
func (b *builder) ours(a netip.Addr) bool {
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() {
		return false
	}
	if model.IsInternal(a) {
		return !b.broadcast(a)
	}
	ok, known := b.declared[a]
	if !known {
		ok = b.in.Ledger != nil && b.in.Ledger.NetworkOf(a) != nil && !b.broadcast(a)
		b.declared[a] = ok
	}
	return ok
}

// broadcast reports whether a is the network or broadcast address of its declared network.
func (b *builder) broadcast(a netip.Addr) bool {
	if !a.Is4() || b.in.Ledger == nil {
		return false
	}
	if x := a.As4()[3]; x != 255 && x != 0 && x&3 != 3 && x&3 != 0 {
		return false
	}
	n := b.in.Ledger.NetworkOf(a)
	if n == nil || n.Prefix.Bits() > 30 {
		return false
	}
	return a == n.Prefix.Masked().Addr() || !n.Prefix.Contains(a.Next())
}
