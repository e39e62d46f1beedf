// Package auth says who may do what, and makes sure who is who: accounts with roles, passwords (argon2id), one-time codes,
// passkeys, recovery codes, sessions, API tokens, sign-in links made on the machine's console, and what is done against
// guessing.
//
// Invariants: a secret is kept as a digest or sealed, never as it is; whether an account exists can't be learnt from
// the words or the time of a refusal; a code, a link and a challenge work once; there is always an active administrator
// once there was one; what is counted against guessing outlives a restart.
//
// It knows neither HTTP nor SQL, and shows nothing: package web/gate asks, package store keeps.
package auth
