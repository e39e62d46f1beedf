package auth

import "slices"

// Error is a refusal that the person is told in words: "auth.error.CODE", with Pairs as the values.
type Error struct {
	Code  string
	Pairs []string
}

func (e *Error) Error() string { return "auth: " + e.Code }

// The codes of Error.
const (
	CodeWrong         = "wrong"          // login or password; says not which
	CodeWait          = "wait"           // too many failures: seconds
	CodeBusy          = "busy"           // too many sign-ins at this moment
	CodeSignInAgain   = "sign_in_again"  // the session ended
	CodeWrongCode     = "wrong_code"     // one-time or recovery code
	CodeUsedCode      = "used_code"      // one-time code seen before
	CodeLink          = "link"           // the link was used or is too old
	CodeShort         = "short"          // password: n characters at least
	CodeLong          = "long"           // password: n bytes at most
	CodeCommon        = "common"         // password that everybody tries first
	CodeNamed         = "named"          // password with the name in it
	CodeLogin         = "login"          // not a login
	CodeName          = "name"           // not a name
	CodeTaken         = "taken"          // login
	CodeRole          = "role"           // not a role
	CodeLast          = "last"           // the last administrator
	CodeSetUp         = "set_up"         // the first administrator is there already
	CodeFull          = "full"           // n at most
	CodeScope         = "scope"          // a token may not do more than its owner
	CodeExpiry        = "expiry"         // of a token: days
	CodeNoPassword    = "no_password"    // the account signs in elsewhere
	CodeOldPassword   = "old_password"   // the present password is wrong
	CodeKeyFile       = "key_file"       // what was sealed can't be opened
	CodePasskey       = "passkey"        // the passkey was not accepted
	CodePasskeyPlace  = "passkey_place"  // passkeys need a name, not an address
	CodeNeeded        = "needed"         // administrators need a second factor
	CodeNothingToDo   = "nothing_to_do"  // e.g. no enrolment was begun
	CodeDirectory     = "directory"      // LDAP or OIDC does not answer as it should
	CodeDirectoryRole = "directory_role" // known there, but in no group that may use Mimawari
)

// Codes are all codes, so that a test can make sure that each has words.
func Codes() []string {
	return slices.Clone([]string{
		CodeWrong, CodeWait, CodeBusy, CodeSignInAgain, CodeWrongCode, CodeUsedCode, CodeLink, CodeShort, CodeLong, CodeCommon, CodeNamed,
		CodeLogin, CodeName, CodeTaken, CodeRole, CodeLast, CodeSetUp, CodeFull, CodeScope, CodeExpiry, CodeNoPassword, CodeOldPassword,
		CodeKeyFile, CodePasskey, CodePasskeyPlace, CodeNeeded, CodeNothingToDo, CodeDirectory, CodeDirectoryRole,
	})
}

func refuse(code string, pairs ...string) error { return &Error{Code: code, Pairs: pairs} }
