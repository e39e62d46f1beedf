package media

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family.
func Streams() []dissect.StreamSpec { return nil }

// Datagrams lists the UDP protocols of this family.
func Datagrams() []dissect.DatagramSpec { return nil }
