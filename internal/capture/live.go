package capture

import (
	"net"
	"slices"
	"strings"
	"time"
)

// LiveOptions bound a live capture. Zero fields take their default.
type LiveOptions struct {
	For     time.Duration // after this Next says io.EOF; 0: until the context ends or Stop is called
	Batches int           // batches in flight, default 8 of 1 MiB
	Ring    int           // bytes of the kernel's ring, default 32 MiB: what is kept while we are busy
}

// liveDamage is why an interface can't be read. {a} in the words is the Args.
func liveDamage(iface, code string, err error, args ...string) *Damage {
	return &Damage{Name: iface, Code: code, Args: append([]string{}, args...), Err: err}
}

// interfaceNames lists what there is to capture from, the loopback last.
func interfaceNames() string {
	all, err := net.Interfaces()
	if err != nil || len(all) == 0 {
		return "-"
	}
	slices.SortStableFunc(all, func(a, b net.Interface) int {
		return int(a.Flags&net.FlagLoopback) - int(b.Flags&net.FlagLoopback)
	})
	var names []string
	for _, i := range all {
		names = append(names, i.Name)
	}
	return strings.Join(names, ", ")
}
