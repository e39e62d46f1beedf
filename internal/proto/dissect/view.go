package dissect

import "unsafe"

// View is b as text without a copy, for handing to Say and its kin, which copy what they keep. It must not outlive b.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Scratch is an empty buffer to compose a value in, so that a value that was seen before costs no allocation. It is
// good until the next call of Scratch.
func (c *Ctx) Scratch() []byte { return c.Rec.scratch[:0] }
