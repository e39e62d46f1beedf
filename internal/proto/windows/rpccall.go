package windows

import (
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// rpcOps are the operations worth telling, by interface and number: those that change another machine, ask for its secrets or list
// what is there. The number is readable even where the call itself is encrypted. Sources: the specifications in rpcNames.
var rpcOps = map[string]map[int]string{
	"svcctl": {
		1: "ControlService", 2: "DeleteService", 11: "ChangeServiceConfig", 12: "CreateService", 19: "StartService", 23: "ChangeServiceConfig",
		24: "CreateService", 31: "StartService", 44: "CreateService", 45: "CreateService", 60: "CreateService",
	},
	"atsvc":                 {0: "NetrJobAdd"},
	"ITaskSchedulerService": {1: "SchRpcRegisterTask", 12: "SchRpcRun", 13: "SchRpcDelete"},
	"IWbemServices":         {8: "PutClass", 14: "PutInstance", 20: "ExecQuery", 24: "ExecMethod", 25: "ExecMethod"},
	"IDispatch":             {6: "Invoke"},
	"drsuapi":               {3: "DRSGetNCChanges", 5: "DRSReplicaAdd", 17: "DRSAddEntry"},
	"netlogon": {
		4: "NetrServerReqChallenge", 5: "NetrServerAuthenticate", 15: "NetrServerAuthenticate", 26: "NetrServerAuthenticate",
		6: "NetrServerPasswordSet", 30: "NetrServerPasswordSet",
	},
	"samr": {
		6: "SamrEnumerateDomains", 11: "SamrEnumerateGroups", 13: "SamrEnumerateUsers", 15: "SamrEnumerateAliases", 25: "SamrGetMembersInGroup",
		33: "SamrGetMembersInAlias", 40: "SamrQueryDisplayInformation", 48: "SamrQueryDisplayInformation", 51: "SamrQueryDisplayInformation",
		50: "SamrCreateUser",
	},
	"lsarpc":             {30: "LsarQuerySecret", 43: "LsarRetrievePrivateData"},
	"winreg":             {6: "BaseRegCreateKey", 20: "BaseRegSaveKey", 22: "BaseRegSetValue", 31: "BaseRegSaveKey"},
	"srvsvc":             {12: "NetrSessionEnum", 15: "NetrShareEnum"},
	"wkssvc":             {2: "NetrWkstaUserEnum"},
	"spoolss":            {62: "RpcRemoteFindFirstPrinterChangeNotification", 65: "RpcRemoteFindFirstPrinterChangeNotification", 89: "RpcAddPrinterDriver"},
	"MS-EFSR":            {0: "EfsRpcOpenFileRaw", 4: "EfsRpcEncryptFileSrv", 5: "EfsRpcDecryptFileSrv"},
	"netdfs":             {12: "NetrDfsAddStdRoot", 13: "NetrDfsRemoveStdRoot"},
	"FileServerVssAgent": {8: "IsPathSupported", 9: "IsPathShadowCopied"},
	"eventlog":           {0: "ElfrClearELF"},
}

// rpcCalls has "interface.operation" for each of them.
var rpcCalls = func() map[string]map[int]string {
	m := make(map[string]map[int]string, len(rpcOps))
	for name, ops := range rpcOps {
		m[name] = make(map[int]string, len(ops))
		for n, op := range ops {
			m[name][n] = name + "." + op
		}
	}
	return m
}()

// Bounds of what is remembered of one connection.
const (
	maxRPCPipes    = 8 // named pipes open at once; the oldest is forgotten
	maxRPCContexts = 8 // interfaces bound on one pipe
)

// rpcCalling remembers which interfaces a client has bound on which pipes, to give its calls a name.
type rpcCalling struct {
	who   string // the account that logged in with NTLM, "" if not known
	pipes []rpcPipe
	next  int // the oldest, once there are maxRPCPipes
}

// rpcPipe is one named pipe by its file id, or the TCP connection itself (id zero).
type rpcPipe struct {
	id       [16]byte
	contexts []rpcContext
}

type rpcContext struct {
	id  int
	ops map[int]string
}

func (p *rpcCalling) pipe(id [16]byte) *rpcPipe {
	for i := range p.pipes {
		if q := &p.pipes[i]; q.id == id {
			return q
		}
	}
	if len(p.pipes) < maxRPCPipes {
		p.pipes = append(p.pipes, rpcPipe{id: id})
		return &p.pipes[len(p.pipes)-1]
	}
	q := &p.pipes[p.next]
	p.next = (p.next + 1) % maxRPCPipes
	*q = rpcPipe{id: id}
	return q
}

// bound remembers the interfaces that a bind or alter_context asks for. What the server refuses is not called afterwards.
func (p *rpcCalling) bound(id [16]byte, context int, ops map[int]string) {
	if ops == nil {
		return
	}
	q := p.pipe(id)
	for i := range q.contexts {
		if q.contexts[i].id == context {
			q.contexts[i].ops = ops
			return
		}
	}
	if len(q.contexts) < maxRPCContexts {
		q.contexts = append(q.contexts, rpcContext{context, ops})
	}
}

// rpcCallHead is how much of a request is needed: the header, its size hint, context and operation (C706 12.6.4.9).
const rpcCallHead = rpcHeader + 8

// call records a request, if it is one worth telling.
func (p *rpcCalling) call(c *dissect.Ctx, id [16]byte, b []byte) {
	if len(b) < rpcCallHead || b[3]&1 == 0 { // only the first fragment
		return
	}
	context, op := rpcLen(b, 20), rpcLen(b, 22)
	for i := range p.pipes {
		q := &p.pipes[i]
		if q.id != id {
			continue
		}
		for _, x := range q.contexts {
			if x.id == context && x.ops[op] != "" {
				c.Deal(dissect.Deal{Action: model.DoRPC, Object: x.ops[op], Who: p.who})
			}
		}
	}
}
