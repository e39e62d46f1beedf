// Package discovery decodes service discovery: SSDP, WS-Discovery and their relatives.
package discovery
