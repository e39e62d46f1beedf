package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

func (a *API) peopleOperations() {
	op := func(method, path, id, summary, text string, pages ...string) Operation {
		return Operation{Method: method, Path: path, Need: auth.Manage, ID: id, Tag: "people", Summary: summary, Text: text, Pages: pages, Quiet: true}
	}
	const at = "POST /settings/users"
	add(a, op(http.MethodGet, "/users", "users", "Who may use Mimawari, and as what", "", "GET /settings/users"), a.users)
	add(a, op(http.MethodPost, "/users", "add-user", "Add somebody", "", at), a.addUser)
	add(a, op(http.MethodGet, "/users/{id}", "user", "One person", "", "GET /settings/users/{id}"), a.user)
	add(a, op(http.MethodPut, "/users/{id}", "change-user", "Change the role of somebody, or shut them out and let them in again", "", at+"/{id}/role", at+"/{id}/disable", at+"/{id}/enable"), a.changeUser)
	add(a, op(http.MethodPut, "/users/{id}/password", "set-password", "Give somebody a new password", "", at+"/{id}/password"), a.setPassword)
	add(a, op(http.MethodPost, "/users/{id}/reset", "reset-factors", "Take the second factors of somebody away", "", at+"/{id}/reset"), a.resetFactors)
	add(a, op(http.MethodPost, "/users/{id}/sessions/end", "end-sessions", "Sign somebody out everywhere", "", at+"/{id}/sessions/end"), a.endSessions)
	own := func(method, path, id, summary string, pages ...string) Operation {
		o := op(method, path, id, summary, "Only with the session of the pages, not with a token: a program makes itself no tokens.", pages...)
		o.Need, o.Personal = auth.SignedIn, true
		return o
	}
	add(a, own(http.MethodGet, "/tokens", "tokens", "One's own tokens; an administrator sees all", "GET /settings/tokens"), a.tokens)
	add(a, own(http.MethodPost, "/tokens", "create-token", "Make a token; its secret is in the answer, this once", "POST /settings/tokens"), a.createToken)
	add(a, own(http.MethodDelete, "/tokens/{id}", "revoke-token", "End a token", "POST /settings/tokens/revoke"), a.revokeToken)
	trail := func(method, path, id, summary, page string) Operation {
		return Operation{Method: method, Path: path, Need: auth.Audit, ID: id, Tag: "audit", Summary: summary, Pages: []string{page}, Quiet: true}
	}
	add(a, trail(http.MethodGet, "/audit", "audit", "Who did what, newest first", "GET /settings/audit"), a.audit)
	add(a, trail(http.MethodPost, "/audit/verify", "verify-audit", "Whether anybody changed the trail", "POST /settings/audit/verify"), a.verifyAudit)
	type filtered struct {
		Common
		Q      string `query:"q" maxLength:"200" doc:"every word is part of the login, the action, the object or the details"`
		Action string `query:"action" maxLength:"100" doc:"one action, or a family with finding.*"`
		From   string `query:"from" maxLength:"10" doc:"the first day" example:"2026-11-01"`
		To     string `query:"to" maxLength:"10" doc:"the last day" example:"2026-11-30"`
	}
	alias[filtered](a, file("/audit.csv", "GET /settings/audit.csv", auth.Audit, "audit-csv", "audit", "The audit trail as a table", mediaCSV))
	alias[Common](a, file("/audit/checkpoint.txt", "GET /settings/audit/checkpoint.txt", auth.Audit, "audit-checkpoint", "audit", "What a person keeps elsewhere, to compare the trail with later", mediaText))
}

// keeper refuses where nobody keeps the door.
func (a *API) keeper() (*auth.Keeper, error) {
	if a.Keeper == nil {
		return nil, model.ErrNotFound
	}
	return a.Keeper, nil
}

// refusedByKeeper turns a refusal of the keeper into words.
func refusedByKeeper(err error) error {
	var e *auth.Error
	if errors.As(err, &e) {
		return &Refused{Key: "auth.error." + e.Code, Pairs: e.Pairs}
	}
	return err
}

// UserAnswer is somebody who may sign in, without any secret.
type UserAnswer struct {
	ID       string    `json:"id"`
	Login    string    `json:"login"`
	Name     string    `json:"name"`
	Role     string    `json:"role"`
	Disabled bool      `json:"disabled"`
	Factor   bool      `json:"second_factor"`
	Origin   string    `json:"origin"` // who vouches: "" Mimawari itself, ldap, oidc
	Made     time.Time `json:"made"`
	Last     time.Time `json:"last,omitzero"` // last sign-in
}

func newUser(x *model.Account) UserAnswer {
	return UserAnswer{x.ID, x.Login, x.Name, x.Role, x.Disabled, x.SecondFactor(), x.Origin, x.Made, x.Last}
}

// UserList is part of the people.
type UserList struct {
	Users []UserAnswer `json:"users"`
	Total int          `json:"total"` // of all pages together
	Next  string       `json:"next"`  // goes into after; "" at the end
}

type usersOutput struct {
	Link string `header:"Link" doc:"leads to the next page"`
	Body UserList
}

func (a *API) users(ctx context.Context, in *pagedInput) (*usersOutput, error) {
	k, err := a.keeper()
	if err != nil {
		return nil, err
	}
	all, err := k.Store.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	part, after, err := paged(all, in.Paging)
	out := UserList{Users: []UserAnswer{}, Total: len(all), Next: after}
	for i := range part {
		out.Users = append(out.Users, newUser(&part[i]))
	}
	return &usersOutput{next(ctx, after), out}, err
}

// NewUserBody is somebody to be added.
type NewUserBody struct {
	Login    string `json:"login" minLength:"1" maxLength:"200" doc:"what they sign in with"`
	Name     string `json:"name" required:"false" maxLength:"200" doc:"their name"`
	Role     string `json:"role" enum:"administrator,operator,approver,executive,auditor,vendor" doc:"what they are to the institution"`
	Password string `json:"password" required:"false" maxLength:"1000" doc:"without one they come in by a link from the console"`
}

type addUserInput struct {
	Common
	Body NewUserBody
}

type userOutput struct{ Body UserAnswer }

func (a *API) addUser(ctx context.Context, in *addUserInput) (*userOutput, error) {
	k, err := a.keeper()
	if err != nil {
		return nil, err
	}
	b := in.Body
	x, err := k.Add(ctx, auth.NewAccount{Login: b.Login, Name: b.Name, Role: auth.Role(b.Role), Password: b.Password})
	return &userOutput{newUser(&x)}, refusedByKeeper(err)
}

func (a *API) user(ctx context.Context, in *ByID) (*userOutput, error) {
	k, err := a.keeper()
	if err != nil {
		return nil, err
	}
	x, err := k.Store.Account(ctx, in.ID)
	return &userOutput{newUser(&x)}, err
}

// UserBody is what shall be changed of somebody. What is not sent stays.
type UserBody struct {
	Role     *string `json:"role,omitempty" enum:"administrator,operator,approver,executive,auditor,vendor" doc:"what they are to the institution"`
	Disabled *bool   `json:"disabled,omitempty" doc:"shut out"`
}

type changeUserInput struct {
	ByID
	Guarded
	Body UserBody
}

func (a *API) changeUser(ctx context.Context, in *changeUserInput) (*userOutput, error) {
	k, err := a.keeper()
	if err != nil {
		return nil, err
	}
	a.guard.Lock()
	defer a.guard.Unlock()
	now, err := a.user(ctx, &in.ByID)
	if err != nil {
		return nil, err
	}
	if err := in.check(func(locale.Lang) any { return now.Body }); err != nil {
		return nil, err
	}
	if in.Body.Role != nil {
		err = k.SetRole(ctx, in.ID, auth.Role(*in.Body.Role))
	}
	if err == nil && in.Body.Disabled != nil {
		err = k.Disable(ctx, in.ID, *in.Body.Disabled)
	}
	if err != nil {
		return nil, refusedByKeeper(err)
	}
	return a.user(ctx, &in.ByID)
}

// PasswordBody is a new password.
type PasswordBody struct {
	Password string `json:"password" minLength:"1" maxLength:"1000" doc:"the new password"`
}

type setPasswordInput struct {
	ByID
	Body PasswordBody
}

func (a *API) setPassword(ctx context.Context, in *setPasswordInput) (*userOutput, error) {
	return a.toUser(ctx, &in.ByID, func(k *auth.Keeper) error { return k.SetPassword(ctx, in.ID, in.Body.Password) })
}

func (a *API) resetFactors(ctx context.Context, in *ByID) (*userOutput, error) {
	return a.toUser(ctx, in, func(k *auth.Keeper) error { return k.ResetFactors(ctx, in.ID) })
}

func (a *API) endSessions(ctx context.Context, in *ByID) (*userOutput, error) {
	return a.toUser(ctx, in, func(k *auth.Keeper) error { return k.EndSessions(ctx, in.ID, "") })
}

// toUser does something to somebody who is there, and answers with them.
func (a *API) toUser(ctx context.Context, in *ByID, do func(*auth.Keeper) error) (*userOutput, error) {
	k, err := a.keeper()
	if err != nil {
		return nil, err
	}
	if _, err := k.Store.Account(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := do(k); err != nil {
		return nil, refusedByKeeper(err)
	}
	return a.user(ctx, in)
}

// ofTokens gives the keeper, and says whose tokens are meant: "" for everybody's.
func (a *API) ofTokens(ctx context.Context) (*auth.Keeper, string, error) {
	k, err := a.keeper()
	if v := auth.ViewerOf(ctx); !v.May(auth.Manage) {
		return k, v.ID, err
	}
	return k, "", err
}

// TokenList is tokens without their secrets.
type TokenList struct {
	Tokens []auth.Token `json:"tokens"`
}

type tokensOutput struct{ Body TokenList }

func (a *API) tokens(ctx context.Context, _ *Common) (*tokensOutput, error) {
	k, whose, err := a.ofTokens(ctx)
	if err != nil {
		return nil, err
	}
	ts, err := k.Tokens(ctx, whose)
	return &tokensOutput{TokenList{list(ts)}}, err
}

// TokenBody is a token to be made.
type TokenBody struct {
	Name   string   `json:"name" minLength:"1" maxLength:"200" doc:"what it is for"`
	Scopes []string `json:"scopes" maxItems:"20" maxLength:"20" doc:"what may be done with it; never more than its owner may" example:"[\"look\"]"`
	Days   int      `json:"days" minimum:"1" maximum:"730" doc:"how long it is valid"`
}

type createTokenInput struct {
	Common
	Body TokenBody
}

// TokenMade is a token with its secret.
type TokenMade struct {
	Token  auth.Token `json:"token"`
	Secret string     `json:"secret"` // shown this once
}

type tokenMadeOutput struct{ Body TokenMade }

func (a *API) createToken(ctx context.Context, in *createTokenInput) (*tokenMadeOutput, error) {
	k, _, err := a.ofTokens(ctx)
	if err != nil {
		return nil, err
	}
	n := auth.NewToken{Name: in.Body.Name, Days: in.Body.Days}
	for _, s := range in.Body.Scopes {
		n.Scopes = append(n.Scopes, auth.Permission(s))
	}
	t, secret, err := k.CreateToken(ctx, auth.ViewerOf(ctx).ID, n)
	return &tokenMadeOutput{TokenMade{t, secret}}, refusedByKeeper(err)
}

func (a *API) revokeToken(ctx context.Context, in *ByID) (*tokensOutput, error) {
	k, whose, err := a.ofTokens(ctx)
	if err != nil {
		return nil, err
	}
	if err := k.RevokeToken(ctx, whose, in.ID); err != nil {
		return nil, refusedByKeeper(err)
	}
	return a.tokens(ctx, &in.Common)
}

type auditInput struct {
	Common
	Limit  int       `query:"limit" minimum:"1" default:"100" doc:"how many entries; never more than 500"`
	After  int64     `query:"after" minimum:"0" doc:"the next of the page before"`
	Q      string    `query:"q" maxLength:"200" doc:"every word is part of the login, the action, the object or the details"`
	Action string    `query:"action" maxLength:"100" doc:"one action, or a family with finding.*"`
	From   time.Time `query:"from" doc:"not before" example:"2026-11-01T00:00:00Z"`
	To     time.Time `query:"to" doc:"before" example:"2026-12-01T00:00:00Z"`
}

// AuditList is part of the audit trail.
type AuditList struct {
	Entries []AuditLine `json:"entries"`
	Next    string      `json:"next"` // goes into after; "" at the end
}

// AuditLine is one entry: who did what, from where.
type AuditLine struct {
	N       int64             `json:"n"`
	At      time.Time         `json:"at"`
	Account string            `json:"account"` // id; "" for the machine's console or nobody
	Login   string            `json:"login"`
	Via     string            `json:"via"` // web, token, console, system
	Source  string            `json:"source"`
	Action  string            `json:"action"`
	Object  string            `json:"object"`
	Details map[string]string `json:"details"`
}

type auditOutput struct {
	Link string `header:"Link" doc:"leads to the next page"`
	Body AuditList
}

func (a *API) audit(ctx context.Context, in *auditInput) (*auditOutput, error) {
	if a.Trail == nil {
		return nil, model.ErrNotFound
	}
	n := min(in.Limit, maxPage)
	es, err := a.Trail.Audit(ctx, model.AuditQuery{Text: in.Q, Action: in.Action, From: in.From, To: in.To, Before: in.After, Limit: n})
	if err != nil {
		return nil, err
	}
	out := AuditList{Entries: []AuditLine{}}
	for _, e := range es {
		details := map[string]string{}
		maps.Copy(details, e.Details)
		out.Entries = append(out.Entries, AuditLine{e.N, e.At, e.Account, e.Login, e.Via, e.Source, e.Action, e.Object, details})
	}
	if len(es) == n && es[n-1].N > 0 {
		out.Next = strconv.FormatInt(es[n-1].N, 10)
	}
	return &auditOutput{next(ctx, out.Next), out}, nil
}

// Verdict says whether anybody changed the audit trail.
type Verdict struct {
	Good    bool   `json:"good"`
	Entries int64  `json:"entries"` // that were looked at
	Text    string `json:"text"`
}

type verdictOutput struct{ Body Verdict }

func (a *API) verifyAudit(ctx context.Context, _ *Common) (*verdictOutput, error) {
	if a.Trail == nil {
		return nil, model.ErrNotFound
	}
	v, err := a.Trail.Verify(ctx, nil)
	if err != nil {
		return nil, err
	}
	out := Verdict{Good: v.Wrong == nil, Entries: v.Entries}
	if v.Wrong != nil {
		out.Text = locale.T(callOf(ctx).lang, "audit.bad."+v.Wrong.Kind, "n", strconv.FormatInt(v.Wrong.N, 10))
	} else {
		out.Text = locale.T(callOf(ctx).lang, "audit.good", "n", strconv.FormatInt(v.Entries, 10))
	}
	return &verdictOutput{out}, nil
}
