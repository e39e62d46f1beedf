package directory_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/auth/directory"
	"github.com/mimawari/mimawari/internal/auth/directory/slapdtest"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/seal"
)

type memory struct {
	mu sync.Mutex
	m  map[string]string
}

func (m *memory) Setting(_ context.Context, name string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.m[name], nil
}

func (m *memory) SaveSetting(_ context.Context, name, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.m[name] = value
	return nil
}

// desk gives one, and what it reported.
func desk(t *testing.T) (*directory.Desk, *memory, *[]string) {
	t.Helper()
	key, err := seal.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, reported := &memory{m: map[string]string{}}, &[]string{}
	return &directory.Desk{Store: m, Seal: key, Now: time.Now, Report: func(err error) { *reported = append(*reported, err.Error()) }}, m, reported
}

func wants(t *testing.T, what string, err error, code string) {
	t.Helper()
	var e *directory.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func save(t *testing.T, d *directory.Desk, x directory.Draft) {
	t.Helper()
	if err := d.Save(t.Context(), x); err != nil {
		t.Fatal(err)
	}
}

// People of a real OpenLDAP server sign in by every kind of connection; nobody else does.
func TestSignInByLDAP(t *testing.T) {
	srv := slapdtest.Start(t)
	d, m, reported := desk(t)
	if _, err := d.Check(t.Context(), "sato", slapdtest.Password); !errors.Is(err, auth.ErrNobody) {
		t.Fatalf("while off: %v", err)
	}
	subject := ""
	for what, x := range map[string]directory.Draft{"ldaps": srv.Draft(srv.Secure), "StartTLS": srv.Draft(srv.Plain), "plain on loopback": func() directory.Draft { x := srv.Draft(srv.Plain); x.CA = ""; return x }()} {
		save(t, d, x)
		if strings.Contains(m.m["directory.ldap"], slapdtest.Secret) {
			t.Fatal("the password is kept as it is")
		}
		who, err := d.Check(t.Context(), "sato", slapdtest.Password)
		if err != nil || who.Role != auth.Administrator || who.Login != "sato" || who.Name != "佐藤 花子" || who.Origin != "ldap" || who.Strong || len(who.Subject) != 36 {
			t.Fatalf("%s: %+v, %v %v", what, who, err, *reported)
		}
		if subject != "" && who.Subject != subject {
			t.Errorf("%s: another subject", what)
		}
		subject = who.Subject
	}
	if who, err := d.Check(t.Context(), "suzuki@hospital.example", slapdtest.Password); err != nil || who.Role != auth.Operator || who.Login != "suzuki" {
		t.Errorf("by mail: %+v %v", who, err)
	}
	if who, err := d.Check(t.Context(), "tanaka", slapdtest.Password); err != nil || who.Role != "" {
		t.Errorf("in no group: %+v %v", who, err)
	}
	for _, x := range [][2]string{
		{"sato", "wrong"},
		{"sato", ""},
		{"", slapdtest.Password},
		{"nobody", slapdtest.Password},
		{"*", slapdtest.Password},
		{"sat*", slapdtest.Password},
		{"sato)(uid=*", slapdtest.Password},
		{"x)(|(uid=sato", slapdtest.Password},
		{"sato\x00", slapdtest.Password},
		{strings.Repeat("a", 300), slapdtest.Password},
	} {
		if who, err := d.Check(t.Context(), x[0], x[1]); !errors.Is(err, auth.ErrNobody) {
			t.Errorf("%.30q: %+v %v", x[0], who, err)
		}
	}
	if len(*reported) > 0 {
		t.Errorf("reported: %v", *reported)
	}
	_, err := d.Check(t.Context(), "double@hospital.example", slapdtest.Password)
	var told *auth.Error
	if !errors.As(err, &told) || told.Code != auth.CodeDirectory || len(*reported) != 1 || !strings.Contains((*reported)[0], directory.CodeSeveral) {
		t.Errorf("two people: %v, %v", err, *reported)
	}
}

// The server of these tests takes a DN without a password as anybody: that an empty password is refused is our doing.
func TestUnauthenticatedBindIsPossibleThere(t *testing.T) {
	srv := slapdtest.Start(t)
	c, err := ldap.DialURL(srv.Plain)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.UnauthenticatedBind("uid=sato,ou=people," + slapdtest.Base); err != nil {
		t.Fatal(err)
	}
}

// The test button says in words what is wrong.
func TestTryLDAP(t *testing.T) {
	srv := slapdtest.Start(t)
	d, _, _ := desk(t)
	other := slapdtest.Start(t)
	try := func(login string, change func(x *directory.Draft)) (directory.Outcome, error) {
		x := srv.Draft(srv.Secure)
		change(&x)
		return d.Try(t.Context(), x, login)
	}
	if o, err := try("", func(*directory.Draft) {}); err != nil || o.Asked {
		t.Errorf("%+v %v", o, err)
	}
	if o, err := try("Suzuki", func(*directory.Draft) {}); err != nil || !o.Asked || o.Role != auth.Operator || len(o.Groups) != 1 || o.Name != "鈴木 一郎" {
		t.Errorf("%+v %v", o, err)
	}
	for what, x := range map[string]struct {
		change func(x *directory.Draft)
		login  string
		code   string
	}{
		"another's certificate":     {func(x *directory.Draft) { x.CA = other.CA }, "", directory.CodeTLS},
		"StartTLS, another's":       {func(x *directory.Draft) { x.CA, x.URL = other.CA, srv.Plain }, "", directory.CodeTLS},
		"name not in it":            {func(x *directory.Draft) { x.URL = strings.Replace(x.URL, "127.0.0.1", "localhost", 1) }, "", directory.CodeTLS},
		"nobody listens":            {func(x *directory.Draft) { x.URL = "ldaps://127.0.0.1:1" }, "", directory.CodeReach},
		"reader's password":         {func(x *directory.Draft) { x.Secret = "x" }, "", directory.CodeBind},
		"reader":                    {func(x *directory.Draft) { x.User = "cn=nobody," + slapdtest.Base }, "", directory.CodeBind},
		"base":                      {func(x *directory.Draft) { x.Base = "ou=none," + slapdtest.Base }, "", directory.CodeNoBase},
		"person":                    {func(*directory.Draft) {}, "nobody", directory.CodeNobody},
		"two people":                {func(*directory.Draft) {}, "double@hospital.example", directory.CodeSeveral},
		"no such kind":              {func(x *directory.Draft) { x.Kind = "nis" }, "", directory.CodeKind},
		"scheme":                    {func(x *directory.Draft) { x.URL = "http://127.0.0.1" }, "", directory.CodeURL},
		"password in the address":   {func(x *directory.Draft) { x.URL = "ldaps://a:b@127.0.0.1" }, "", directory.CodeURL},
		"no host":                   {func(x *directory.Draft) { x.URL = "ldaps://" }, "", directory.CodeURL},
		"no certificate":            {func(x *directory.Draft) { x.CA = "x" }, "", directory.CodeCA},
		"no reader":                 {func(x *directory.Draft) { x.User = " " }, "", directory.CodeUser},
		"no DN":                     {func(x *directory.Draft) { x.Base = "hospital" }, "", directory.CodeBase},
		"filter without login":      {func(x *directory.Draft) { x.Filter = "(uid=sato)" }, "", directory.CodeFilter},
		"filter that is none":       {func(x *directory.Draft) { x.Filter = "(uid={login}" }, "", directory.CodeFilter},
		"no groups":                 {func(x *directory.Draft) { x.Groups = "\n" }, "", directory.CodeGroups},
		"role that is none":         {func(x *directory.Draft) { x.Groups = "king: " + slapdtest.Staff }, "", directory.CodeGroups},
		"group that is no DN":       {func(x *directory.Draft) { x.Groups = "operator: staff" }, "", directory.CodeGroups},
		"control character":         {func(x *directory.Draft) { x.User = "cn=a\x00b" }, "", directory.CodeLong},
		"too long":                  {func(x *directory.Draft) { x.Filter = strings.Repeat("x", 2000) }, "", directory.CodeLong},
		"no password, none is kept": {func(x *directory.Draft) { x.Secret = "" }, "", directory.CodeNoSecret},
	} {
		_, err := try(x.login, x.change)
		wants(t, what, err, x.code)
	}
}

// A kept password goes to no other server, and to no other account, without being typed again.
func TestKeptSecretStaysHere(t *testing.T) {
	srv := slapdtest.Start(t)
	d, m, reported := desk(t)
	save(t, d, srv.Draft(srv.Secure))
	x := srv.Draft(srv.Secure)
	x.Secret, x.Filter = "", "(uid={login})"
	save(t, d, x)
	if _, err := d.Check(t.Context(), "suzuki", slapdtest.Password); err != nil {
		t.Fatal(err, *reported)
	}
	for what, change := range map[string]func(x *directory.Draft){
		"server": func(x *directory.Draft) { x.URL = "ldap://127.0.0.1:1" }, "account": func(x *directory.Draft) { x.User = "cn=x" }, "authority": func(x *directory.Draft) { x.CA = "" },
	} {
		y := x
		change(&y)
		_, err := d.Try(t.Context(), y, "")
		wants(t, what, err, directory.CodeSecretAgain)
		wants(t, what, d.Save(t.Context(), y), directory.CodeSecretAgain)
	}
	other, _, _ := desk(t)
	d.Seal = other.Seal
	_, err := d.Try(t.Context(), x, "")
	wants(t, "another key file", err, directory.CodeKey)
	m.m["directory.ldap"] = "{"
	_, _, err = d.Load(t.Context(), directory.LDAP)
	wants(t, "damaged", err, directory.CodeDamaged)
	if err := d.Off(t.Context(), directory.LDAP); err != nil || m.m["directory.ldap"] != "" {
		t.Errorf("off: %v %q", err, m.m["directory.ldap"])
	}
}

// stranger is a server that takes what it is sent and answers with reply, or not at all.
func stranger(t *testing.T, reply []byte) (address string, heard func() []byte) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var mu sync.Mutex
	var all bytes.Buffer
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 4096)
				for {
					n, err := c.Read(b)
					mu.Lock()
					all.Write(b[:n])
					mu.Unlock()
					if err != nil {
						return
					}
					if _, err := io.Copy(c, bytes.NewReader(reply)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String(), func() []byte { mu.Lock(); defer mu.Unlock(); return bytes.Clone(all.Bytes()) }
}

// A server that does not encrypt gets no password; one that hangs or talks nonsense holds nobody up.
func TestStrangeServers(t *testing.T) {
	pem := slapdtest.Start(t).CA
	refusal := []byte{0x30, 0x0c, 0x02, 0x01, 0x01, 0x78, 0x07, 0x0a, 0x01, 0x02, 0x04, 0x00, 0x04, 0x00} // extended response: protocolError
	huge := []byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02, 0x01, 0x01}
	for what, reply := range map[string][]byte{"refuses StartTLS": refusal, "hangs": nil, "nonsense": []byte("HTTP/1.1 400\r\n\r\n"), "huge": huge} {
		at, heard := stranger(t, reply)
		for _, scheme := range []string{"ldap://", "ldaps://"} {
			d, _, reported := desk(t)
			x := slapdtest.Server{CA: pem}.Draft(scheme + at)
			save(t, d, x)
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			begun := time.Now()
			_, err := d.Check(ctx, "sato", slapdtest.Password)
			stop()
			var told *auth.Error
			if !errors.As(err, &told) || told.Code != auth.CodeDirectory || len(*reported) != 1 {
				t.Errorf("%s%s: %v %v", scheme, what, err, *reported)
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("%s%s: took %v", scheme, what, took)
			}
		}
		if got := heard(); len(got) == 0 || bytes.Contains(got, []byte(slapdtest.Secret)) || bytes.Contains(got, []byte(slapdtest.Password)) {
			t.Errorf("%s: it heard %q", what, got)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range directory.Codes() {
		if !locale.Has("directory.error." + c) {
			t.Errorf("no words for %s", c)
		}
	}
}
