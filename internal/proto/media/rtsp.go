package media

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// rtspMethods of RFC 2326 and RFC 7826.
var rtspMethods = []string{
	"OPTIONS ", "DESCRIBE ", "SETUP ", "PLAY ", "PAUSE ", "TEARDOWN ", "ANNOUNCE ", "RECORD ",
	"GET_PARAMETER ", "SET_PARAMETER ",
}

func matchRTSP(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if v := dissect.Prefix(b, "RTSP/"); v != dissect.No {
		return v
	}
	return matchText(b, "RTSP/", rtspMethods)
}

// rtsp reads what cameras and recorders call themselves.
type rtsp struct{ lines lines }

// Data implements dissect.Stream.
func (r *rtsp) Data(c *dissect.Ctx, b []byte) (n int, more bool) { return r.lines.walk(c, b, rtspLine) }

// Gap implements dissect.Stream.
func (r *rtsp) Gap(c *dissect.Ctx, _ int) bool {
	r.lines.lost(c)
	return true
}

func rtspLine(c *dissect.Ctx, line []byte) {
	if c.ToServer {
		if v, ok := field(line, "Authorization"); ok && len(v) > 6 && bytes.EqualFold(v[:6], []byte("Basic ")) {
			c.SayOf(model.CleartextLogin, "rtsp-basic")
		}
		return
	}
	if v, ok := field(line, "Server"); ok {
		c.SayAt(model.RTSPServer, dissect.View(v))
	}
	if v, ok := field(line, "WWW-Authenticate"); ok {
		if _, realm, ok := bytes.Cut(v, []byte(`realm="`)); ok {
			realm, _, _ = bytes.Cut(realm, []byte{'"'})
			c.SayAt(model.HTTPRealm, dissect.View(realm))
		}
	}
}
