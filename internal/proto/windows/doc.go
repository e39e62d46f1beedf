// Package windows decodes the protocols of Windows networks: SMB, NTLM, Kerberos, LDAP, MSRPC and RDP.
package windows
