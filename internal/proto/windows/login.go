package windows

import (
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// NTSTATUS values that tell how a log-in ended (MS-ERREF 2.3.1).
const (
	statusOK             = 0
	statusMoreProcessing = 0xc0000016
)

// denied are the answers to a wrong name or password, a locked or expired account, or one without the right to log in.
var denied = map[uint32]bool{
	0xc000006d: true, // logon failure
	0xc000006a: true, // wrong password
	0xc0000064: true, // no such user
	0xc000006e: true, // account restriction
	0xc000006f: true, // not at this hour
	0xc0000070: true, // not from this workstation
	0xc0000071: true, // password expired
	0xc0000072: true, // account disabled
	0xc0000234: true, // account locked
	0xc0000193: true, // account expired
	0xc000015b: true, // logon type not granted
	0xc0000022: true, // access denied
}

// login remembers who asks to be let in.
func (s *smb) login(token []byte) {
	if who := ntlmAccount(token); who != "" {
		s.asking = who
	}
}

// loggedIn records the answer to a log-in with NTLM. Kerberos log-ins are told by the KDC's exchange.
func (s *smb) loggedIn(c *dissect.Ctx, status uint32) {
	if s.asking == "" || status == statusMoreProcessing {
		return
	}
	outcome := model.OutcomeFailed
	switch {
	case status == statusOK:
		outcome, s.pipes.calling.who = model.OutcomeOK, s.asking
	case denied[status]:
		outcome = model.OutcomeDenied
	}
	c.Deal(dissect.Deal{Action: model.DoNTLMLogin, Object: "smb", Who: s.asking, Outcome: outcome})
	s.asking = ""
}
