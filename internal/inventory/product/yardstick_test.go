package product

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mimawari/mimawari/internal/model"
)

// The public fingerprints of Recog have examples of what machines send, with their vendor and system. They are a yardstick for our
// rules, not their source; nobody's rules know everything, so the floors only tell when a family of ours goes blind.
type recog struct {
	Prints []struct {
		Examples []struct {
			Text   string `xml:",chardata"`
			Coding string `xml:"_encoding,attr"`
		} `xml:"example"`
		Params []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"param"`
	} `xml:"fingerprint"`
}

func TestYardstick(t *testing.T) {
	root := os.Getenv("MIMAWARI_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	dir := filepath.Join(root, "data", "vuln", "fp-recog")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the fingerprints are not here: set MIMAWARI_SHARED to the folder that has data/vuln/fp-recog")
	}
	c := builtIn(t)
	f := func(file string, kind model.Kind, floor int) {
		t.Helper()
		y := yardstick{catalog: c, kind: kind}
		y.read(t, filepath.Join(dir, file))
		got := 100 * y.agreed / max(y.asked, 1)
		t.Logf("%-22s %4d examples: %3d %% agree, %3d %% say something", file, y.asked, got, 100*y.said/max(y.asked, 1))
		if got < floor {
			t.Errorf("%s: %d %% agree, at least %d expected", file, got, floor)
		}
		for _, s := range y.missed {
			t.Logf("   missed: %.110s", s)
		}
	}
	f("smb_native_os.xml", model.OSSMB, 75)
	f("snmp_sysdescr.xml", model.SNMPDescr, 53)
	f("snmp_sysobjid.xml", model.SNMPObjectID, 80)
	f("dhcp_vendor_class.xml", model.DHCPVendor, 65)
	f("ssh_banners.xml", model.BannerSSH, 75)
	f("ftp_banners.xml", model.BannerFTP, 42)
	f("telnet_banners.xml", model.BannerTelnet, 20)
	f("http_servers.xml", model.HTTPServer, 28)
	f("html_title.xml", model.HTTPTitle, 17)
	f("http_wwwauth.xml", model.HTTPRealm, 45)
	f("sip_user_agents.xml", model.SIPAgent, 53)
	f("x509_subjects.xml", model.TLSSubject, 24)
	f("mdns_device-info_txt.xml", model.MDNSTXT, 85)
}

type yardstick struct {
	catalog             *Catalog
	kind                model.Kind
	asked, said, agreed int
	missed, wrong       []string
}

func (y *yardstick) read(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r recog
	if err := xml.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Prints {
		var want []string
		for _, x := range p.Params {
			switch x.Name {
			case "os.vendor", "hw.vendor", "os.product", "hw.product", "os.family":
				want = append(want, x.Value)
				if x.Value == "Microsoft" {
					want = append(want, "Windows")
				}
			}
		}
		for _, e := range p.Examples {
			if len(want) > 0 && e.Coding == "" && !strings.Contains(strings.Join(want, ""), "{") {
				y.hold(model.Clean(strings.TrimSpace(e.Text)), want)
			}
		}
	}
}

// hold compares what our rules say of text with what Recog wants: a maker or system with a word in common agrees.
func (y *yardstick) hold(text string, want []string) {
	y.asked++
	var says []string
	for _, h := range y.catalog.Match(y.kind, text) {
		if h.Rule.Needs() > 1 {
			continue
		}
		for _, s := range h.Sets {
			if s.About == AboutMaker || s.About == AboutOS {
				says = append(says, s.Says)
			}
		}
	}
	if len(says) > 0 {
		y.said++
	}
	if slices.ContainsFunc(says, func(s string) bool { return slices.ContainsFunc(want, func(w string) bool { return akin(s, w) }) }) {
		y.agreed++
		return
	}
	if len(says) > 0 {
		y.wrong = append(y.wrong, strings.Join(want, "/")+" <- "+text+": we say "+strings.Join(says, ", "))
	}
	if os.Getenv("YARDSTICK") != "" {
		y.missed = append(y.missed, strings.Join(want, "/")+" <- "+text)
	}
}

func akin(a, b string) bool {
	for _, x := range strings.FieldsFunc(strings.ToLower(a), notWord) {
		if len(x) > 1 && slices.Contains(strings.FieldsFunc(strings.ToLower(b), notWord), x) {
			return true
		}
	}
	return false
}

func notWord(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }

// The lists of DHCP options that a public collection saw, by system. Few of its systems are still in use, and one list may be many
// systems', so little agreement is expected; what must not happen is that we say something else.
func TestYardstickDHCP(t *testing.T) {
	root := os.Getenv("MIMAWARI_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	b, err := os.ReadFile(filepath.Join(root, "data", "vuln", "fp-dhcp", "packetfence_dhcp_fingerprints.conf"))
	if err != nil {
		t.Skip("the fingerprints are not here: set MIMAWARI_SHARED to the folder that has data/vuln/fp-dhcp")
	}
	y := yardstick{catalog: builtIn(t), kind: model.DHCPParams}
	var system string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if d, ok := strings.CutPrefix(line, "description="); ok {
			system = d
		} else if strings.Trim(line, "0123456789,") == "" && strings.Contains(line, ",") {
			y.hold(line, []string{system, strings.NewReplacer("Mac OS X", "macOS Apple", "Apple iPod", "iOS Apple", "Microsoft ", "Windows ").Replace(system)})
		}
	}
	t.Logf("%d lists: %d agree, %d say something", y.asked, y.agreed, y.said)
	for _, s := range y.missed {
		t.Logf("   missed: %.110s", s)
	}
	if y.agreed < 45 || len(y.wrong) > 8 {
		t.Errorf("%d of %d lists agree, %d disagree:\n%s", y.agreed, y.asked, len(y.wrong), strings.Join(y.wrong, "\n"))
	}
}
