// Package web decodes HTTP/1.x and what runs on it: NTLM and Basic log-ins, IPP, UPnP descriptions, WinRM, WebSocket,
// proxies, SSL-VPN portals.
//
// It does not decode HTTP/2 beyond its preface, keeps no URLs, no cookies, no bodies, and never reads a password or a
// user name out. Titles are kept of entrance pages only, because titles of inner pages of an application may name people.
package web
