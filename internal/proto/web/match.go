package web

import (
	"bytes"

	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// methods are those of the IANA HTTP Method Registry that are met, and those of WinRM's and UPnP's neighbours.
var methods = []string{
	"GET ", "POST ", "HEAD ", "OPTIONS ", "PUT ", "DELETE ", "CONNECT ", "PATCH ", "TRACE ", "PROPFIND ",
	"PROPPATCH ", "MKCOL ", "COPY ", "MOVE ", "LOCK ", "UNLOCK ", "REPORT ", "SEARCH ", "SUBSCRIBE ", "UNSUBSCRIBE ",
	"NOTIFY ", "M-SEARCH ", "RPC_IN_DATA ", "RPC_OUT_DATA ", "BPROPFIND ", "SSTP_DUPLEX_POST ", "CCM_POST ", "BITS_POST ",
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" // RFC 9113 section 3.4

// matchHTTP knows a request line or a status line.
func matchHTTP(_ *dissect.Ctx, b []byte) dissect.Verdict {
	if v := dissect.Prefix(b, "HTTP/1."); v != dissect.No {
		return v
	}
	if v := dissect.Prefix(b, preface); v != dissect.No {
		return v
	}
	v := dissect.No
	for _, m := range methods {
		switch dissect.Prefix(b, m) {
		case dissect.Yes:
			return matchTarget(b[len(m):])
		case dissect.Maybe:
			v = dissect.Maybe
		}
	}
	return v
}

// matchTarget looks at what follows the method. RTSP, SIP and ICAP have requests of the same form: the version at the
// end of the line tells them apart. Long targets are taken for HTTP if nothing speaks against it.
func matchTarget(b []byte) dissect.Verdict {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		if len(b) < 2<<10 && bytes.IndexByte(b, 0) < 0 {
			if len(b) > 64 && b[0] == '/' {
				return dissect.Yes
			}
			return dissect.Maybe
		}
		return dissect.No
	}
	if bytes.Contains(b[:i], []byte(" HTTP/1.")) || bytes.Contains(b[:i], []byte(" HTTP/0.9")) {
		return dissect.Yes
	}
	return dissect.No
}
