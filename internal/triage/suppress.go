package triage

import (
	"net/netip"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// NewSuppression checks what a person wants to silence and completes it: its id, when it was made. What it can't accept
// is an *Error.
func NewSuppression(x model.Suppression, now time.Time) (model.Suppression, error) {
	x.Rule, x.Host, x.IP = strings.TrimSpace(x.Rule), strings.TrimSpace(x.Host), strings.TrimSpace(x.IP)
	x.Reason, x.Owner = model.Clean(x.Reason), model.Clean(x.Owner)
	x.Until, x.Made = x.Until.UTC(), now.UTC()
	switch p, ok := subnet(x.IP); {
	case x.Rule == "" && x.Host == "" && x.IP == "":
		return x, refuse("matches_all")
	case x.IP != "" && !ok:
		return x, refuse("address", "text", x.IP)
	case ok:
		x.IP = p.String()
		if p.IsSingleIP() {
			x.IP = p.Addr().String()
		}
	}
	if x.Rule == "*" || x.Rule == ".*" {
		return x, refuse("matches_all")
	}
	if err := needWords(x.Owner, x.Reason); err != nil {
		return x, err
	}
	if err := checkUntil(x.Until, now, false); err != nil {
		return x, err
	}
	id := model.FindingID("suppression", x.Rule, x.Host, x.IP, x.Reason, x.Made.Format(time.RFC3339Nano))
	x.ID = "s-" + strings.TrimPrefix(id, "f-")
	return x, nil
}

// Silenced gives the first suppression that covers f at the time now.
func Silenced(f model.Finding, sup []model.Suppression, now time.Time) (model.Suppression, bool) {
	for _, x := range compile(sup, now) {
		if x.matches(f) {
			return x.Suppression, true
		}
	}
	return model.Suppression{}, false
}

// silencer is a suppression that is in force, ready to be compared.
type silencer struct {
	model.Suppression
	family string // "line." of "line.*"
	prefix netip.Prefix
}

type silencers []silencer

// compile leaves out what is over and what would match nothing or everything.
func compile(sup []model.Suppression, now time.Time) (out silencers) {
	for _, x := range sup {
		s := silencer{Suppression: x}
		ok := true
		if x.IP != "" {
			s.prefix, ok = subnet(x.IP)
		}
		if head, found := strings.CutSuffix(x.Rule, "*"); found {
			s.family = head
			ok = ok && head != ""
		}
		over := !x.Until.IsZero() && !now.Before(x.Until)
		if ok && !over && (x.Rule != "" || x.Host != "" || x.IP != "") {
			out = append(out, s)
		}
	}
	return out
}

// apply sets or ends the silence of f. What people acknowledged or accepted keeps their word, what is resolved is silent
// anyway.
func (ss silencers) apply(f model.Finding) model.Finding {
	match := false
	for _, s := range ss {
		match = match || s.matches(f)
	}
	switch {
	case match && (f.State == model.Open || f.State == model.Reopened):
		f.State = model.Suppressed
	case !match && f.State == model.Suppressed:
		f.State = model.Open
	}
	return f
}

func (s silencer) matches(f model.Finding) bool {
	switch {
	case s.family != "":
		if !strings.HasPrefix(f.Rule, s.family) {
			return false
		}
	case s.Rule != "" && s.Rule != f.Rule:
		return false
	}
	if s.Host == "" && s.IP == "" {
		return true
	}
	for _, a := range f.Assets {
		if s.matchesAsset(a) {
			return true
		}
	}
	return false
}

func (s silencer) matchesAsset(a model.Asset) bool {
	if s.Host != "" && s.Host != a.Host {
		return false
	}
	if s.IP == "" {
		return true
	}
	ip, err := netip.ParseAddr(a.IP)
	return err == nil && s.prefix.Contains(model.Normal(ip))
}

// subnet reads an address or a CIDR; false if it is neither.
func subnet(s string) (netip.Prefix, bool) {
	s = strings.TrimSpace(s)
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	a = model.Normal(a)
	return netip.PrefixFrom(a, a.BitLen()), true
}
