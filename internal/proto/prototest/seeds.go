package prototest

import (
	"os"
	"path/filepath"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// maxSeed bounds one seed: long ones slow fuzzing down and reach nothing new.
const maxSeed = 8 << 10

// Seeds collects what the first TCP connections and UDP flows of a shared capture carry, most of each; nothing if the capture
// is not there.
func Seeds(path string, most int) (streams [][2]string, datagrams []string) {
	dir := os.Getenv("MIMAWARI_SHARED")
	if dir == "" {
		dir = filepath.Join(root(), "..", "shared")
	}
	s := seeds{most: most, streams: map[gopacket.Flow]int{}}
	if err := Frames(filepath.Join(dir, "data", path), s.frame); err != nil {
		return nil, nil
	}
	return s.tcp, s.udp
}

type seeds struct {
	most    int
	streams map[gopacket.Flow]int // transport flow of the client to index in tcp
	tcp     [][2]string
	udp     []string
}

func (s *seeds) frame(link layers.LinkType, _ int64, data []byte) {
	pkt := gopacket.NewPacket(data, link, gopacket.NoCopy)
	switch l := pkt.TransportLayer().(type) {
	case *layers.UDP:
		if len(s.udp) < s.most && len(l.Payload) > 0 {
			s.udp = append(s.udp, string(l.Payload))
		}
	case *layers.TCP:
		s.segment(l.TransportFlow(), l.Payload)
	}
}

func (s *seeds) segment(f gopacket.Flow, b []byte) {
	if len(b) == 0 {
		return
	}
	i, ok := s.streams[f]
	side := 0
	if !ok {
		if i, ok = s.streams[f.Reverse()]; ok {
			side = 1
		}
	}
	if !ok {
		if len(s.tcp) >= s.most {
			return
		}
		i = len(s.tcp)
		s.tcp = append(s.tcp, [2]string{})
		s.streams[f] = i
	}
	if len(s.tcp[i][side])+len(b) <= maxSeed {
		s.tcp[i][side] += string(b)
	}
}
