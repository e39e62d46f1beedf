package windows_test

import (
	"testing"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/prototest"
)

// say is one expected observation.
type say struct {
	host  string
	kind  model.Kind
	value string
}

func wants(t *testing.T, capture string, want ...say) {
	t.Helper()
	t.Run(capture, func(t *testing.T) {
		obs, _ := prototest.Run(t, prototest.Shared(t, "captures/"+capture))
		have := map[say]bool{}
		for _, o := range obs {
			have[say{o.Subject.String(), o.Kind, o.Value}] = true
		}
		for _, w := range want {
			if !have[w] {
				t.Errorf("missing: %v", w)
			}
		}
	})
}

func TestActiveDirectory(t *testing.T) {
	const dc, pc = "192.168.1.195", "192.168.1.46"
	wants(t, "ad-lab/windows_miscellany.pcap.gz",
		say{dc, model.SMBDialect, "2.1"}, say{dc, model.SMBSigning, "required"}, say{dc, model.SMBShare, "IPC$"},
		say{dc, model.OSNTLM, "6.1.7601"}, say{dc, model.NameNTLM, "WIN-CNNEQ7OCUQS"}, say{dc, model.OSSMB, "Windows Server 2008 R2 Enterprise 7601 Service Pack 1"},
		say{dc, model.NameNTLMDNS, "WIN-CNNEQ7OCUQS.picklesworth.local"}, say{dc, model.DomainDNS, "picklesworth.local"},
		say{dc, model.DomainNetBIOS, "PICKLESWORTH"}, say{dc, model.KerberosKDC, "PICKLESWORTH.LOCAL"},
		say{dc, model.ADController, "picklesworth.local"}, say{dc, model.LDAPRoot, "DC=picklesworth,DC=local"},
		say{dc, model.RPCInterface, "drsuapi"}, say{dc, model.RPCInterface, "epmapper"}, say{dc, model.RPCInterface, "netlogon"},
		say{dc, model.RDPServer, "credssp"}, say{dc, model.NameTLS, "win-cnneq7ocuqs.picklesworth.local"},
		say{dc, model.TLSKey, "RSA 2048 sha1WithRSA"},
		say{pc, model.NameKrb, "CHIP-DOUGLAS-PC"}, say{pc, model.NameNTLM, "CHIP-DOUGLAS-PC"}, say{pc, model.KerberosRealm, "PICKLESWORTH.LOCAL"})
}

func TestServices(t *testing.T) {
	wants(t, "ad-lab/impacket_psexec.pcap.gz",
		say{"192.168.1.46", model.RPCInterface, "svcctl"}, say{"192.168.1.46", model.SMBShare, "ADMIN$"}, say{"192.168.1.46", model.SMBSigning, "enabled"})
	wants(t, "ad-lab/dcsync_secretsdump.pcap.gz", say{"192.168.1.195", model.RPCInterface, "drsuapi"})
	wants(t, "ad-lab/tinkersec-ldapsearch.pcap.gz",
		say{"192.168.1.62", model.CleartextLogin, "ldap-simple"}, say{"192.168.1.62", model.NameDNS, "SnickleFritz.picklesworth.local"})
	wants(t, "lab/smb21-copy.pcap.gz",
		say{"10.77.0.10", model.SMBShare, "karte"}, say{"10.77.0.10", model.NameNTLM, "FILESV01"}, say{"10.77.0.10", model.SMBDialect, "2.1"})
	wants(t, "ndpi/smb_frags.pcap",
		say{"10.202.7.8", model.SMBDialect, "1 NT LM 0.12"}, say{"10.202.211.125", model.SMBOffer, "1"}, say{"10.202.7.8", model.OSSMB, "Windows Server 2016 Standard 14393"})
}

func TestRDP(t *testing.T) {
	wants(t, "ndpi/rdp3.pcap", say{"10.150.9.21", model.NameRDP, "SEPTU"}, say{"10.150.9.21", model.RDPClient, "5.1.2600"}, say{"10.157.4.161", model.RDPServer, "rdp"})
	wants(t, "ndpi/rdp.pcap", say{"192.168.2.142", model.RDPServer, "credssp"}, say{"192.168.2.142", model.NameTLS, "office-win10-vm"})
	wants(t, "lab/rdp-bruteforce-hydra-xrdp.pcap.gz", say{"10.77.0.10", model.RDPServer, "tls"})
}

// Names of people are nobody's business: none of the lab's accounts may show up as a value.
func TestNoUserNames(t *testing.T) {
	for _, capture := range []string{"ad-lab/windows_miscellany.pcap.gz", "ad-lab/impacket_psexec.pcap.gz", "lab/rdp-bruteforce-hydra-xrdp.pcap.gz"} {
		obs, _ := prototest.Run(t, prototest.Shared(t, "captures/"+capture))
		for _, o := range obs {
			switch o.Value {
			case "Administrator", "administrator", "chip.douglas", "douglas":
				t.Errorf("%s: %s %s %q", capture, o.Subject, o.Kind, o.Value)
			}
		}
	}
}
