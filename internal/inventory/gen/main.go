// Command gen makes catalog/products/oui/oui.zst from the IEEE Registration Authority's public listings as Debian's
// package ieee-data installs them. It fetches nothing. Equal listings give equal bytes.
//
//	go run ./internal/inventory/gen [-from /usr/share/ieee-data] [-to catalog/products/oui/oui.zst]
package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/mimawari/mimawari/internal/inventory/oui"
)

func main() {
	from := flag.String("from", "/usr/share/ieee-data", "folder with oui.csv, mam.csv, oui36.csv, iab.csv (Debian package ieee-data)")
	to := flag.String("to", filepath.Join("catalog", filepath.FromSlash(oui.File)), "file to write")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	entries, err := readAll(from)
	if err != nil {
		return fmt.Errorf("%w (install the package: apt-get install ieee-data)", err)
	}
	b, err := oui.Pack(entries)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, b, 0o644); err != nil {
		return fmt.Errorf("write OUI table: %w", err)
	}
	fmt.Printf("%s: %d assignments, %d bytes\n", to, len(entries), len(b))
	return nil
}

func readAll(dir string) ([]oui.Entry, error) {
	var all []oui.Entry
	for _, name := range []string{"oui.csv", "mam.csv", "oui36.csv", "iab.csv"} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("read IEEE listing: %w", err)
		}
		es, err := readListing(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("read IEEE listing %s: %w", f.Name(), err)
		}
		all = append(all, es...)
	}
	return all, nil
}

// readListing reads columns Registry, Assignment, Organization Name; the address column is left out on purpose.
func readListing(r io.Reader) ([]oui.Entry, error) {
	c := csv.NewReader(r)
	c.FieldsPerRecord = -1
	var es []oui.Entry
	for row := 1; ; row++ {
		f, err := c.Read()
		if errors.Is(err, io.EOF) {
			return es, nil
		}
		if err != nil {
			return nil, err
		}
		if row == 1 || len(f) < 3 {
			continue
		}
		prefix, err := strconv.ParseUint(f[1], 16, 64)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", row, err)
		}
		bits := 4 * len(f[1])
		if name := tidy(f[2]); name != "" && (bits == 24 || bits == 28 || bits == 36) {
			es = append(es, oui.Entry{Prefix: prefix, Bits: bits, Name: name})
		}
	}
}

var (
	space  = regexp.MustCompile(`\s+`)
	suffix = regexp.MustCompile(`(?i)[\s,.]+(co|corp|corporation|inc|incorporated|ltd|limited|llc|gmbh|ag|kg|bv|b\.v|s\.?a|s\.?r\.?l|s\.?p\.?a|s\.?a\.?s|k\.?k|oy|a/s|ab|pte|pty|plc|company|m\.?b\.?h|& co|\(shanghai\)|\(shenzhen\))[\s,.]*$`)
)

// tidy drops legal forms, so that the same maker has fewer spellings. "Private" and the authority itself name nobody.
func tidy(s string) string {
	s = strings.TrimSpace(space.ReplaceAllString(s, " "))
	if s == "Private" || s == "IEEE Registration Authority" {
		return ""
	}
	for {
		t := suffix.ReplaceAllString(s, "")
		if t == s || len(t) < 2 {
			return strings.TrimRight(s, " ,.")
		}
		s = t
	}
}
