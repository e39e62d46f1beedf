package api

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/mimawari/mimawari/internal/locale"
	"github.com/mimawari/mimawari/internal/model"
)

// Refused is a request that can't be carried out as it stands; Key selects the words.
type Refused struct {
	Key    string
	Pairs  []string
	Status int // 0: 400
}

func (r *Refused) Error() string { return r.Key }

// Status gives the HTTP status and words of an error. What is not the caller's doing is "internal": the cause stays inside.
func Status(err error) (status int, key string, pairs []string) {
	var ref *Refused
	switch {
	case errors.As(err, &ref):
		return max(ref.Status, http.StatusBadRequest), ref.Key, ref.Pairs
	case errors.Is(err, model.ErrCursor):
		return http.StatusBadRequest, "api.bad_query", []string{"text", err.Error()}
	case errors.Is(err, model.ErrChanged), errors.Is(err, model.ErrMoved):
		return http.StatusPreconditionFailed, "api.changed", nil
	case errors.Is(err, model.ErrNotFound):
		return http.StatusNotFound, "api.not_found", nil
	}
	return http.StatusInternalServerError, "api.internal", nil
}

// Problem is the answer to a request that failed.
type Problem struct {
	Said   Failure `json:"error"`
	status int
}

// Failure says what failed.
type Failure struct {
	Code      string `json:"code"`                // names the text, the same in all languages
	Text      string `json:"text"`                // in the language of the request
	Reference string `json:"reference,omitempty"` // names the entry in the server's log, if the cause is the server's
}

func (p *Problem) Error() string { return p.Said.Code }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.status }

// huma asks these two for its errors, for the whole process: ours keep the error for the one who shows all errors.
func init() {
	huma.NewError = func(status int, msg string, _ ...error) huma.StatusError {
		return &Problem{status: status, Said: Failure{Code: "api.internal", Text: msg}}
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		callOf(ctx.Context()).err = cause(ctx, status, msg, errs)
		return &Problem{status: status}
	}
	huma.DefaultArrayNullable = false // lists are lists
}

// cause turns what huma has to say into an error of ours.
func cause(hc huma.Context, status int, msg string, errs []error) error {
	ctx := hc.Context()
	switch status {
	case http.StatusInternalServerError:
		return errors.Join(append([]error{}, errs...)...)
	case http.StatusRequestEntityTooLarge:
		return &Refused{Key: "api.too_large", Pairs: []string{"max", fmt.Sprint(hc.Operation().MaxBodyBytes >> 10)}, Status: status}
	case http.StatusUnsupportedMediaType:
		return &Refused{Key: "api.not_json", Status: status}
	case http.StatusRequestTimeout:
		return &Refused{Key: "api.too_slow", Status: status}
	}
	key, texts := "api.bad_query", []string(nil)
	for _, err := range errs {
		var d *huma.ErrorDetail
		if !errors.As(err, &d) {
			d = &huma.ErrorDetail{Message: err.Error()}
		}
		where, field, _ := strings.Cut(d.Location, ".")
		if where == "body" {
			key = "api.bad_body"
		}
		texts = append(texts, complaint(callOf(ctx).lang, field, d.Message))
	}
	if len(texts) == 0 {
		key, texts = "api.bad_body", []string{complaint(callOf(ctx).lang, "", msg)}
	}
	slices.Sort(texts)
	return &Refused{Key: key, Pairs: []string{"text", strings.Join(texts[:min(len(texts), 5)], " / ")}}
}

// complaints are what huma says of input, and the keys of our words for it.
var complaints = [][2]string{
	{validation.MsgUnexpectedProperty, "api.check.unknown"},
	{"unknown query parameter", "api.check.unknown"},
	{validation.MsgExpectedRequiredProperty, "api.check.missing"},
	{"required .* parameter is missing", "api.check.missing"},
	{"request body is required", "api.check.empty"},
	{validation.MsgExpectedRFC3339DateTime, "api.check.time"},
	{validation.MsgExpectedBoolean, "api.check.boolean"},
	{"invalid boolean", "api.check.boolean"},
	{validation.MsgExpectedNumber, "api.check.number"},
	{validation.MsgExpectedInteger, "api.check.number"},
	{"invalid integer", "api.check.number"},
	{validation.MsgExpectedString, "api.check.string"},
	{validation.MsgExpectedArray, "api.check.list"},
	{validation.MsgExpectedObject, "api.check.object"},
	{validation.MsgExpectedOneOf, "api.check.one_of"},
	{validation.MsgExpectedMinimumNumber, "api.check.least"},
	{validation.MsgExpectedMaximumNumber, "api.check.most"},
	{validation.MsgExpectedMinLength, "api.check.short"},
	{validation.MsgExpectedMaxLength, "api.check.long"},
	{validation.MsgExpectedMaxItems, "api.check.many"},
}

type complaintForm struct {
	form *regexp.Regexp
	key  string
}

var complaintForms = sync.OnceValue(func() (fs []complaintForm) {
	holes := strings.NewReplacer("%s", "(.*)", "%v", "(.*)", "%d", "(.*)", `\.\*`, ".*")
	for _, c := range complaints {
		fs = append(fs, complaintForm{regexp.MustCompile("^" + holes.Replace(regexp.QuoteMeta(c[0])) + "$"), c[1]})
	}
	return fs
})

// complaint says in words what is wrong with a field of the input.
func complaint(l locale.Lang, field, message string) string {
	for _, c := range complaintForms() {
		if m := c.form.FindStringSubmatch(message); m != nil {
			value := ""
			if len(m) > 1 {
				value = m[1]
			}
			if field == "" {
				field = value
			}
			return locale.T(l, c.key, "field", model.Clean(field), "value", model.Clean(value))
		}
	}
	return locale.T(l, "api.check.other", "field", model.Clean(field), "value", model.Clean(message))
}
