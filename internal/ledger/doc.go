// Package ledger reads the list of machines, networks, lines and people that an institution keeps in Excel or CSV, says
// what is wrong in it, and writes it back. What people write is messy: titles above the header, merged cells, full-width
// digits, three addresses in one cell. The package takes what it can and names the rest by sheet, row and column.
//
// It does not look at traffic, keeps no state between calls and stores nothing: Versions is what it asks of a store.
//
// Invariants: a row is never dropped in silence (it is in the ledger, in a slip, or counted as an example or empty);
// Export followed by Import gives an equal ledger; equal files give equal reports.
package ledger
