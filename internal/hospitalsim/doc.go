// Package hospitalsim makes up a Japanese hospital of 120 beds: a day of packets as a mirror port would give them, the Excel
// ledger as the general affairs section keeps it, two address tables, and a manifest of the problems hidden in it. It is
// for the demo, for tests and for benchmarks: what a patrol must find, and nothing more, is known beforehand.
//
// Everything is invented. Outside addresses are the documentation ranges of RFC 5737, names end in example (RFC 2606) but
// for the few names of tools and protocols that a patrol must know; pictures are noise, patients are numbers.
//
// Equal options give equal bytes. Memory is bounded by what is on the wire at one moment, whatever the size asked for. The
// package knows nothing of how the patrol reads what it writes, so that neither can hide the other's mistakes.
package hospitalsim
