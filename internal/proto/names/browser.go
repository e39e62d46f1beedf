package names

import (
	"bytes"
	"strconv"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto/dissect"
)

// Commands of [MS-BRWS] 2.2.
const (
	announceHost   = 0x01
	announceDomain = 0x0c
	announceMaster = 0x0f
)

// serverTypes are the bits of [MS-BRWS] 2.2 (SV_TYPE of [MS-SRVS] 2.2.2.7) that say what a machine is.
var serverTypes = [...]struct {
	bit  uint32
	name string
}{
	{0x4, "sqlserver"},
	{0x8, "domain_controller"},
	{0x10, "backup_controller"},
	{0x200, "print_server"},
	{0x800, "unix"},
	{0x1000, "nt_workstation"},
	{0x8000, "nt_server"},
}

const controllerBits = 0x18

// browser reads a browser frame out of an SMB transaction to \MAILSLOT\BROWSE or \MAILSLOT\LANMAN.
func browser(c *dissect.Ctx, smb []byte, to nbName) {
	frame := mailslotData(smb)
	if len(frame) < 32 {
		return
	}
	if frame[0] != announceHost && frame[0] != announceMaster {
		return // announceDomain names the workgroup of somebody else's segment
	}
	name := frame[6:22]
	if i := bytes.IndexByte(name, 0); i >= 0 {
		name = name[:i]
	}
	if len(name) == 0 {
		return
	}
	c.Say(model.NameNetBIOS, dissect.View(name))
	v := strconv.AppendUint(c.Scratch(), uint64(frame[22]), 10)
	v = strconv.AppendUint(append(v, '.'), uint64(frame[23]), 10)
	c.Say(model.OSBrowser, dissect.View(v))
	bits := uint32(frame[24]) | uint32(frame[25])<<8 | uint32(frame[26])<<16 | uint32(frame[27])<<24
	c.Say(model.BrowserType, dissect.View(typeNames(c.Scratch(), bits)))
	if domainOf(to) {
		c.Say(model.DomainNetBIOS, dissect.View(to.text))
		if bits&controllerBits != 0 {
			c.Say(model.ADController, dissect.View(to.text))
		}
	}
}

// domainOf reports whether announcements to this name come from members of it.
func domainOf(to nbName) bool {
	return to.ordinary() && (to.suffix == suffixMaster || to.suffix == suffixElections || to.suffix == suffixWorkstation)
}

func typeNames(v []byte, bits uint32) []byte {
	for _, t := range serverTypes {
		if bits&t.bit != 0 {
			if len(v) > 0 {
				v = append(v, ',')
			}
			v = append(v, t.name...)
		}
	}
	return v
}

// mailslotData gives the data of an SMB_COM_TRANSACTION to a mailslot of the browser ([MS-CIFS] 2.2.4.33), nil if it is none.
func mailslotData(smb []byte) []byte {
	const header, words = 32, 17
	if len(smb) < header+1+2*words+2 || !bytes.HasPrefix(smb, []byte("\xffSMB\x25")) || smb[header] < words {
		return nil
	}
	w := smb[header+1:]
	count, off := int(w[22])|int(w[23])<<8, int(w[24])|int(w[25])<<8
	rest := smb[min(len(smb), header+1+2*int(smb[header])+2):]
	if !bytes.HasPrefix(rest, []byte(`\MAILSLOT\BROWSE`)) && !bytes.HasPrefix(rest, []byte(`\MAILSLOT\LANMAN`)) {
		return nil
	}
	if off+count > len(smb) || off < header {
		return nil
	}
	return smb[off : off+count]
}
