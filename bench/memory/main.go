// Command memory fills a folder with made-up flows and measures the memory of flows: rows a second, bytes a row, and how long its
// questions take. 300 machines, a few servers that all of them use, and 20,000 addresses outside; the rows depend on nothing but the
// flags.
//
//	memory -dir DIR -flows 10000000 -days 400
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/mimawari/mimawari/internal/memory"
	"github.com/mimawari/mimawari/internal/model"
)

const (
	machines = 300
	outside  = 20_000
	listed   = 10_000
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func main() {
	dir := flag.String("dir", "", "folder to fill; if it holds flows already, only the questions are measured")
	flows := flag.Int("flows", 10_000_000, "flows in all")
	days := flag.Int("days", 400, "days they are spread over")
	flag.Parse()
	if *dir == "" {
		fmt.Fprintln(os.Stderr, "memory: -dir DIR is missing")
		os.Exit(2)
	}
	if err := run(&memory.Files{Dir: *dir}, *flows, *days); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

func run(s *memory.Files, flows, days int) error {
	st, err := s.Stat()
	if err != nil {
		return err
	}
	if st.Rows == 0 {
		if err := fill(s, flows, days); err != nil {
			return err
		}
	}
	if st, err = s.Stat(); err != nil {
		return err
	}
	fmt.Printf("kept: %d rows, %d days, %d files, %.1f bytes a row\n", st.Rows, st.Days, st.Files, float64(st.Bytes)/float64(max(st.Rows, 1)))
	return ask(s)
}

// took prints wall and processor time of what work does.
func took(what string, work func() (string, error)) error {
	wall, cpu := time.Now(), used()
	says, err := work()
	fmt.Printf("%s: %.2f s, %.2f s of processor: %s\n", what, time.Since(wall).Seconds(), (used() - cpu).Seconds(), says)
	return err
}

func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func fill(s *memory.Files, flows, days int) error {
	rng := rand.New(rand.NewPCG(1, 1))
	err := took("append", func() (string, error) {
		w := s.Append(memory.AppendOptions{})
		wall, gap := time.Now(), time.Duration(days)*24*time.Hour/time.Duration(flows)
		for i := range flows {
			w.Flow(made(rng, begin.Add(time.Duration(i)*gap)))
		}
		n, err := w.Flush()
		return fmt.Sprintf("%d rows, %.0f a second", n.Rows, float64(n.Rows)/time.Since(wall).Seconds()), err
	})
	if err != nil {
		return err
	}
	return took("compact", func() (string, error) {
		return "", s.Compact(context.Background(), begin.AddDate(0, 0, days+1))
	})
}

func in(n uint32) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)}) }
func out(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 18 + byte(n>>16), byte(n >> 8), byte(n)})
}

// made is one flow: a third goes to four servers of the house, the rest outside, a few places more often than others.
func made(rng *rand.Rand, at time.Time) *model.Flow {
	f := &model.Flow{Proto: 6, First: at, State: "SF", App: "ssl", Packets: [2]uint64{4 + rng.Uint64N(12), 4 + rng.Uint64N(20)}}
	f.Client = netip.AddrPortFrom(in(10+rng.Uint32N(machines)), uint16(32768+rng.Uint32N(28000)))
	if kind := rng.Uint32N(6); kind < 2 {
		f.Server, f.App = netip.AddrPortFrom(in(1+rng.Uint32N(4)), 445), "smb"
	} else {
		n := min(rng.Uint32N(outside), rng.Uint32N(outside), rng.Uint32N(outside), rng.Uint32N(outside))
		f.Server = netip.AddrPortFrom(out(n), 443)
		f.Facts = []model.Fact{{Kind: model.TLSSNI, Value: fmt.Sprintf("host%d.example.com", n)}, {Kind: model.TLSJA4, Value: fmt.Sprintf("t13d%04dh2_8daaf6152771_02713d6af862", 1500+n%8)}}
	}
	f.Last = at.Add(time.Duration(rng.ExpFloat64() * 3e9))
	f.IPBytes = [2]uint64{f.Packets[0] * (60 + rng.Uint64N(300)), f.Packets[1] * (60 + rng.Uint64N(1300))}
	return f
}

func ask(s *memory.Files) error {
	ctx := context.Background()
	peers := func(a string) func() (string, error) {
		return func() (string, error) {
			p, err := s.Peers(ctx, memory.Query{Host: []netip.Prefix{netip.MustParsePrefix(a)}})
			return fmt.Sprint(len(p), " peers"), err
		}
	}
	hunt := func(q memory.Query) func() (string, error) {
		return func() (string, error) {
			f, err := s.Hunt(ctx, q)
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("%d flows; %d row groups read, %d not", f.Total, f.Read, f.Skipped), nil
		}
	}
	list, err := indicators()
	if err != nil {
		return err
	}
	for _, q := range []struct {
		name string
		do   func() (string, error)
	}{
		{"peers of a workstation", peers("10.1.0.77/32")},
		{"peers of a server of all", peers("10.1.0.2/32")},
		{"an address outside that is rare", hunt(memory.Query{Host: []netip.Prefix{netip.PrefixFrom(out(outside-1500), 32)}})},
		{"a name that is rare", hunt(memory.Query{Name: fmt.Sprintf("host%d.example.com", outside-1500)})},
		{"an address that never came", hunt(memory.Query{Host: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}})},
		{fmt.Sprintf("a list of %d indicators", list.Len()), hunt(memory.Query{List: list})},
	} {
		if err := took(q.name, q.do); err != nil {
			return err
		}
	}
	return nil
}

// indicators is a list of which a few appear.
func indicators() (*memory.List, error) {
	var sb strings.Builder
	for i := range listed / 2 {
		fmt.Fprintf(&sb, "203.0.%d.%d\nbad%d.example.net\n", i>>8, i&255, i)
	}
	for i := range 10 {
		fmt.Fprintf(&sb, "%s\nhost%d.example.com\n", out(uint32(outside-2000-i)), outside-2100-i)
	}
	return memory.ParseList(strings.NewReader(sb.String()))
}
