package web_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web/pagetest"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// The script goes on with an upload that broke off in another browser, sends a large file in pieces, says what can't be used, and the
// list of files follows without a reload.
func TestUploadIsland(t *testing.T) {
	srv, a := site(t, false)
	dir := t.TempDir()
	file := append([]byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0}, bytes.Repeat([]byte("0123456789abcdef"), 3<<20)...) // 48 MiB: two pieces
	for name, b := range map[string][]byte{"half.pcap": file[:100_000], "large.pcap": file, "program.pcap": append([]byte("MZ"), make([]byte, 600)...)} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	half := begin(t, srv.URL, "half.pcap", file[:100_000], 40_000)
	ctx := pagetest.Browser(t, 3*time.Minute)
	enter(t, ctx, webtest.Link(t, keeper(t, a), srv.URL, auth.Operator))
	var files []string
	for _, name := range []string{"half.pcap", "large.pcap", "program.pcap"} {
		files = append(files, filepath.Join(dir, name))
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(srv.URL+"/intake?lang=ja"), chromedp.SetUploadFiles("#send input[type=file]", files), chromedp.Click("#send button")); err != nil {
		t.Fatal(err)
	}
	says := func(where string, words ...string) {
		t.Helper()
		text := ""
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
			var err error
			if text, err = chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("`+where+`").innerText`)); err != nil {
				t.Fatal(err)
			}
			missing := false
			for _, w := range words {
				missing = missing || !strings.Contains(text, w)
			}
			if !missing {
				return
			}
		}
		t.Errorf("%s never says %q: %s", where, words, text)
	}
	says("mm-upload", "half.pcap：届きました", "large.pcap：届きました", "program.pcap：program.pcap はプログラムです")
	says("#files", "half.pcap", "large.pcap", "通信記録")
	all, err := a.Store.Uploads(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, u := range all {
		want := map[string][]byte{"half.pcap": file[:100_000], "large.pcap": file}[u.Name]
		got, err := os.ReadFile(filepath.Join(a.Dir, "uploads", u.ID))
		if u.Name != "program.pcap" && (err != nil || !bytes.Equal(got, want)) {
			t.Errorf("%s differs from the file: %v", u.Name, err)
		}
		if u.Name == "half.pcap" && !strings.HasSuffix(half, u.ID) {
			t.Error("half.pcap was sent from the beginning")
		}
	}
}

// begin sends the first bytes of a file, as a browser did that was then closed.
func begin(t *testing.T, base, name string, file []byte, sent int) (location string) {
	t.Helper()
	do := func(method, url string, body []byte, header map[string]string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range header {
			r.Header.Set(k, v)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	res := do("POST", base+"/intake/uploads", nil, map[string]string{
		"Upload-Length": strconv.Itoa(len(file)), "Upload-Metadata": "filename " + base64.StdEncoding.EncodeToString([]byte(name)),
	})
	location = res.Header.Get("Location")
	res = do("PATCH", base+location, file[:sent], map[string]string{"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
	if res.StatusCode != http.StatusNoContent {
		t.Fatal(res.Status)
	}
	return location
}
