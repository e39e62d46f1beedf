package detect

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// conduct is a rule over calls of MSRPC operations: what one machine made others do. One cause is one client.
type conduct struct {
	rule  string
	calls map[string]model.Severity // by "interface.operation"
	// but says that this call is part of ordinary work. May be nil.
	but func(v *View, x *model.Transaction) bool
}

// The operations by which attackers, and administrators, work on other machines.
var (
	serviceCalls = conduct{rule: "detect.lateral.service", calls: map[string]model.Severity{
		"svcctl.CreateService": model.High, "svcctl.ChangeServiceConfig": model.High, "svcctl.StartService": model.Medium,
		"svcctl.ControlService": model.Medium, "svcctl.DeleteService": model.Medium,
	}}
	taskCalls = conduct{rule: "detect.lateral.task", calls: map[string]model.Severity{
		"atsvc.NetrJobAdd": model.High, "ITaskSchedulerService.SchRpcRegisterTask": model.High, "ITaskSchedulerService.SchRpcRun": model.Medium,
	}}
	wmiCalls = conduct{rule: "detect.lateral.wmi", calls: map[string]model.Severity{
		"IWbemServices.ExecMethod": model.Medium, "IWbemServices.PutInstance": model.High, "IWbemServices.PutClass": model.High,
	}}
	dcomCalls     = conduct{rule: "detect.lateral.dcom", calls: map[string]model.Severity{"IDispatch.Invoke": model.Medium}}
	registryCalls = conduct{rule: "detect.lateral.remote_registry", calls: map[string]model.Severity{
		"winreg.BaseRegSaveKey": model.High, "winreg.BaseRegSetValue": model.Medium, "winreg.BaseRegCreateKey": model.Medium,
	}}
	dcsyncCalls = conduct{rule: "detect.cred.dcsync", but: fromController, calls: map[string]model.Severity{
		"drsuapi.DRSGetNCChanges": model.Critical,
	}}
	dcshadowCalls = conduct{rule: "detect.cred.dcshadow", but: fromController, calls: map[string]model.Severity{
		"drsuapi.DRSAddEntry": model.Critical, "drsuapi.DRSReplicaAdd": model.Critical,
	}}
	secretCalls = conduct{rule: "detect.cred.backupkey", but: fromController, calls: map[string]model.Severity{
		"lsarpc.LsarRetrievePrivateData": model.High, "lsarpc.LsarQuerySecret": model.High,
	}}
	coercionCalls = conduct{rule: "detect.cred.relay_coercion", but: ordinaryPrinting, calls: map[string]model.Severity{
		"MS-EFSR.EfsRpcOpenFileRaw": model.High, "MS-EFSR.EfsRpcEncryptFileSrv": model.High, "MS-EFSR.EfsRpcDecryptFileSrv": model.High,
		"netdfs.NetrDfsAddStdRoot": model.High, "netdfs.NetrDfsRemoveStdRoot": model.High,
		"FileServerVssAgent.IsPathSupported": model.Medium, "FileServerVssAgent.IsPathShadowCopied": model.Medium,
		"spoolss.RpcRemoteFindFirstPrinterChangeNotification": model.High,
	}}
)

func (r conduct) find(v *View) []model.Finding {
	c := v.causes(r.rule)
	for _, x := range v.asked[model.DoRPC] {
		level, ok := r.calls[x.Object]
		if !ok || x.Outcome == model.OutcomeDenied || r.but != nil && r.but(v, x) {
			continue
		}
		c.did(level, x)
	}
	return c.done()
}

// did adds an act to the finding about its client.
func (c *causes) did(level model.Severity, x *model.Transaction) *cause {
	f := c.get(level, x.Client.String())
	f.by(c.v, x)
	return f
}

// by adds who did it, to whom, with which account and what.
func (f *cause) by(v *View, x *model.Transaction) {
	f.about(v, x.Client, model.MAC{})
	f.about(v, x.Server, model.MAC{})
	f.set("host", v.label(x.Client, model.MAC{}))
	f.also("targets", v.label(x.Server, model.MAC{}))
	f.also("accounts", cmp.Or(x.Who, "-"))
	f.also("calls", x.Object)
	f.seen(x.First, x.Last, x.Count, v.proof(x.First, "", fmt.Sprintf("%s -> %s:%d %s %s", x.Client, x.Server, x.Port, x.Object, x.Who)))
}

func (v *View) controller(a netip.Addr) bool {
	h := v.byIP[a]
	return h != nil && slices.Contains(h.Roles, "domain_controller")
}

// fromController: domain controllers copy the directory from one another all day.
func fromController(v *View, x *model.Transaction) bool { return v.controller(x.Client) }

// ordinaryPrinting: programs that print ask a print server to tell them of changes. Nobody prints on a domain controller.
func ordinaryPrinting(v *View, x *model.Transaction) bool {
	return strings.HasPrefix(x.Object, "spoolss.") && !v.controller(x.Server)
}

// Thresholds of zerologon: machines set up the channel once when they start.
const (
	zerologonTries  = 20
	zerologonWithin = 10 * time.Minute
)

// zerologon finds machines that try the same log-in of a domain controller again and again until chance lets them in (CVE-2020-1472:
// one in 256 tries succeeds).
func zerologon(v *View) []model.Finding {
	c := v.causes("detect.cred.zerologon")
	for _, xs := range byParties(v.asked[model.DoRPC], func(x *model.Transaction) bool { return x.Object == "netlogon.NetrServerAuthenticate" }) {
		if burst(xs, zerologonWithin) < zerologonTries {
			continue
		}
		for _, x := range xs {
			c.did(model.Critical, x)
		}
	}
	return c.done()
}

// byParties groups acts by client and server, in the order in which the groups begin.
func byParties(all []*model.Transaction, want func(*model.Transaction) bool) [][]*model.Transaction {
	type pair struct{ client, server netip.Addr }
	at := map[pair]int{}
	var out [][]*model.Transaction
	for _, x := range all {
		if !want(x) {
			continue
		}
		k := pair{x.Client, x.Server}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], x)
	}
	return out
}

// byClient groups acts by client, in the order in which the groups begin.
func byClient(all []*model.Transaction, want func(*model.Transaction) bool) [][]*model.Transaction {
	at := map[netip.Addr]int{}
	var out [][]*model.Transaction
	for _, x := range all {
		if !want(x) {
			continue
		}
		i, ok := at[x.Client]
		if !ok {
			i = len(out)
			at[x.Client] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], x)
	}
	return out
}

// burst is the most that happened within a span of time. The acts are in order of time.
func burst(xs []*model.Transaction, within time.Duration) (most uint64) {
	var sum uint64
	from := 0
	for _, x := range xs {
		sum += x.Count
		for x.First.Sub(xs[from].First) > within {
			sum -= xs[from].Count
			from++
		}
		most = max(most, sum)
	}
	return most
}

// adListing are the operations that list a domain's accounts and who is logged in where.
var adListing = map[string]bool{
	"samr.SamrEnumerateUsers": true, "samr.SamrEnumerateGroups": true, "samr.SamrEnumerateAliases": true, "samr.SamrGetMembersInGroup": true,
	"samr.SamrGetMembersInAlias": true, "samr.SamrQueryDisplayInformation": true, "srvsvc.NetrSessionEnum": true, "wkssvc.NetrWkstaUserEnum": true,
}

// discoveryAD finds machines that list accounts and groups of others. One kind of question is what some programs do; several, or the
// sessions of many machines, is what tools do that draw the way to the administrator.
func discoveryAD(v *View) []model.Finding {
	c := v.causes("detect.discovery.ad")
	all := slices.Concat(v.asked[model.DoRPC], v.asked[model.DoLDAPSearch])
	listing := func(x *model.Transaction) bool {
		return (x.Action == model.DoLDAPSearch || adListing[x.Object]) && !v.controller(x.Client)
	}
	for _, xs := range byClient(all, listing) {
		level := model.Low
		if distinct(xs, func(x *model.Transaction) string { return x.Object }) >= 3 ||
			distinct(xs, func(x *model.Transaction) string { return x.Server.String() }) >= 5 {
			level = model.Medium
		}
		for _, x := range xs {
			c.did(level, x)
		}
	}
	return c.done()
}

// When listing shares is a search: people open two or three servers.
const (
	shareServers = 5
	shareWithin  = time.Hour
)

// discoveryShares finds machines that ask many others for their shared folders.
func discoveryShares(v *View) []model.Finding {
	c := v.causes("detect.discovery.shares")
	for _, xs := range byClient(v.asked[model.DoRPC], func(x *model.Transaction) bool { return x.Object == "srvsvc.NetrShareEnum" }) {
		if spread(xs, shareWithin, func(x *model.Transaction) string { return x.Server.String() }) < shareServers {
			continue
		}
		for _, x := range xs {
			c.did(model.Medium, x)
		}
	}
	return c.done()
}

func distinct(xs []*model.Transaction, key func(*model.Transaction) string) int {
	m := map[string]bool{}
	for _, x := range xs {
		m[key(x)] = true
	}
	return len(m)
}

// spread is the most different keys within a span of time. The acts are in order of time.
func spread(xs []*model.Transaction, within time.Duration, key func(*model.Transaction) string) (most int) {
	in := map[string]int{}
	from := 0
	for _, x := range xs {
		in[key(x)]++
		for x.First.Sub(xs[from].First) > within {
			k := key(xs[from])
			if in[k]--; in[k] == 0 {
				delete(in, k)
			}
			from++
		}
		most = max(most, len(in))
	}
	return most
}
