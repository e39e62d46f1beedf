// Package model holds the nouns that every other package shares: addresses, flows, observations, hosts, the ledger,
// findings. It does no I/O, decides nothing, and imports nothing of ours.
//
// Invariants: times are UTC; addresses are netip.Addr without zone and with IPv4 unmapped; text that came from the
// network has passed Clean, so it is valid UTF-8, one line and at most MaxText bytes.
package model
