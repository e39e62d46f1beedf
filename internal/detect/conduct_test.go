package detect

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// deed is an act from 10.1.0.20, minutes after nine.
func deed(minute int, action model.Action, server, object, who string, outcome model.Outcome, n uint64) model.Transaction {
	t := at.Add(time.Duration(minute) * time.Minute)
	return model.Transaction{
		Client: ip("10.1.0.20"), Server: ip(server), Port: 445, App: "smb", Action: action, Object: object, Who: who, Outcome: outcome,
		First: t, Last: t.Add(time.Second), Count: n,
	}
}

func call(object string) model.Transaction {
	return deed(0, model.DoRPC, "10.1.0.10", object, `H\sato`, model.OutcomeUnknown, 1)
}

func logins(n int, make func(i int) model.Transaction) (ts []model.Transaction) {
	for i := range n {
		ts = append(ts, make(i))
	}
	return ts
}

func number(format string, i int) string { return fmt.Sprintf(format, i) }

// TestConduct gives each rule what must raise it and what must not.
func TestConduct(t *testing.T) {
	controllers := []model.Host{{ID: "dc", IPs: []netip.Addr{ip("10.1.0.10")}, Roles: []string{"domain_controller"}}}
	server := []model.Host{{ID: "print", IPs: []netip.Addr{ip("10.1.0.10")}, Roles: []string{"print_server"}}}
	peer := append(slices.Clone(controllers), model.Host{ID: "dc2", IPs: []netip.Addr{ip("10.1.0.20")}, Roles: []string{"domain_controller"}})
	for _, c := range []struct {
		name, rule string // rule empty: nothing may be found
		hosts      []model.Host
		acts       []model.Transaction
		level      model.Severity
	}{
		{"a service is made", "detect.lateral.service", nil, []model.Transaction{call("svcctl.CreateService")}, model.High},
		{"a task is asked to run", "detect.lateral.task", nil, []model.Transaction{call("ITaskSchedulerService.SchRpcRun")}, model.Medium},
		{"a task is refused", "", nil, []model.Transaction{deed(0, model.DoRPC, "10.1.0.10", "atsvc.NetrJobAdd", "", model.OutcomeDenied, 1)}, 0},
		{"WMI only asks", "", nil, []model.Transaction{call("IWbemServices.ExecQuery")}, 0},
		{"the passwords' hive is copied", "detect.lateral.remote_registry", nil, []model.Transaction{call("winreg.BaseRegSaveKey")}, model.High},
		{"a PC copies the directory", "detect.cred.dcsync", controllers, []model.Transaction{call("drsuapi.DRSGetNCChanges")}, model.Critical},
		{"a controller copies the directory", "", peer, []model.Transaction{call("drsuapi.DRSGetNCChanges")}, 0},
		{"a PC becomes a controller", "detect.cred.dcshadow", controllers, []model.Transaction{call("drsuapi.DRSAddEntry")}, model.Critical},
		{"a controller is made to log in", "detect.cred.relay_coercion", controllers, []model.Transaction{call("spoolss.RpcRemoteFindFirstPrinterChangeNotification")}, model.High},
		{"somebody prints", "", server, []model.Transaction{call("spoolss.RpcRemoteFindFirstPrinterChangeNotification")}, 0},
		{"zerologon", "detect.cred.zerologon", nil, []model.Transaction{
			deed(0, model.DoRPC, "10.1.0.10", "netlogon.NetrServerAuthenticate", "", 0, 12), deed(4, model.DoRPC, "10.1.0.10", "netlogon.NetrServerAuthenticate", "", 0, 12),
		}, model.Critical},
		{"a machine that starts often", "", nil, logins(30, func(i int) model.Transaction {
			return deed(20*i, model.DoRPC, "10.1.0.10", "netlogon.NetrServerAuthenticate", "", 0, 2)
		}), 0},
		{"guessing", "detect.cred.bruteforce", nil, []model.Transaction{deed(0, model.DoNTLMLogin, "10.1.0.10", "smb", `H\admin`, model.OutcomeDenied, 40)}, model.High},
		{"guessing that succeeds", "detect.cred.bruteforce", nil, []model.Transaction{
			deed(0, model.DoNTLMLogin, "10.1.0.10", "smb", `H\admin`, model.OutcomeDenied, 40), deed(1, model.DoNTLMLogin, "10.1.0.10", "smb", `H\admin`, model.OutcomeOK, 1),
		}, model.Critical},
		{"an old password, every two minutes", "", nil, logins(60, func(i int) model.Transaction {
			return deed(2*i, model.DoNTLMLogin, "10.1.0.10", "smb", `H\scan`, model.OutcomeDenied, 1)
		}), 0},
		{"many names, one try each", "detect.cred.spray", nil, logins(10, func(i int) model.Transaction {
			return deed(i, model.DoNTLMLogin, "10.1.0.10", "smb", number(`H\u%d`, i), model.OutcomeDenied, 1)
		}), model.High},
		{"ten names over a day", "", nil, logins(10, func(i int) model.Transaction {
			return deed(100*i, model.DoNTLMLogin, "10.1.0.10", "smb", number(`H\u%d`, i), model.OutcomeDenied, 1)
		}), 0},
		{"one administrator opens three", "detect.cred.same_local_admin", controllers, logins(3, func(i int) model.Transaction {
			return deed(i, model.DoNTLMLogin, number("10.1.0.3%d", i), "smb", `WORKGROUP\Administrator`, model.OutcomeOK, 1)
		}), model.High},
		{"the domain's administrator opens three", "", controllers, logins(3, func(i int) model.Transaction {
			return deed(i, model.DoNTLMLogin, number("10.1.0.3%d", i), "smb", `HOSPITAL\Administrator`, model.OutcomeOK, 1)
		}), 0},
		{"three kinds of lists", "detect.discovery.ad", controllers, []model.Transaction{
			call("samr.SamrEnumerateUsers"), call("samr.SamrEnumerateGroups"), call("samr.SamrGetMembersInGroup"),
		}, model.Medium},
		{"shares of six", "detect.discovery.shares", nil, logins(6, func(i int) model.Transaction {
			return deed(i, model.DoRPC, number("10.1.0.4%d", i), "srvsvc.NetrShareEnum", "", 0, 1)
		}), model.Medium},
		{"shares of two, all day", "", nil, logins(40, func(i int) model.Transaction {
			return deed(i, model.DoRPC, number("10.1.0.4%d", i%2), "srvsvc.NetrShareEnum", "", 0, 1)
		}), 0},
	} {
		// a rule is covered when there was traffic
		seen := &model.Seen{Transactions: c.acts, Conversations: []model.Conversation{{Client: ip("10.1.0.20"), Server: ip("10.1.0.10"), Port: 80, Proto: 6, First: at, Last: later}}}
		expect(t, c.name, Run(Input{Seen: seen, Hosts: c.hosts}), c.rule, c.level)
	}
}

func expect(t *testing.T, name string, got []model.Finding, rule string, level model.Severity) {
	t.Helper()
	switch {
	case rule == "" && len(got) > 0:
		t.Errorf("%s: found %s %v", name, got[0].Rule, got[0].Params)
	case rule != "" && (len(got) != 1 || got[0].Rule != rule || got[0].Severity != level):
		t.Errorf("%s: %d findings, want one %s %s: %+v", name, len(got), rule, level, got)
	case rule != "" && (len(got[0].Evidence) == 0 || len(got[0].Assets) < 2 || got[0].Count == 0):
		t.Errorf("%s: no evidence, assets or count: %+v", name, got[0])
	}
}

func rdp(client, server string, from, to int) model.Conversation {
	return model.Conversation{
		Client: ip(client), Server: ip(server), Port: 3389, Proto: 6, App: "rdp", Flows: 1, Answered: 1,
		First: at.Add(time.Duration(from) * time.Minute), Last: at.Add(time.Duration(to) * time.Minute),
	}
}

func TestRemoteDesktops(t *testing.T) {
	fan := func(step int) (ks []model.Conversation) {
		for i := range 10 {
			ks = append(ks, rdp("10.1.0.20", number("10.1.0.5%d", i), i*step, i*step+1))
		}
		return ks
	}
	for _, c := range []struct {
		name, rule string
		ks         []model.Conversation
		level      model.Severity
	}{
		{"one from within another", "detect.lateral.rdp_chain", []model.Conversation{rdp("10.2.0.9", "10.1.0.20", 0, 60), rdp("10.1.0.20", "10.1.0.30", 10, 50)}, model.Medium},
		{"one after the other", "", []model.Conversation{rdp("10.2.0.9", "10.1.0.20", 0, 60), rdp("10.1.0.20", "10.1.0.30", 90, 95)}, 0},
		{"two that help each other", "", []model.Conversation{rdp("10.2.0.9", "10.1.0.20", 0, 60), rdp("10.1.0.20", "10.2.0.9", 10, 50)}, 0},
		{"ten within an hour", "detect.lateral.rdp_fanout", fan(5), model.Medium},
		{"ten over a day", "", fan(60), 0},
	} {
		expect(t, c.name, Run(Input{Seen: &model.Seen{Conversations: c.ks}}), c.rule, c.level)
	}
}
