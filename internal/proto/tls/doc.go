// Package tls decodes what TLS, DTLS and QUIC show before encryption starts.
package tls
