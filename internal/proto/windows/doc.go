// Package windows decodes the protocols of Windows networks as far as they say what a machine is: SMB with the NetBIOS
// session service, NTLM, Kerberos, LDAP and CLDAP, MSRPC and RDP.
//
// It records no user names and no passwords, follows no files, and decrypts nothing. A connection is looked at until its set-up is over;
// bulk data is passed over by length.
package windows
