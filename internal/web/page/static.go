package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed static
var static embed.FS

// asset is one file of ours that browsers fetch: styles, scripts, the icon.
type asset struct {
	mime          string
	plain, zipped []byte
	digest        string
}

// assets are read and compressed once.
var assets = sync.OnceValue(func() map[string]asset { return readAssets(static) })

func readAssets(fsys fs.FS) map[string]asset {
	m := map[string]asset{}
	err := fs.WalkDir(fsys, "static", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(fsys, p)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		m[strings.TrimPrefix(p, "static/")] = asset{mimeOf(p), b, zipped(b), hex.EncodeToString(sum[:6])}
		return nil
	})
	if err != nil {
		panic("BUG: static files: " + err.Error())
	}
	return m
}

// mimeOf does not ask the system: what Windows says of .js depends on what is installed.
func mimeOf(p string) string {
	switch path.Ext(p) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(p))
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	_, _ = z.Write(b) // a buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

// assetURL is where a file is; it changes with its content, so that browsers may keep it for ever.
func assetURL(name string) (string, error) {
	a, ok := assets()[name]
	if !ok {
		return "", fmt.Errorf("BUG: no static file %s", name)
	}
	return "/static/" + name + "?v=" + a.digest, nil
}

// Static serves the files.
func Static(w http.ResponseWriter, r *http.Request) error {
	a, ok := assets()[r.PathValue("name")]
	if !ok {
		return errNoPage
	}
	h := w.Header()
	h.Set("Content-Type", a.mime)
	h.Set("ETag", `"`+a.digest+`"`)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == a.digest {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if r.Header.Get("If-None-Match") == `"`+a.digest+`"` {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body := a.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.zipped
	}
	_, _ = w.Write(body) // the reader went away: nobody to tell
	return nil
}
