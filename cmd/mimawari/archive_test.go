package main

import (
	"bytes"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/cookiejar"
	neturl "net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const passphrase = "correct horse battery"

// The machine is lost: what the page gave out as an archive is taken in on the set-up page of a new one, which begins anew with all of it,
// its people too.
func TestArchiveFromPageToPage(t *testing.T) {
	old := newProgram(t)
	old.want(exitClean, "", "patrol", old.capture("a.pcap", busy(3)), "-q")
	old.want(exitClean, "管理者", "users", "add", "sato", "--role", "administrator")
	first := old.servingAt("127.0.0.1:"+freePort(t), filepath.Join(old.dir, "data"))
	url := first.url + "/"
	client := old.signedIn(t, url)
	res, err := client.PostForm(url+"settings/archive/make", neturl.Values{"passphrase": {passphrase}, "again": {passphrase}})
	if err != nil {
		t.Fatal(err)
	}
	file, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !bytes.HasPrefix(file, []byte("age-encryption.org/v1")) {
		t.Fatalf("%s: %.100s %v", res.Status, file, err)
	}
	_ = res.Body.Close()
	stop(t, first.cmd)

	fresh := newProgram(t)
	second := fresh.servingAt("127.0.0.1:"+freePort(t), filepath.Join(fresh.dir, "data"))
	url = second.url + "/"
	if status, body := give(t, url, file, "not the passphrase"); status != http.StatusBadRequest || !strings.Contains(body, "合言葉がちがう") {
		t.Errorf("a wrong passphrase: %d %s", status, tail(body, 300))
	}
	if status, body := give(t, url, file[:len(file)/2], passphrase); status != http.StatusBadRequest || !strings.Contains(body, "壊れています") {
		t.Errorf("half a file: %d %s", status, tail(body, 300))
	}
	if status, body := give(t, url, file, passphrase); status != http.StatusOK {
		t.Fatalf("%d %s", status, tail(body, 300))
	}
	deadline := time.Now().Add(30 * time.Second)
	for strings.Contains(quietly(url+"hosts"), "最初の管理者を決める") || quietly(url+"healthz") == "" {
		if time.Now().After(deadline) {
			t.Fatal("the server did not begin anew")
		}
		time.Sleep(100 * time.Millisecond)
	}
	client = fresh.signedIn(t, url)
	res, err = client.Get(url + "hosts")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(body), "10.1.1.1") {
		t.Errorf("the hosts are not there again: %s %v", tail(string(body), 300), err)
	}
	_ = res.Body.Close()
	stop(t, second.cmd)
}

func stop(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// signedIn is a client that came in by a link made on the console.
func (p program) signedIn(t *testing.T, url string) *http.Client {
	t.Helper()
	_, key, _ := strings.Cut(p.want(exitClean, "/enter?key=", "users", "link", "sato", "--url", url), "key=")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	res, err := client.PostForm(url+"enter", neturl.Values{"key": {strings.Fields(key)[0]}})
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return client
}

// give sends an archive to the set-up page.
func give(t *testing.T, url string, file []byte, pass string) (int, string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if err := m.WriteField("passphrase", pass); err != nil {
		t.Fatal(err)
	}
	w, err := m.CreateFormFile("archive", "a.age")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"setup/restore", &b)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", m.FormDataContentType())
	q.Header.Set("Accept-Language", "ja")
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// quietly gets a page of a server that may be away for a moment: "" then.
func quietly(url string) string {
	q, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return ""
	}
	q.Header.Set("Accept-Language", "ja")
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return ""
	}
	return string(b)
}

// freePort is a port that nobody uses right now; the server comes back on it.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
