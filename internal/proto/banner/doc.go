// Package banner decodes protocols in which the server greets with a banner: SSH, FTP, SMTP, POP3, IMAP, Telnet.
package banner
