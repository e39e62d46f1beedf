package detect

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Tool is a remote-control tool or tunnel service and what shows it on the wire.
type Tool struct {
	Name   string   `yaml:"tool"`
	Tunnel bool     `yaml:"tunnel"`
	Names  []string `yaml:"names"` // suffixes of DNS and TLS server names
	TCP    []uint16 `yaml:"tcp"`   // server ports on the internet
	UDP    []uint16 `yaml:"udp"`
	Apps   []string `yaml:"apps"` // application protocols
}

// LoadTools reads tools/remote_control.yaml of the catalog.
func LoadTools(catalog fs.FS) ([]Tool, error) {
	b, err := fs.ReadFile(catalog, "tools/remote_control.yaml")
	if err != nil {
		return nil, fmt.Errorf("read remote-control tools: %w", err)
	}
	var ts []Tool
	if err := yaml.Unmarshal(b, &ts); err != nil {
		return nil, fmt.Errorf("read remote-control tools: %w", err)
	}
	return ts, nil
}

// ByName finds the tool that a DNS or TLS server name belongs to.
func ByName(ts []Tool, name string) (Tool, bool) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for _, t := range ts {
		for _, s := range t.Names {
			if name == s || strings.HasSuffix(name, s) && name[len(name)-len(s)-1] == '.' {
				return t, true
			}
		}
	}
	return Tool{}, false
}

// Watched says which names must be kept in the memory of a patrol however many there are.
func Watched(ts []Tool) func(string) bool {
	known := map[string]bool{}
	for _, t := range ts {
		for _, s := range t.Names {
			known[s] = true
		}
	}
	return func(name string) bool {
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		for !known[name] {
			_, rest, ok := strings.Cut(name, ".")
			if !ok {
				return false
			}
			name = rest
		}
		return true
	}
}

func byConversation(ts []Tool, proto uint8, port uint16, app string) (Tool, bool) {
	for _, t := range ts {
		if app != "" && slices.Contains(t.Apps, app) || app == "" &&
			(proto == 6 && slices.Contains(t.TCP, port) || proto == 17 && slices.Contains(t.UDP, port)) {
			return t, true
		}
	}
	return Tool{}, false
}
