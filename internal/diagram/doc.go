// Package diagram makes pictures of the institution: the board of zones with a cell for each host, the network diagram,
// the system diagram, and who talks to whom around one host. It is pure: what is declared and seen goes in, positions come
// out. The same positions become the canvas on the screen, SVG and PDF.
//
// It reads no store and knows no page, and it finds nothing: what is risky or not permitted, findings say. PDF is written by
// package report.
//
// Invariants: the same input gives the same picture, byte for byte; boxes do not overlap and stay inside; text is cut to the
// room that it has; no meaning lies in colour alone.
package diagram
