package windows

import (
	"encoding/hex"
	"strings"
)

// rpcNames are the interfaces worth a name, by UUID in little-endian form. Sources: the Microsoft open specifications
// named beside each.
var rpcNames = func() map[[16]byte]string {
	m := map[[16]byte]string{}
	for id, name := range map[string]string{
		"e1af8308-5d1f-11c9-91a4-08002b14a0fa": "epmapper",              // MS-RPCE
		"afa8bd80-7d8a-11c9-bef4-08002b102989": "mgmt",                  // MS-RPCE
		"367abb81-9844-35f1-ad32-98f038001003": "svcctl",                // MS-SCMR
		"12345778-1234-abcd-ef00-0123456789ac": "samr",                  // MS-SAMR
		"12345778-1234-abcd-ef00-0123456789ab": "lsarpc",                // MS-LSAD, MS-LSAT
		"12345678-1234-abcd-ef00-01234567cffb": "netlogon",              // MS-NRPC
		"e3514235-4b06-11d1-ab04-00c04fc2dcd2": "drsuapi",               // MS-DRSR
		"338cd001-2244-31f1-aaaa-900038001003": "winreg",                // MS-RRP
		"4b324fc8-1670-01d3-1278-5a47bf6ee188": "srvsvc",                // MS-SRVS
		"6bffd098-a112-3610-9833-46c3f87e345a": "wkssvc",                // MS-WKST
		"12345678-1234-abcd-ef00-0123456789ab": "spoolss",               // MS-RPRN
		"76f03f96-cdfd-44fc-a22c-64950a001209": "iremotewinspool",       // MS-PAR
		"1ff70682-0a51-30e8-076d-740be8cee98b": "atsvc",                 // MS-TSCH
		"378e52b0-c0a9-11cf-822d-00aa0051e40f": "sasec",                 // MS-TSCH
		"86d35949-83c9-4044-b424-db363231fd0c": "ITaskSchedulerService", // MS-TSCH
		"9556dc99-828c-11cf-a37e-00aa003240c7": "IWbemServices",         // MS-WMI
		"f309ad18-d86a-11d0-a075-00c04fb68820": "IWbemLevel1Login",      // MS-WMI
		"d4781cd6-e5d3-44df-ad94-930efe48a887": "IWbemLoginClientID",    // MS-WMI
		"027947e1-d731-11ce-a357-000000000001": "IEnumWbemClassObject",  // MS-WMI
		"423ec01e-2e35-11d2-b604-00104b703efd": "IWbemWCOSmartEnum",     // MS-WMI
		"1c1c45ee-4395-11d2-b60b-00104b703efd": "IWbemFetchSmartEnum",   // MS-WMI
		"44aca675-e8fc-11d0-a07c-00c04fb68820": "IWbemCallResult",       // MS-WMI
		"000001a0-0000-0000-c000-000000000046": "IRemoteSCMActivator",   // MS-DCOM
		"99fcfec4-5260-101b-bbcb-00aa0021347a": "IObjectExporter",       // MS-DCOM
		"00000131-0000-0000-c000-000000000046": "IRemUnknown",           // MS-DCOM
		"00000143-0000-0000-c000-000000000046": "IRemUnknown2",          // MS-DCOM
		"00020400-0000-0000-c000-000000000046": "IDispatch",             // MS-OAUT
		"4d9f4ab8-7d1c-11cf-861e-0020af6e7c57": "IRemoteActivation",     // MS-DCOM
		"f6beaff7-1e19-4fbb-9f8f-b89e2018337c": "EVEN6",                 // MS-EVEN6
		"82273fdc-e32a-18c3-3f78-827929dc23ea": "eventlog",              // MS-EVEN
		"c681d488-d850-11d0-8c52-00c04fd90f7e": "MS-EFSR",               // MS-EFSR over lsarpc
		"df1941c5-fe89-4e79-bf10-463657acf44d": "MS-EFSR",               // MS-EFSR over efsrpc
		"4fc742e0-4a10-11cf-8273-00aa004ae673": "netdfs",                // MS-DFSNM
		"3919286a-b10c-11d0-9ba8-00c04fd92ef5": "dssetup",               // MS-DSSP
		"3dde7c30-165d-11d1-ab8f-00805f14db40": "backupkey",             // MS-BKRP
		"50abc2a4-574d-40b3-9d66-ee4fd5fba076": "DNSP",                  // MS-DNSP
		"894de0c0-0d55-11d3-a322-00c04fa321a1": "InitShutdown",          // MS-RSP
		"d95afe70-a6d5-4259-822e-2c84da1ddb0d": "WindowsShutdown",       // MS-RSP
		"5422fd3a-d4b8-4cef-a12e-e87d4ca22e90": "ICertRequestD2",        // MS-WCCE
		"d99e6e70-fc88-11d0-b498-00a0c90312f3": "ICertRequestD",         // MS-WCCE
		"91ae6020-9e3c-11cf-8d7c-00aa00c091be": "ICertPassage",          // MS-ICPR
		"f5cc5a18-4264-101a-8c59-08002b2f8426": "nspi",                  // MS-NSPI
		"a4f1db00-ca47-1067-b31f-00dd010662da": "emsmdb",                // MS-OXCRPC
		"897e2e5f-93f3-4376-9c9c-fd2277495c27": "FrsTransport",          // MS-FRS2
		"f5cc59b4-4264-101a-8c59-08002b2f8426": "NtFrsRpc",              // MS-FRS1
		"a8e0653c-2744-4389-a61d-7373df8b2292": "FileServerVssAgent",    // MS-FSRVP
		"ccd8c074-d0e5-4a40-92b4-d074faa6ba28": "Witness",               // MS-SWN
		"6b5bdd1e-528c-422c-af8c-a4079be4fe48": "FwFw-RemoteFirewall",   // MS-FASP
		"5ca4a760-ebb1-11cf-8611-00a0245420ed": "winstation",            // MS-TSTS
		"484809d6-4239-471b-b5bc-61df8c23ac48": "TermSrvSession",        // MS-TSTS
		"11899a43-2b68-4a76-92e3-a3d6ad8c26ce": "TermSrvNotification",   // MS-TSTS
		"88143fd0-c28d-4b2b-8fef-8d882f6a9390": "TermSrvEnumeration",    // MS-TSTS
		"6bffd098-a112-3610-9833-012892020162": "browser",               // MS-BRWSA
		"17fdd703-1827-4e34-79d4-24a55c53bb37": "msgsvc",                // MS-MSRP
		"1d55b526-c137-46c5-ab79-638f2a68e869": "dbgidl",                // remote process debug
		"20610036-fa22-11cf-9823-00a0c911e5df": "rasrpc",                // MS-RRASM
		"8f09f000-b7ed-11ce-bbd2-00001a181cad": "dimsvc",                // MS-RRASM
		"6bffd098-a112-3610-9833-46c3f874532d": "dhcpsrv",               // MS-DHCPM
		"5b821720-f63b-11d0-aad2-00c04fc324db": "dhcpsrv2",              // MS-DHCPM
		"45f52c28-7f9f-101a-b52b-08002b2efabe": "winsif",                // MS-RAIW
		"811109bf-a4e1-11d1-ab54-00a0c91e9b45": "winsi2",                // MS-RAIW
		"906b0ce0-c70b-1067-b317-00dd010662da": "IXnRemote",             // MS-CMPO
		"b97db8b2-4c63-11cf-bff6-08002be23f2f": "ClusAPI",               // MS-CMRP
		"12b81e99-f207-4a4c-85d3-77b42f76fd14": "ISeclogon",             // secondary logon
		"b25a52bf-e5dd-4f4a-aea6-8ca7272a0e86": "keyiso",                // key isolation
		"e33c0cc4-0482-101a-bc0c-02608c6ba218": "LocToLoc",              // MS-RPCL
		"2f5f6520-ca46-1067-b319-00dd010662da": "tapsrv",                // MS-TRP
		"342cfd40-3c6c-11ce-a893-08002b2e9c6d": "llsrpc",                // MS-LLSRP
		"68b58241-c259-4f03-a2e5-a2651dcbc930": "IKeySvc",               // cryptographic services
		"0b1c2170-5732-4e0e-8cd3-d9b16f3b84d7": "RemoteAuthorization",   // MS-RAA
		"0b6edbfa-4a24-4fc6-8a23-942b1eca65d1": "IRPCAsyncNotify",       // MS-PAN
		"ae33069b-a2a8-46ee-a235-ddfd339be281": "IRPCRemoteObject",      // MS-PAN
		"708cca10-9569-11d1-b2a5-0060977d8118": "dscomm2",               // MS-MQDS
		"fdb3a030-065f-11d1-bb9b-00a024ea5525": "qmcomm",                // MS-MQMP
		"76d12b80-3467-11d3-91ff-0090272f9ea3": "qmcomm2",               // MS-MQMP
		"1a9134dd-7b39-45ba-ad88-44d01ca47f28": "RemoteRead",            // MS-MQRR
		"41208ee0-e970-11d1-9b9e-00e02c064c39": "qmmgmt",                // MS-MQMR
		"4f32adc8-6052-4a04-8701-293ccf2096f0": "sspirpc",               // security support provider
		"8fb6d884-2388-11d0-8c35-00c04fda2795": "w32time",               // MS-W32T
		"c9378ff1-16f7-11d0-a0b2-00aa0061426a": "pstore",                // protected storage
		"300f3532-38cc-11d0-a3f0-0020af6b0add": "trkwks",                // MS-DLTW
		"4da1c422-943d-11d1-acae-00c04fc2aa3f": "trksvr",                // MS-DLTM
		"8d9f4e40-a03d-11ce-8f69-08003e30051b": "pnp",                   // plug and play
		"000001b9-0000-0000-c000-000000000046": "IActivation",           // DCOM
		"2f5f3220-c126-1076-b549-074d078619da": "nddeapi",               // network DDE
		"82ad4280-036b-11cf-972c-00aa006887b0": "inetinfo",              // MS-IRP
		"70b51430-b6ca-11d0-b9b9-00a0c922e750": "IMSAdminBaseW",         // MS-IMSA
		"8c7daf44-b6dc-11d1-9a4c-0020af6e7c57": "appmgmt",               // software installation
		"da5a86c5-12c2-4943-ab30-7f74a813d853": "PerflibV2",             // MS-PCQ
	} {
		m[uuidBytes(id)] = name
	}
	return m
}()

// uuidBytes reads the text form into the little-endian one.
func uuidBytes(s string) (u [16]byte) {
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != 16 {
		panic("BUG: UUID " + s)
	}
	copy(u[:], b)
	swapUUID(&u)
	return u
}
