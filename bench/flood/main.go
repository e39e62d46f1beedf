// Command flood makes captures that are hard on memory: random flows between random addresses, or very many hosts that each
// say who they are. The result depends on nothing but the flags.
//
//	flood -flows 10000000 -o flood.pcap
//	flood -hosts 25000 -o hosts.pcap
package main

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
)

func main() {
	out := flag.String("o", "flood.pcap", "file to write")
	flows := flag.Int("flows", 0, "random flows of one packet, 50 microseconds apart")
	hosts := flag.Int("hosts", 0, "hosts that announce themselves (ARP, DHCP, DNS, SSH), 1 ms apart")
	flag.Parse()
	if err := run(*out, *flows, *hosts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out string, flows, hosts int) error {
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	w := &writer{w: bufio.NewWriterSize(f, 1<<20), now: 1_767_225_600e6} // 2026-01-01
	head := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	head = binary.LittleEndian.AppendUint32(head, 2|4<<16)
	head = append(head, make([]byte, 8)...)
	head = binary.LittleEndian.AppendUint32(head, 262144)
	w.w.Write(binary.LittleEndian.AppendUint32(head, 1))
	rng := rand.New(rand.NewPCG(2, 2))
	for range flows {
		w.flow(rng)
	}
	for i := range hosts {
		w.host(i)
	}
	if err := w.w.Flush(); err != nil { // bufio remembers the first error of all writes
		return err
	}
	return f.Close()
}

// writer writes frames; now is in microseconds.
type writer struct {
	w   *bufio.Writer
	now int64
	buf []byte
}

func (w *writer) put(frame []byte, pause int64) {
	var h [16]byte
	binary.LittleEndian.PutUint32(h[:], uint32(w.now/1e6))
	binary.LittleEndian.PutUint32(h[4:], uint32(w.now%1e6))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(frame)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(frame)))
	w.w.Write(h[:])
	w.w.Write(frame)
	w.now += pause
}

// flow is a SYN or a datagram with 20 random bytes; half of the addresses are internal, MACs are random too.
func (w *writer) flow(rng *rand.Rand) {
	src, dst := address(rng), address(rng)
	b := w.ether(rng.Uint64(), rng.Uint64(), 0x0800)
	if rng.IntN(2) == 0 {
		b = ip(b, 6, src, dst, 20)
		b = binary.BigEndian.AppendUint32(b, rng.Uint32()) // ports
		b = binary.BigEndian.AppendUint32(b, rng.Uint32())
		b = append(b, 0, 0, 0, 0, 5<<4, 2, 0xff, 0xff, 0, 0, 0, 0)
	} else {
		b = ip(b, 17, src, dst, 28)
		b = binary.BigEndian.AppendUint32(b, rng.Uint32())
		b = append(b, 0, 28, 0, 0)
		for range 5 {
			b = binary.BigEndian.AppendUint32(b, rng.Uint32())
		}
	}
	w.buf = b
	w.put(b, 50)
}

func address(rng *rand.Rand) uint32 {
	a := rng.Uint32()
	if a&1 == 0 {
		return 10<<24 | a>>8
	}
	return a
}

// ether begins a frame between the machines that the lower 40 bits name.
func (w *writer) ether(src, dst uint64, typ uint16) []byte {
	b := append(w.buf[:0], 2, byte(dst>>32), byte(dst>>24), byte(dst>>16), byte(dst>>8), byte(dst))
	b = append(b, 2, byte(src>>32), byte(src>>24), byte(src>>16), byte(src>>8), byte(src))
	return binary.BigEndian.AppendUint16(b, typ)
}

func ip(b []byte, proto byte, src, dst uint32, size int) []byte {
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(20+size))
	b = append(b, 0, 1, 0x40, 0, 64, proto, 0, 0)
	b = binary.BigEndian.AppendUint32(b, src)
	return binary.BigEndian.AppendUint32(b, dst)
}
