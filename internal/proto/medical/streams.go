package medical

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family. Port 104 and 11112 are registered for DICOM, 2575 for HL7, 8210 is
// what ORCA's CLAIM receiver listens on.
func Streams() []dissect.StreamSpec {
	return []dissect.StreamSpec{
		{App: dissect.DICOM, Ports: []uint16{104, 11112, 4242}, Match: matchDICOM, New: func() dissect.Stream { return new(association) }},
		{App: dissect.HL7, Ports: []uint16{2575, 6661, 6662, 6663}, Match: matchHL7, New: func() dissect.Stream { return new(hl7) }},
		{App: dissect.CLAIM, Ports: []uint16{8210}, Match: matchCLAIM, New: func() dissect.Stream { return new(claim) }},
		{App: dissect.ASTM, Ports: nil, Match: matchASTM, New: func() dissect.Stream { return new(astm) }},
	}
}

// Datagrams lists the UDP protocols of this family: none.
func Datagrams() []dissect.DatagramSpec { return nil }
