// Package banner decodes protocols in which a server introduces itself with a line of text: SSH, FTP, SMTP, POP3, IMAP,
// Telnet; and it recognises SOCKS, rlogin, rsh, IRC, XMPP, rsync, git, Redis, MongoDB, memcached and Elasticsearch.
//
// It tells that a password crossed the wire readable, but neither passwords nor user names nor mail leave it: client
// lines are only compared with the names of commands.
package banner
