package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// jsonFormat writes JSON as all of the product does: safe inside HTML, one line.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		b, err := marshal(v)
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	},
	Unmarshal: json.Unmarshal,
}

func marshal(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	return append(b, '\n'), err
}

// kept holds an answer until it is whole: so that it can be tagged, and so that a failure leaves nothing behind.
type kept struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (k *kept) WriteHeader(status int)      { k.status = status }
func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }

// Unwrap lets http.ResponseController reach deadlines.
func (k *kept) Unwrap() http.ResponseWriter { return k.ResponseWriter }

// hesitant passes an answer on as it comes, unless the request has failed before: then somebody else says so.
type hesitant struct {
	http.ResponseWriter
	call *call
}

func (h *hesitant) WriteHeader(status int) {
	if h.call.err == nil {
		h.ResponseWriter.WriteHeader(status)
	}
}

func (h *hesitant) Write(b []byte) (int, error) {
	if h.call.err != nil {
		return len(b), nil
	}
	return h.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach flushing and deadlines.
func (h *hesitant) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// send writes the answer; one that the caller has already is only said to be the same.
func (k *kept) send(r *http.Request) {
	h := k.Header()
	if h.Get("Content-Type") == "application/json" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	if k.status == 0 {
		k.status = http.StatusOK
	}
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && k.status == http.StatusOK {
		tag := tagOf(k.body.Bytes())
		h.Set("ETag", tag)
		if names(r.Header.Values("If-None-Match"), tag, true) {
			h.Del("Content-Type")
			k.ResponseWriter.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Length", strconv.Itoa(k.body.Len()))
	k.ResponseWriter.WriteHeader(k.status)
	_, _ = k.ResponseWriter.Write(k.body.Bytes()) // the reader went away: nobody to tell
}

// tagOf is the strong entity tag of an answer: the same bytes, the same tag.
func tagOf(body []byte) string {
	h := sha256.Sum256(body)
	return `"` + hex.EncodeToString(h[:16]) + `"`
}

// names reports whether the fields of If-Match or If-None-Match name tag; weak says whether W/"..." counts (RFC 9110, 8.8.3).
func names(fields []string, tag string, weak bool) bool {
	for _, f := range fields {
		for t := range strings.SplitSeq(f, ",") {
			t = strings.TrimSpace(t)
			if weak {
				t = strings.TrimPrefix(t, "W/")
			}
			if t == tag || t == "*" {
				return true
			}
		}
	}
	return false
}
