package inventory

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// The strings are of the forms that real machines send; one machine each.
func TestIdentify(t *testing.T) {
	type said map[model.Kind]string
	f := func(name, m string, s said, class model.Class, maker, os string) {
		t.Helper()
		w := newWorld()
		w.bind(model.BindARP, m, "192.168.1.5")
		for k, v := range s {
			w.says(m, "192.168.1.5", k, v)
		}
		h := at(t, w.hosts(), "192.168.1.5")
		if h.Class != class || maker != "" && h.Maker != maker || os != "" && h.OS != os {
			t.Errorf("%s: %q by %q with %q, want %q %q %q; signals %+v", name, h.Class, h.Maker, h.OS, class, maker, os, h.Signals)
		}
	}
	const any = "00:11:22:33:44:55"
	f("Windows 10 PC", any, said{model.DHCPVendor: "MSFT 5.0", model.OSNTLM: "10.0.19041", model.NameDHCP: "DESKTOP-9QK2LMN"}, model.ClassPC, "", "Windows 10")
	f("domain controller", any, said{model.OSNTLM: "10.0.17763", model.ADController: "hospital.local"}, model.ClassServer, "", "Windows Server 2019")
	f("only a build", any, said{model.OSNTLM: "10.0.17763"}, model.ClassUnknown, "", "Windows 10 / Windows Server 2019")
	f("XP modality", any, said{model.OSSMB: "Windows 5.1", model.DICOMCalling: "CT01", model.DICOMImplUID: "1.2.392.200036.9116.2.6.1", model.DICOMSOP: "1.2.840.10008.5.1.4.31"},
		model.ClassModality, "Canon Medical", "Windows XP")
	f("Raspberry Pi", "b8:27:eb:12:34:56", said{model.NameDHCP: "raspberrypi"}, model.ClassSBC, "Raspberry Pi", "Linux")
	f("printer", any, said{model.SNMPDescr: "RICOH IM C3000 1.05 / RICOH Network Printer C model"}, model.ClassPrinter, "Ricoh", "")
	f("iPhone", "a2:11:22:33:44:55", said{model.NameDHCP: "iPhone", model.DHCPParams: "1,121,3,6,15,108,114,119,252"}, model.ClassPhone, "Apple", "iOS")
	f("NAS", "00:11:32:12:34:56", said{model.HTTPTitle: "Synology DiskStation - DS920+"}, model.ClassNAS, "Synology", "Synology DSM")
	f("firewall", any, said{model.TLSSubject: "CN=FGT60F1234567890,OU=FortiGate,O=Fortinet"}, model.ClassFirewall, "Fortinet", "")
	f("router", "00:a0:de:00:00:01", said{model.SNMPDescr: "RTX1210 Rev.14.01.38"}, model.ClassRouter, "Yamaha", "")
	f("unknown stays unknown", any, said{model.TLSSNI: "www.example.com"}, model.ClassUnknown, "", "")
}

func TestServerOfImages(t *testing.T) {
	w := newWorld()
	for _, op := range []string{"C-STORE", "C-FIND"} {
		w.says("", "192.168.1.30", model.DICOMOp, op)
		w.seen.Observations[len(w.seen.Observations)-1].Peer = ip("192.168.1.10")
	}
	w.talks("192.168.1.30", "192.168.1.10", 104, "dicom")
	hosts := w.hosts()
	if h := at(t, hosts, "192.168.1.10"); h.Class != model.ClassPACS || !slices.Contains(h.Roles, "dicom_scp") {
		t.Errorf("the archive is %q with %v", h.Class, h.Roles)
	}
	if h := at(t, hosts, "192.168.1.30"); !slices.Contains(h.Roles, "dicom_scu") || h.Class == model.ClassPACS {
		t.Errorf("the sender is %q with %v", h.Class, h.Roles)
	}
}

func TestContradictionLowersConfidence(t *testing.T) {
	w := newWorld()
	w.says("", "192.168.1.5", model.SNMPDescr, "RICOH IM C3000 1.05 / RICOH Network Printer C model")
	before := at(t, w.hosts(), "192.168.1.5").Confidence
	w.says("", "192.168.1.5", model.SSDPServer, "Linux UPnP/1.0 Sonos/57.3")
	h := at(t, w.hosts(), "192.168.1.5")
	if h.Confidence >= before || h.Class != model.ClassPrinter {
		t.Errorf("%q %.2f, before %.2f", h.Class, h.Confidence, before)
	}
	if c := Confidence(h, "class"); c != h.Confidence {
		t.Errorf("Confidence says %v, the host %v", c, h.Confidence)
	}
}

// BenchmarkBuild: a university hospital, 20,000 hosts and 200,000 observations.
func BenchmarkBuild(b *testing.B) {
	w := newWorld()
	for i := range 20_000 {
		m, a := fmt.Sprintf("b4:96:91:%02x:%02x:%02x", i>>16, i>>8&255, i&255), fmt.Sprintf("10.%d.%d.%d", i>>14, i>>6&255, i&63+1)
		w.bind(model.BindARP, m, a)
		w.says(m, a, model.NameNetBIOS, fmt.Sprintf("PC-%05d", i))
		w.says(m, a, model.DomainNetBIOS, "HOSPITAL")
		w.says(m, a, model.DHCPVendor, "MSFT 5.0")
		w.says(m, a, model.OSNTLM, "10.0.19041")
		for k := range 6 {
			w.says(m, a, model.HTTPUserAgent, fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Agent/%d.%d", i%50, k))
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if n := len(Build(Input{Seen: &w.seen})); n != 20_000 {
			b.Fatalf("%d hosts", n)
		}
	}
}

// Whatever was seen, Build and Drift do not panic, and every address belongs to the hosts that hold it once.
func FuzzBuild(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8}, "PC-1.hospital.local")
	f.Add([]byte{255, 0, 255, 0, 12, 1, 1, 1, 1}, "")
	kinds := []model.Kind{model.NameDHCP, model.NameDNS, model.DHCPClientID, model.FingerprintSYN, model.DICOMOp, model.DHCPVendor}
	binds := []model.BindingKind{model.BindARP, model.BindFrame, model.BindDHCP, model.BindTable, model.BindNDP}
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		w := newWorld()
		for i := 0; i+3 < len(data) && i < 400; i += 4 {
			m := model.MAC{data[i] & 3, 0, 0, 0, 0, data[i+1] & 7}
			a := ip(fmt.Sprintf("192.168.%d.%d", data[i+2]&1, data[i+3]))
			at := noon.Add(time.Duration(data[i]) * time.Minute)
			w.seen.Bindings = append(w.seen.Bindings, model.Binding{MAC: m, Addr: a, Kind: binds[int(data[i+3])%len(binds)], First: at, Last: at})
			w.seen.Observations = append(w.seen.Observations, model.Observation{Subject: a, MAC: m, Kind: kinds[int(data[i+1])%len(kinds)], Value: model.Clean(text), First: at, Last: at})
		}
		ids := map[string]bool{}
		for _, h := range w.hosts() {
			if h.ID == "" || ids[h.ID] {
				t.Fatalf("id %q is not unique", h.ID)
			}
			ids[h.ID] = true
		}
		w.drift()
	})
}
