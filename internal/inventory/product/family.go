package product

import (
	"fmt"
	"strings"
)

// familiesFile says which values are more general forms of others; it has no rules.
const familiesFile = "families.yaml"

// maxDepth bounds how far a value is generalised; a circle in the data would otherwise not end.
const maxDepth = 6

// addFamilies reads {general: [special, ...]}.
func (c *Catalog) addFamilies(file []byte) error {
	var m map[string][]string
	if err := strict(file, &m); err != nil {
		return err
	}
	for general, specials := range m {
		for _, s := range specials {
			if was, ok := c.parents[s]; ok {
				return fmt.Errorf("%s is under %s and under %s", s, was, general)
			}
			c.parents[s] = general
		}
	}
	for s := range c.parents {
		if !c.ends(s) {
			return fmt.Errorf("%s is above itself", s)
		}
	}
	return nil
}

func (c *Catalog) ends(s string) bool {
	for range maxDepth {
		if s = c.parents[s]; s == "" {
			return true
		}
	}
	return false
}

// Covers reports whether general is a more general word for special, or the same: Linux covers Ubuntu, server covers pacs,
// "Windows" covers "Windows 10", and each of the alternatives in "Windows 10|Windows Server 2019" is covered by the whole.
func (c *Catalog) Covers(general, special string) bool {
	for range maxDepth {
		if special == "" {
			return false
		}
		if general == special || strings.HasPrefix(special, general+" ") || alternative(general, special) {
			return true
		}
		p := c.parents[special]
		if i := strings.LastIndexByte(special, ' '); p == "" && i > 0 {
			p = special[:i]
		}
		special = p
	}
	return false
}

func alternative(general, special string) bool {
	if !strings.Contains(general, "|") {
		return false
	}
	return one(strings.Split(general, "|"), func(s string) bool { return s == special })
}
