package banner

import "github.com/mimawari/mimawari/internal/proto/dissect"

// Streams lists the TCP protocols of this family, those with strong marks first.
func Streams() []dissect.StreamSpec {
	talk := func(p func() speaker) func() dissect.Stream {
		return func() dissect.Stream { return &dialogue{speaker: p()} }
	}
	return []dissect.StreamSpec{
		{App: dissect.SSH, Ports: []uint16{22}, Match: matchSSH, New: func() dissect.Stream { return new(ssh) }},
		{App: dissect.FTP, Ports: []uint16{21}, Match: matchFTP, New: talk(func() speaker { return new(ftp) })},
		{App: dissect.SMTP, Ports: []uint16{25, 587, 2525}, Match: matchSMTP, New: talk(func() speaker { return new(smtp) })},
		{App: dissect.IMAP, Ports: []uint16{143}, Match: matchIMAP, New: talk(func() speaker { return new(imap) })},
		{App: dissect.POP3, Ports: []uint16{110}, Match: matchPOP3, New: talk(func() speaker { return new(pop3) })},
		{App: dissect.Telnet, Ports: []uint16{23, 2323}, Match: matchTelnet, New: func() dissect.Stream { return new(telnet) }},
		{App: dissect.XMPP, Ports: []uint16{5222, 5269}, Match: matchXMPP, New: func() dissect.Stream { return new(xmpp) }},
		{App: dissect.RSync, Ports: []uint16{873}, Match: matchRsync, New: named},
		{App: dissect.Git, Ports: []uint16{9418}, Match: matchGit, New: named},
		{App: dissect.IRC, Ports: []uint16{6667, 6666, 6668, 6669}, Match: matchIRC, New: named},
		{App: dissect.Redis, Ports: []uint16{6379}, Match: matchRedis, New: func() dissect.Stream { return new(redis) }},
		{App: dissect.MongoDB, Ports: []uint16{27017}, Match: matchMongoDB, New: named},
		{App: dissect.Elasticsearch, Ports: []uint16{9300}, Match: matchElasticsearch, New: named},
		{App: dissect.Memcached, Ports: []uint16{11211}, Match: matchMemcached, New: named},
		{App: dissect.SOCKS, Ports: []uint16{1080}, Match: matchSOCKS, New: func() dissect.Stream { return new(socks) }},
		{App: dissect.Rlogin, Ports: []uint16{513}, Match: matchRlogin, New: func() dissect.Stream { return &remoteShell{"rlogin"} }},
		{App: dissect.RSH, Ports: []uint16{514, 512}, Match: matchRSH, New: func() dissect.Stream { return &remoteShell{"rsh"} }},
	}
}

// Datagrams lists the UDP protocols of this family.
func Datagrams() []dissect.DatagramSpec {
	return []dissect.DatagramSpec{{App: dissect.Memcached, Ports: []uint16{11211}, PortOnly: true, Data: memcachedDatagram}}
}
