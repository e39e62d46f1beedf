// Package arch holds no code: its tests keep the architecture. Imports point down, every package says what it is for,
// forbidden imports stay out.
package arch
