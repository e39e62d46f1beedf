package database_test

import (
	"encoding/binary"
	"testing"
	"unicode/utf16"

	"github.com/mimawari/mimawari/internal/proto/database"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

func TestCaptures(t *testing.T) {
	f := func(name string, want ...string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			streamtest.Capture(t, "captures/ndpi/"+name, []string{"db", "login"}, want...)
		})
	}
	f("mysql.pcapng", `192.168.88.200 db.server "mysql 8.0.36" :3306`, `192.168.88.201 db.server "mariadb 10.6.12-MariaDB-0ubuntu0.22.04.1" :3306`)
	f("oracle12.pcapng", `10.0.2.15 db.client "kali" x2`, `10.0.2.15 db.client "sqlplus@kali" x2`,
		`10.0.72.139 db.server "oracle 12.1.0.2" :1521`)
	f("drda_db2.pcap", `192.168.106.128 db.server "db2 SQL08024" :50000`, `192.168.106.128 login.cleartext "drda" <- 192.168.106.1 :50000`)
}

func packet(typ byte, body string) string {
	return string([]byte{typ, 1}) + string(binary.BigEndian.AppendUint16(nil, uint16(len(body)+8))) + "\x00\x00\x01\x00" + body
}

// prelogin has a version and an encryption option (MS-TDS section 4.1).
func prelogin(version string, encryption byte) string {
	return "\x00\x00\x0b\x00\x06\x01\x00\x11\x00\x01\xff" + version + string([]byte{encryption})
}

func login7(host, user, password, program string, flags2 byte) string {
	fixed := make([]byte, 94)
	fixed[25] = flags2
	var texts []byte
	for i, s := range []string{host, user, password, program} {
		at := 36 + 4*i
		binary.LittleEndian.PutUint16(fixed[at:], uint16(len(fixed)+len(texts)))
		u := utf16.Encode([]rune(s))
		binary.LittleEndian.PutUint16(fixed[at+2:], uint16(len(u)))
		for _, x := range u {
			texts = binary.LittleEndian.AppendUint16(texts, x)
		}
	}
	binary.LittleEndian.PutUint32(fixed, uint32(len(fixed)+len(texts)))
	return string(fixed) + string(texts)
}

func TestTDS(t *testing.T) {
	open := []string{">" + packet(0x12, prelogin("\x11\x00\x00\x00\x00\x00", 0)), "<" + packet(4, prelogin("\x0f\x00\x10\xa5\x00\x00", 2))}
	streamtest.Check(t, 1433, append(open, ">"+packet(0x10, login7("RECEPTION-PC", "sa", "secret", "ORCA連携", 0)), "<"+packet(4, "\xad")), dissect.TDS,
		`client db.client "RECEPTION-PC"`, `client db.client "ORCA連携"`, `server db.server "mssql 15.0.4261" :1433`,
		`server login.cleartext "tds" <- client :1433`)
	streamtest.Check(t, 50123, append(open, ">"+packet(0x10, login7("PC2", "", "", ".Net SqlClient", 0x80))), dissect.TDS,
		`client db.client "PC2"`, `client db.client ".Net SqlClient"`, `server db.server "mssql 15.0.4261" :50123`)
	streamtest.Check(t, 1433, append(open, ">"+packet(0x12, "\x16\x03\x01\x00\x10")), dissect.TDS, `server db.server "mssql 15.0.4261" :1433`)
}

func tns(typ byte, body string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(len(body)+8))) + "\x00\x00" + string([]byte{typ}) + "\x00\x00\x00" + body
}

func TestTNS(t *testing.T) {
	descriptor := `(DESCRIPTION=(ADDRESS=(HOST=db1))(CONNECT_DATA=(SID=KARTE)(CID=(PROGRAM=C:\Users\bob\karte.exe)(HOST=DESK7)(USER=bob))))`
	fixed := make([]byte, 26)
	copy(fixed, "\x01\x3a\x01\x2c")
	binary.BigEndian.PutUint16(fixed[16:], uint16(len(descriptor)))
	binary.BigEndian.PutUint16(fixed[18:], 34)
	connect := ">" + tns(1, string(fixed)+descriptor)
	streamtest.Check(t, 1521, []string{connect, "<" + tns(11, ""), connect, "<" + tns(2, "\x01\x3a\x00\x00"), ">" + tns(6, "\x00\x00x"), "<" + tns(6, "\x00\x00something else")}, dissect.TNS,
		`client db.client "karte.exe" x2`, `client db.client "DESK7" x2`, `server db.server "oracle" :1521`)
	streamtest.Check(t, 1599, []string{connect, "<" + tns(6, "\x00\x00\xde\xad\xbe\xef\x00\x75\x0b\x20\x04\x00\x00\x04\x00")}, dissect.TNS,
		`client db.client "karte.exe"`, `client db.client "DESK7"`, `server db.server "oracle 11.2.0.4" :1599`)
}

func pg(typ, body string) string {
	return typ + string(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))) + body
}

func TestPostgreSQL(t *testing.T) {
	start := ">" + pg("", "\x00\x03\x00\x00user\x00bob\x00database\x00karte\x00application_name\x00psql\x00\x00")
	streamtest.Check(t, 5433, []string{
		start, "<" + pg("R", "\x00\x00\x00\x03"), ">" + pg("p", "secret\x00"),
		"<" + pg("R", "\x00\x00\x00\x00") + pg("S", "server_encoding\x00UTF8\x00") + pg("S", "server_version\x0015.4 (Debian 15.4-1)\x00") + pg("Z", "I"),
	},
		dissect.PostgreSQL,
		`client db.client "psql"`, `server db.server "postgresql 15.4" :5433`, `server login.cleartext "postgresql" <- client :5433`)
	streamtest.Check(t, 5432, []string{start, "<" + pg("R", "\x00\x00\x00\x05salt"), ">" + pg("p", "md5abc\x00"), "<" + pg("E", "no")},
		dissect.PostgreSQL, `client db.client "psql"`)
	ssl := ">\x00\x00\x00\x08\x04\xd2\x16\x2f"
	streamtest.Check(t, 5432, []string{ssl, "<N", start, "<" + pg("R", "\x00\x00\x00\x03"), ">" + pg("p", "secret\x00")}, dissect.PostgreSQL,
		`client db.client "psql"`, `server login.cleartext "postgresql" <- client :5432`)
	streamtest.Check(t, 5432, []string{ssl, "<S", "<SSH-2.0-stands_for_TLS\n"}, dissect.PostgreSQL, `server banner.ssh "stands_for_TLS" :5432`)
}

func my(seq byte, body string) string { return string([]byte{byte(len(body)), 0, 0, seq}) + body }

func TestMySQL(t *testing.T) {
	hello := "<" + my(0, "\x0a5.7.44-log\x00\x01\x00\x00\x00abcdefgh\x00\xff\xff")
	streamtest.Check(t, 3306, []string{hello, ">" + my(1, "\x85\xa6\xff\x01"+string(make([]byte, 28))+"bob\x00"), "<" + my(2, "\xfemysql_clear_password\x00"), ">" + my(3, "secret\x00"), "<" + my(4, "\x00")},
		dissect.MySQL, `server db.server "mysql 5.7.44-log" :3306`, `server login.cleartext "mysql" <- client :3306`)
	streamtest.Check(t, 3307, []string{hello, ">" + my(1, "\x85\xae\xff\x01"+string(make([]byte, 28))), "<SSH-2.0-stands_for_TLS\n"}, dissect.MySQL,
		`server db.server "mysql 5.7.44-log" :3307`, `server banner.ssh "stands_for_TLS" :3307`)
}

func TestNobody(t *testing.T) {
	for _, turn := range []string{
		">\x12\x01\x00\x10\x00\x00\x01\x00\x05\x00\x00\x00\x00", ">\x00\x00\x00\x09\x00\x03\x00\x00\x01", "<\x05\x00\x00\x00\x09abc", "<\x10\x00\x00\x00\x0aabcdefghijk\x00",
		">\x00\x20\x00\x00\x01\x00\x00\x00" + string(make([]byte, 40)), ">\x00\x10\xd0\x01\x00\x01\x00\x0a\x20\x01",
	} {
		if obs, app := streamtest.Play(1433, turn); app != dissect.Unknown || len(obs) > 0 {
			t.Errorf("%q is %q: %v", turn, app, obs)
		}
	}
}

func FuzzDatabase(f *testing.F) {
	f.Add([]byte(packet(0x12, prelogin("\x11\x00\x00\x00\x00\x00", 0))+packet(0x10, login7("A", "b", "c", "D", 0))), []byte(packet(4, prelogin("\x0f\x00\x10\xa5\x00\x00", 2))), 9)
	f.Add([]byte(pg("", "\x00\x03\x00\x00user\x00bob\x00\x00")), []byte(pg("R", "\x00\x00\x00\x03")+pg("S", "server_version\x0015\x00")), 9)
	f.Add([]byte("\x00\x2e\xd0\x01\x00\x01\x00\x28\x10\x41\x00\x08\x11\x5a\xe2\xd8\xd3\xf0"), []byte(my(0, "\x0a5.7.44-log\x00\x01")), 5)
	f.Fuzz(func(t *testing.T, a, b []byte, cut int) {
		streamtest.Fuzz(t, database.Streams(), 1433, a, b, cut)
		for _, port := range []uint16{1433, 1521, 3306, 5432} {
			streamtest.Play(port, ">"+string(a), "<"+string(b), ">"+string(a), "<"+string(b))
		}
	})
}
