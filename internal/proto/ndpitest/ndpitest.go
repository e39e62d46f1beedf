// Package ndpitest reads the results that nDPI's ndpiReader is expected to give for its test captures, so that tests can hold our
// flows and applications against them. It is for tests only and judges nothing itself.
package ndpitest

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Protocol is a line of the summary: an application with its packets, wire bytes and flows.
type Protocol struct {
	Name                  string
	Packets, Bytes, Flows uint64
}

// Flow is a numbered flow line.
type Flow struct {
	Transport      string // TCP, UDP, ICMP...
	A, B           netip.AddrPort
	VLAN           uint16
	App            string // "TLS.Facebook": the protocol, and what runs in it
	Confidence     string // "DPI", "Match by port"...
	Packets, Bytes [2]uint64
}

// Result is one .out file.
type Result struct {
	Protocols []Protocol
	Flows     []Flow // ndpiReader prints no more than it likes: may be fewer than the sum says
}

// Sum adds up the packets, bytes and flows of all protocols.
func (r *Result) Sum() (packets, bytes, flows uint64) {
	for _, p := range r.Protocols {
		packets, bytes, flows = packets+p.Packets, bytes+p.Bytes, flows+p.Flows
	}
	return packets, bytes, flows
}

// Case is a capture with its expected result.
type Case struct {
	Name    string // base name of the capture
	Capture string
	Out     string
}

// Cases lists the captures that have a result beside them, in the folder captures/ndpi of the data that MIMAWARI_SHARED names
// or that lies in ../shared beside the repository. Without it the test is skipped.
func Cases(t testing.TB) []Case {
	t.Helper()
	root := os.Getenv("MIMAWARI_SHARED")
	for dir := "."; root == "" && len(dir) < 40; dir += "/.." {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			root = filepath.Join(dir, "..", "shared")
		}
	}
	outs, _ := filepath.Glob(filepath.Join(root, "data", "captures", "ndpi", "*.out*"))
	if len(outs) == 0 {
		t.Skip("no captures: set MIMAWARI_SHARED to the folder that holds data/captures/ndpi")
	}
	var all []Case
	for _, out := range outs {
		capture := strings.TrimSuffix(strings.TrimSuffix(out, ".gz"), ".out")
		for _, c := range []string{capture, capture + ".gz"} {
			if _, err := os.Stat(c); err == nil {
				all = append(all, Case{Name: filepath.Base(capture), Capture: c, Out: out})
				break
			}
		}
	}
	return all
}

// Read parses a .out file, compressed or not.
func Read(name string) (*Result, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(f)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		r = z
	}
	return parse(r)
}

var (
	summary = regexp.MustCompile(`^(\S+)\s+(\d+)\s+(\d+)\s+(\d+)\s*$`)
	flow    = regexp.MustCompile(`^\s*\d+\s+(\S+) (\S+) <?->? (\S+?) ?\[(.*)$`)
	vlan    = regexp.MustCompile(`VLAN: (\d+)\]`)
	app     = regexp.MustCompile(`\[?proto: (?:\w+:)?(?:[0-9.]+)/([^\]]+)\]`)
	trust   = regexp.MustCompile(`\[Confidence: ([^\]]+)\]`)
	counts  = regexp.MustCompile(`\[(\d+) pkts/(\d+) bytes <?->? (\d+) pkts/(\d+) bytes\]`)
)

// categories are the lines of the second table: they look like protocols but sum the same flows by how safe they are.
var categories = map[string]bool{
	"Safe": true, "Acceptable": true, "Fun": true, "Unsafe": true, "Dangerous": true, "Unrated": true,
	"Potentially": true, "Tracker/Ads": true,
}

func parse(r io.Reader) (*Result, error) {
	var res Result
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 1<<16), 4<<20)
	safe := false
	for sc.Scan() {
		line := sc.Text()
		if m := flow.FindStringSubmatch(line); m != nil {
			res.Flows = append(res.Flows, parseFlow(m, line))
			continue
		}
		m := summary.FindStringSubmatch(line)
		if m == nil || safe {
			continue
		}
		if categories[m[1]] {
			safe = true
			continue
		}
		res.Protocols = append(res.Protocols, Protocol{Name: m[1], Packets: number(m[2]), Bytes: number(m[3]), Flows: number(m[4])})
	}
	return &res, sc.Err()
}

func parseFlow(m []string, line string) Flow {
	f := Flow{Transport: m[1], A: endpoint(m[2]), B: endpoint(m[3])}
	if v := vlan.FindStringSubmatch(line); v != nil {
		f.VLAN = uint16(number(v[1]))
	}
	if a := app.FindStringSubmatch(line); a != nil {
		f.App = a[1]
	}
	if c := trust.FindStringSubmatch(line); c != nil {
		f.Confidence = c[1]
	}
	if c := counts.FindStringSubmatch(line); c != nil {
		f.Packets = [2]uint64{number(c[1]), number(c[3])}
		f.Bytes = [2]uint64{number(c[2]), number(c[4])}
	}
	return f
}

func endpoint(s string) netip.AddrPort {
	if a, err := netip.ParseAddrPort(s); err == nil {
		return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	}
	return netip.AddrPort{}
}

func number(s string) uint64 {
	n, _ := strconv.ParseUint(s, 10, 64)
	return n
}
