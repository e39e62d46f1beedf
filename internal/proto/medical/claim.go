package medical

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// maxProlog is how far into a document the root element and its name spaces are looked for.
const maxProlog = 2 << 10

// matchCLAIM knows an MML document (Medical Markup Language 2.3/3.0, MedXML Consortium) that declares the claim name space.
func matchCLAIM(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if !bytes.HasPrefix(b, []byte("<?xml")[:min(len(b), 5)]) && !bytes.HasPrefix(b, []byte("<Mml")[:min(len(b), 4)]) {
		return dissect.No
	}
	root, claim := bytes.Index(b, []byte("<Mml")), bytes.Index(b, []byte("/claim/"))
	switch {
	case root >= 0 && claim > root:
		return dissect.Yes
	case len(b) < maxProlog && (root >= 0 || !bytes.Contains(b, []byte("<html"))) && !otherRoot(b):
		return dissect.Maybe
	}
	return dissect.No
}

// otherRoot says that the document has begun with an element that is not MML's.
func otherRoot(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '<')
		if i < 0 || i+4 > len(b) {
			return false
		}
		if x := b[i+1]; x != '?' && x != '!' {
			return !bytes.HasPrefix(b[i:], []byte("<Mml"))
		}
		b = b[i+1:]
	}
}

// claim only says that there is CLAIM traffic: all of a document is about a patient.
type claim struct{}

// Data implements dissect.Stream.
func (*claim) Data(c *dissect.Ctx, b []byte) (n int, more bool) {
	if b[0] == '<' {
		c.SayTo(model.HL7Type, "CLAIM")
		return len(b), false
	}
	return len(b), true // a single ACK or NAK
}

// Gap implements dissect.Stream.
func (*claim) Gap(*dissect.Ctx, int) bool { return true }
