package detect_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/detect"
	"github.com/mimawari/mimawari/internal/inventory"
	"github.com/mimawari/mimawari/internal/model"
)

// labelled are the captures of attacks whose file name says what was done, and the family of findings that must come of each. Where the
// family is empty the reason says why nothing can.
var labelled = []struct{ file, rule, reason string }{
	{"Wmiexec-Regout-Whoami", "detect.lateral.wmi", ""},
	{"atexec_", "detect.lateral.task", ""},
	{"cme_wmiexec_snickle", "detect.lateral.wmi", ""},
	{"dcom_ired_team_lateral_movement_mmc", "detect.lateral.dcom", ""},
	{"dcompayload-poshc2", "detect.lateral.dcom", ""},
	{"dcsync_secretsdump", "detect.cred.dcsync", ""},
	{"impacket_psexec", "detect.lateral.service", ""},
	{"invoke-wmiexec", "detect.lateral.wmi", ""},
	{"mimikatz_rpc", "", "the tool's own interface over RPC, which no specification names; the calls are encrypted"},
	{"mmcexec", "detect.lateral.dcom", ""},
	{"psexec_cmd", "detect.lateral.service", ""},
	{"rdp-then-wmiexec", "detect.lateral.wmi", ""},
	{"remcom", "detect.lateral.service", ""},
	{"remote_recon_toolie", "detect.lateral.wmi", ""},
	{"sharpcradle-sharpexec-wmiexec_", "detect.lateral.wmi", ""},
	{"smb_exec_only_two_commands", "detect.lateral.service", ""},
	{"winexesvc_", "detect.lateral.service", ""},
	{"wmi-service-remote", "detect.lateral.wmi", ""},
	{"wmi_exec_2", "", "no call of WMI is in the capture, only the log-in before it"},
	{"wmi_to_powershell_empire", "detect.lateral.wmi", ""},
	{"wmi_to_vss", "detect.lateral.wmi", ""},
	{"wmiexec-pro-create-service-alternative-class", "detect.lateral.wmi", ""},
	{"aug19", "detect.cred.bruteforce", ""},
	{"winrm_psremote_05-16", "detect.lateral.winrm", ""},
	{"tinkersec-ldapsearch", "detect.discovery.ad", ""},
	{"covenant_dcom_iertutil_dll_hijack_WORKSTATION5", "detect.lateral.dcom", ""},
	{"covenant_dcom_registerxll", "detect.lateral.dcom", ""},
	{"covenant_getdomaingroup_ldap_searchrequest_domain_admins", "detect.discovery.ad", ""},
	{"covenant_ldap_searchrequest_domainuser", "detect.discovery.ad", ""},
	{"covenant_sc_query_dcerpc_smb_svcctl", "", "only asks for a service's state, as every monitoring program does"},
	{"covenant_sharpsc_create_dcerpc_smb_svcctl", "detect.lateral.service", ""},
	{"covenant_sharpsc_start_dcerpc_smb_svcctl", "detect.lateral.service", ""},
	{"covenant_sharpsc_stop_dcerpc_smb_svcctl", "detect.lateral.service", ""},
	{"covenant_wmi_remote_event_subscription_ActiveScriptEventConsumers_WORKSTATION5", "detect.lateral.wmi", ""},
	{"empire_mimikatz_backupkeys_dcerpc_smb_lsarpc", "detect.cred.backupkey", ""},
	{"empire_msbuild_dcerpc_wmi_smb_WORKSTATION5", "detect.lateral.wmi", ""},
	{"empire_msbuild_dcerpc_wmi_smb_WORKSTATION6", "detect.lateral.wmi", ""},
	{"empire_powerview_ldap_ntsecuritydescriptor", "detect.discovery.ad", ""},
	{"empire_psexec_dcerpc_tcp_svcctl_WORKSTATION5", "detect.lateral.service", ""},
	{"empire_psremoting_stager_WORKSTATION5", "detect.lateral.winrm", ""},
	{"empire_psremoting_stager_WORKSTATION6", "detect.lateral.winrm", ""},
	{"empire_shell_dcerpc_smb_service_dll_hijack", "detect.lateral.service", ""},
	{"empire_shell_rpc_samr_smb_group_domain_admins_standard_user", "detect.discovery.ad", ""},
	{"empire_shell_samr_EnumDomainUsers", "detect.discovery.ad", ""},
	{"empire_smbexec_dcerpc_smb_svcctl_WORKSTATION5", "detect.lateral.service", ""},
	{"empire_smbexec_dcerpc_smb_svcctl_WORKSTATION6", "detect.lateral.service", ""},
	{"empire_wmi_dcerpc_wmi_IWbemServices_ExecMethod_WORKSTATION5", "detect.lateral.wmi", ""},
	{"empire_wmi_dcerpc_wmi_IWbemServices_ExecMethod_WORKSTATION6", "detect.lateral.wmi", ""},
	{"mimikatz_CVE-2020-1472_Unauthenticated_NetrServerAuthenticate2", "detect.cred.zerologon", ""},
	{"schtask_create", "detect.lateral.task", ""},
	{"schtask_modification", "detect.lateral.task", ""},
}

// benign are captures of ordinary work in the same laboratories.
var benign = []string{
	"chip_host_signin", "normal_share_traversal", "xcopy_choppy_to_pick", "windows_miscellany",
	"successful_choppydog_authentication", "failed_choppydog",
}

// TestConformConduct holds findings against what the captures' names say was done. docs/detections.md has the table.
func TestConformConduct(t *testing.T) {
	files := realCaptures(t)
	found := func(name string) []model.Finding {
		i := slices.IndexFunc(files, func(f string) bool { return strings.HasPrefix(filepath.Base(f), name) })
		if i < 0 {
			t.Fatalf("no capture %s", name)
		}
		seen, rec := seenIn(t, files[i], nil)
		hosts := inventory.Build(inventory.Input{Seen: seen})
		return detect.Run(detect.Input{Seen: seen, Hosts: hosts, Rhythm: rec})
	}
	right := 0
	for _, x := range labelled {
		var got []string
		for _, f := range found(x.file) {
			got = append(got, f.Rule)
		}
		switch {
		case x.rule != "" && slices.Contains(got, x.rule):
			right++
		case x.rule == "":
			t.Logf("%s: %v; %s", x.file, got, x.reason)
		default:
			t.Logf("MISSED %s: %s, found %v", x.file, x.rule, got)
		}
	}
	for _, name := range benign {
		for _, f := range found(name) {
			if f.Severity > model.Low && strings.HasPrefix(f.Rule, "detect.") {
				t.Errorf("%s is ordinary work, found %s %s %v", name, f.Rule, f.Severity, f.Params)
			}
		}
	}
	t.Logf("attacks found: %d of %d (%.0f %%)", right, len(labelled), 100*float64(right)/float64(len(labelled)))
	if right*100 < 90*len(labelled) {
		t.Errorf("only %d of %d attacks were found", right, len(labelled))
	}
}
