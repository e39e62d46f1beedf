// Package decide holds what is declared beside what is seen, and turns a person's word on a difference into an act: which
// rows of the ledger, findings, marks and questions change. An act can be taken back, also after others changed other rows.
//
// It is pure: a World in, a model.Act out, the time is given. It stores nothing, does not look at traffic, and never
// changes a declared row without a person's word.
package decide
