package web

import "github.com/mimawari/mimawari/internal/proto/dissect"

// ntlm reads an NTLM message.
var ntlm = func(*dissect.Ctx, []byte) {}
