package inventory

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
)

// truth is what the traffic of a capture itself says of a machine: NTLM and SMB versions, DHCP, Kerberos, DICOM, announcements.
// Empty fields are not asked; class "-" must be unknown.
type truth struct {
	capture, addr, mac string
	class              model.Class
	os, version        string // prefixes
	name               string // one of the names, without regard to case
	roles              string // all of these
}

const (
	ad  = "ad-lab/"
	sec = "security-datasets/"
	nd  = "ndpi/"
)

// realHosts: the build in the NTLM challenge gives system and version; ad.controller, KDC and CLDAP answers give controllers; names are
// those that the machines registered or sent.
var realHosts = []truth{
	{ad + "aug19.pcap.gz", "192.168.1.195", "08:00:27:f0:68:53", "server", "Windows Server 2008 R2", "SP1 (6.1.7601)", "WIN-CNNEQ7OCUQS", "domain_controller dns_server ldap_server ntp_server"},
	{ad + "aug19.pcap.gz", "192.168.1.46", "08:00:27:2a:ba:35", "pc", "Windows 7", "SP1 (6.1.7601)", "CHIP-DOUGLAS-PC", ""},
	{ad + "aug19.pcap.gz", "192.168.1.1", "10:c3:7b:53:27:38", "router", "", "", "", "gateway dns_server"},
	{ad + "capture-Mon-02-13-17-17-15-34_Empire.pcap.gz", "192.168.1.195", "", "server", "Windows Server 2008 R2", "SP1", "SNICKLEFRITZ", "domain_controller dns_server"},
	{ad + "capture-Mon-02-13-17-17-15-34_Empire.pcap.gz", "192.168.1.46", "", "pc", "Windows 7", "SP1", "CHIP_DOUGLAS-PC", ""},
	{ad + "chip_host_signin.pcap.gz", "192.168.1.195", "", "server", "Windows Server 2008 R2", "", "SnickleFritz.picklesworth.local", "domain_controller ldap_server"},
	{ad + "chip_host_signin.pcap.gz", "192.168.1.1", "10:c3:7b:53:27:38", "router", "", "", "", "gateway"},
	{ad + "atexec_.pcap.gz", "192.168.1.62", "08:00:27:f0:68:53", "server", "Windows Server 2008 R2", "SP1", "SnickleFritz.picklesworth.local", "domain_controller"},
	{ad + "atexec_.pcap.gz", "192.168.1.46", "08:00:27:2a:ba:35", "pc", "Windows 7", "SP1", "CHIP_DOUGLAS-PC", ""},
	{ad + "cme_wmiexec_snickle.pcap.gz", "192.168.1.61", "b0:c0:90:57:d6:4e", "", "", "", "", ""},
	{ad + "cme_wmiexec_snickle.pcap.gz", "192.168.1.62", "08:00:27:f0:68:53", "", "Windows Server 2008 R2", "SP1", "SNICKLEFRITZ", "dns_server"},
	{ad + "dcsync_secretsdump.pcap.gz", "192.168.1.195", "", "server", "Windows Server 2008 R2", "", "SNICKLEFRITZ", "domain_controller"},
	{ad + "impacket_psexec.pcap.gz", "192.168.1.195", "", "server", "Windows Server 2008 R2", "SP1", "SNICKLEFRITZ", "domain_controller file_server"},
	{ad + "mimikatz_rpc.pcap.gz", "192.168.1.195", "08:00:27:f0:68:53", "", "Windows", "SP1 (6.1.7601)", "SNICKLEFRITZ", "file_server"},
	{ad + "mimikatz_rpc.pcap.gz", "192.168.1.175", "b0:c0:90:57:d6:4e", "", "", "", "", ""},
	{ad + "mmcexec.pcap.gz", "192.168.1.195", "08:00:27:f0:68:53", "server", "Windows", "", "SNICKLEFRITZ", "domain_controller"},
	{ad + "mmcexec.pcap.gz", "192.168.1.46", "08:00:27:2a:ba:35", "pc", "Windows 7", "SP1", "CHIP_DOUGLAS-PC", ""},
	{ad + "normal_share_traversal.pcap.gz", "192.168.1.46", "", "pc", "Windows 7", "SP1", "CHIP_DOUGLAS-PC", "file_server"},
	{ad + "rdp-then-wmiexec.pcap.gz", "10.0.0.2", "08:00:27:f0:68:53", "server", "Windows Server 2008 R2", "SP1", "SNICKLEFRITZ", "domain_controller"},
	{ad + "rdp-then-wmiexec.pcap.gz", "10.0.0.3", "08:00:27:2a:ba:35", "pc", "Windows 7", "SP1", "CHIP_DOUGLAS-PC", "rdp_server"},
	{ad + "windows_miscellany.pcap.gz", "192.168.1.195", "", "server", "Windows Server 2008 R2", "SP1", "WIN-CNNEQ7OCUQS", "domain_controller rdp_server"},
	{ad + "winexesvc_.pcap.gz", "192.168.1.161", "", "", "Linux", "", "CORNWALIS", ""},
	{ad + "wmi-service-remote.pcap.gz", "192.168.1.1", "fc:ec:da:d3:50:74", "", "", "", "", "dhcp_server gateway"},
	{ad + "tinkersec-ldapsearch.pcap.gz", "192.168.1.62", "08:00:27:f0:68:53", "server", "", "", "SnickleFritz.picklesworth.local", "domain_controller"},
	{"lab/dicom-dcmtk.pcap.gz", "10.77.0.10", "e2:e2:7d:e4:d0:93", "pacs", "", "", "", "dicom_scp"},
	{"lab/dicom-dcmtk.pcap.gz", "10.77.0.21", "", "modality", "", "", "", "dicom_scu"},
	{"lab/rdp-bruteforce-hydra-xrdp.pcap.gz", "10.77.0.10", "", "-", "-", "", "", "rdp_server"},
	{"lab/smb21-copy.pcap.gz", "10.77.0.10", "", "server", "", "", "FILESV01", "file_server"},
	{sec + "aadinternals_export_adfsdatabaseconfig_remotely_20210427020247.pcapng.gz", "192.168.2.5", "", "server", "Windows", "", "adfs01.blacksmith.local", "web_server"},
	{sec + "covenant_dcom_iertutil_dll_hijack_WORKSTATION5_2020-10-09183000.cap.gz", "172.18.39.5", "00:0d:3a:98:5b:90", "pc", "Windows 10", "1903 (10.0.18362)", "WORKSTATION5", ""},
	{sec + "covenant_dcom_iertutil_dll_hijack_WORKSTATION5_2020-10-09183000.cap.gz", "172.18.39.6", "", "pc", "Windows 10", "1903 (10.0.18362)", "WORKSTATION6", ""},
	{sec + "covenant_dcom_iertutil_dll_hijack_WORKSTATION5_2020-10-09183000.cap.gz", "172.18.38.5", "", "server", "", "", "MORDORDC.theshire.local", "domain_controller dns_server"},
	{sec + "covenant_sharpsc_create_dcerpc_smb_svcctl_2020-08-06022635.cap.gz", "172.18.38.5", "", "server", "", "", "MORDORDC.theshire.local", "domain_controller dns_server"},
	{sec + "covenant_ldap_searchrequest_domainuser.cap.gz", "172.18.38.5", "", "server", "Windows Server", "", "MORDORDC", "domain_controller ldap_server ntp_server"},
	{sec + "empire_smbexec_dcerpc_smb_svcctl_WORKSTATION6_2020-09-20025716.cap.gz", "172.18.39.6", "00:0d:3a:53:39:29", "pc", "Windows 10", "1903 (10.0.18362)", "WORKSTATION6", "file_server"},
	{sec + "metasploit_logonpasswords_lsass_memory_dump.pcapng.gz", "192.168.1.4", "08:00:27:b2:e0:fa", "server", "Windows Server", "", "DC01.pandalab.com", "domain_controller dns_server"},
	{sec + "metasploit_logonpasswords_lsass_memory_dump.pcapng.gz", "192.168.1.41", "08:00:27:51:6c:e6", "pc", "Windows", "", "MKT01", ""},
	{sec + "metasploit_logonpasswords_lsass_memory_dump.pcapng.gz", "192.168.1.1", "08:00:27:18:a1:ef", "router", "", "", "", "gateway"},
	{nd + "android.pcap.gz", "192.168.2.16", "4c:6a:f6:9f:f6:27", "phone", "Android", "9", "", ""},
	{nd + "iphone.pcap.gz", "192.168.2.17", "c4:61:8b:35:82:a9", "phone", "iOS", "", "Lucas-iPhone", ""},
	{nd + "iphone.pcap.gz", "192.168.2.1", "d8:30:62:56:00:1c", "pc", "macOS", "", "Lucas-iMac", "dhcp_server"},
	{nd + "mysql.pcapng", "192.168.88.200", "", "server", "", "", "", "database"},
	{nd + "dns_doh.pcap.gz", "172.20.10.4", "", "-", "", "", "", ""},
	{nd + "dns_exfiltration.pcap.gz", "192.168.203.167", "", "", "", "", "", "dns_server"},
	{nd + "ospfv2_add_new_prefix.pcap", "10.1.10.1", "", "router", "", "", "", ""},
	{nd + "rdp3.pcap", "10.150.9.21", "", "pc", "Windows XP", "(5.1.2600)", "SEPTU", ""},
	{nd + "telnet.pcap", "192.168.0.1", "", "", "", "", "", "telnet_server"},
	{nd + "umas.pcap.gz", "192.168.63.253", "", "industrial", "", "", "", ""},
	{nd + "xss.pcap", "192.168.3.107", "", "server", "Ubuntu", "", "", "web_server"},
	{nd + "wechat.pcap.gz", "192.168.1.100", "d0:27:88:17:70:04", "pc", "Windows 7", "", "GIOVANNI-PC", ""},
	{nd + "emotet.pcap.gz", "10.3.29.101", "", "pc", "Windows", "", "", ""},
}

func TestRealHosts(t *testing.T) {
	root := sharedData(t, "captures")
	built := map[string][]model.Host{}
	for _, w := range realHosts {
		if built[w.capture] == nil {
			built[w.capture] = Build(Input{Seen: seenIn(t, filepath.Join(root, w.capture))})
		}
		w.check(t, built[w.capture])
	}
	t.Logf("%d machines in %d captures", len(realHosts), len(built))
}

func (w *truth) check(t *testing.T, hosts []model.Host) {
	t.Helper()
	var h *model.Host
	for i := range hosts {
		if slices.Contains(hosts[i].IPs, ip(w.addr)) {
			if h != nil {
				t.Errorf("%s: %s is two machines", w.capture, w.addr)
			}
			h = &hosts[i]
		}
	}
	if h == nil {
		t.Errorf("%s: no machine has %s", w.capture, w.addr)
		return
	}
	class := w.class
	if class == "-" {
		class = model.ClassUnknown
	}
	os := strings.TrimPrefix(w.os, "-")
	switch {
	case w.mac != "" && !slices.Contains(h.MACs, mac(w.mac)),
		w.class != "" && h.Class != class,
		!strings.HasPrefix(h.OS, os) || w.os == "-" && h.OS != "",
		!strings.HasPrefix(h.Version, w.version),
		w.name != "" && !slices.ContainsFunc(h.Names, func(n string) bool { return strings.EqualFold(n, w.name) }):
		t.Errorf("%s: %s is %q %q %q %v %v, want %+v", w.capture, w.addr, h.Class, h.OS, h.Version, h.Names, h.MACs, *w)
	}
	for _, r := range strings.Fields(w.roles) {
		if !slices.Contains(h.Roles, r) {
			t.Errorf("%s: %s has the roles %v, not %s", w.capture, w.addr, h.Roles, r)
		}
	}
}

// Names that real captures contain and that are no machine's.
func TestNoNames(t *testing.T) {
	for text, kind := range map[string]model.Kind{"SplunkServerDefaultCert": model.NameTLS, "nmap": model.NameNTLM, "%s2.20.3.5": model.NameHTTP, "localhost": model.NameDHCP, "a b": model.NameDNS} {
		if tells(kind, text) {
			t.Errorf("%q (%s) is taken for a name", text, kind)
		}
	}
	for text, kind := range map[string]model.Kind{"pc1.example.jp": model.NameTLS, "花子のiPhone": model.NameDHCP, "dc01": model.NameDNS, "FILE_SV": model.NameHTTP} {
		if !tells(kind, text) {
			t.Errorf("%q (%s) is not taken for a name", text, kind)
		}
	}
}
