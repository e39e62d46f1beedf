// Package tls decodes what TLS (RFC 8446, RFC 5246 and before), DTLS (RFC 6347) and QUIC (RFC 9000, RFC 9001, RFC 9369)
// show before encryption starts: the hellos, the server's certificate up to TLS 1.2, and the client's fingerprint JA4.
//
// It verifies nothing (no signatures, no chains, no dates) and decrypts only QUIC Initial packets, whose keys every
// observer can derive (RFC 9001 section 5.2). What products a certificate betrays is inventory's business.
package tls
