package auth

import (
	"context"
	"slices"
)

// Role is what somebody is to the institution. The values are stable: they are stored and appear in JSON.
type Role string

// The roles.
const (
	Administrator Role = "administrator" // the IT desk: everything
	Operator      Role = "operator"      // the daily work: looks, decides, keeps the ledger
	Approver      Role = "approver"      // lets vendors in; looks and decides
	Executive     Role = "executive"     // looks and reads reports
	Auditor       Role = "auditor"       // reads everything, the audit trail too; changes nothing
	Vendor        Role = "vendor"        // a maintenance engineer: only their own account, nothing of the network
)

// Roles are all roles, the most powerful first.
var Roles = []Role{Administrator, Operator, Approver, Executive, Auditor, Vendor}

// Valid reports whether r is a role.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// Permission is one kind of thing that somebody may do.
type Permission string

// The permissions. Everyone is for what answers without signing in.
const (
	Everyone Permission = ""
	SignedIn Permission = "signed_in"
	Look     Permission = "look"    // hosts, findings, ledger, map
	Decide   Permission = "decide"  // findings: acknowledge, accept, assign, silence; notes on hosts
	Declare  Permission = "declare" // change the ledger
	Intake   Permission = "intake"  // uploads, patrols, schedules, interfaces
	Report   Permission = "report"  // make and download reports
	Audit    Permission = "audit"   // read the audit trail
	Manage   Permission = "manage"  // users, settings, certificates, backup of Mimawari itself
)

// Permissions are all that a role can be given, besides Everyone and SignedIn.
var Permissions = []Permission{Look, Decide, Declare, Intake, Report, Audit, Manage}

var allowed = map[Role][]Permission{
	Administrator: Permissions,
	Operator:      {Look, Decide, Declare, Intake, Report},
	Approver:      {Look, Decide, Report},
	Executive:     {Look, Report},
	Auditor:       {Look, Report, Audit},
	Vendor:        {},
}

// May reports whether the role is allowed p. What is no role may only what everyone may.
func (r Role) May(p Permission) bool {
	switch p {
	case Everyone:
		return true
	case SignedIn:
		return r.Valid()
	}
	return slices.Contains(allowed[r], p)
}

// Viewer is who asks. The zero Viewer is somebody who has not signed in.
type Viewer struct {
	ID      string
	Login   string
	Name    string
	Role    Role
	Session string       // id of the session, "" for a token
	Token   string       // id of the API token, "" for a session
	Scopes  []Permission // of a token: no more than these
}

// May reports whether the viewer is allowed p: the role must allow it and, for a token, its scopes too.
func (v Viewer) May(p Permission) bool {
	if v.ID == "" {
		return p == Everyone
	}
	if v.Token != "" && p != Everyone && p != SignedIn && !slices.Contains(v.Scopes, p) {
		return false
	}
	return v.Role.May(p)
}

// Called is what others know the viewer by: the name, else the login.
func (v Viewer) Called() string {
	if v.Name != "" {
		return v.Name
	}
	return v.Login
}

type viewerKey struct{}

// WithViewer puts the viewer into ctx.
func WithViewer(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, v)
}

// ViewerOf gives the viewer of ctx; the zero Viewer if nobody signed in.
func ViewerOf(ctx context.Context) Viewer {
	v, _ := ctx.Value(viewerKey{}).(Viewer)
	return v
}
