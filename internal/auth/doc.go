// Package auth says who may do what: roles, what each role is allowed, and who is looking right now. It serves no pages, reads no
// database and keeps no trail of what was done (package audit does).
package auth
