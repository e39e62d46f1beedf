package memory

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// csvHead are the columns of WriteCSV: those of the files, times as text.
var csvHead = []string{
	"first", "duration_ms", "client", "client_port", "server", "server_port", "proto", "app", "state", "packets_out", "packets_in", "bytes_out", "bytes_in",
	"vlan", "tunnel", "name", "ja4", "facts",
}

// WriteCSV writes rows for a spreadsheet. Text that a spreadsheet would take for a formula gets an apostrophe in front.
func WriteCSV(w io.Writer, rows []Row) error {
	c := csv.NewWriter(w)
	all := [][]string{csvHead}
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	for _, r := range rows {
		all = append(all, []string{
			time.UnixMilli(r.First).UTC().Format("2006-01-02T15:04:05.000Z"), n(r.Duration), r.Client, n(int64(r.ClientPort)), r.Server, n(int64(r.ServerPort)),
			n(int64(r.Proto)), plain(r.App), r.State, n(r.PacketsOut), n(r.PacketsIn), n(r.BytesOut), n(r.BytesIn), n(int64(r.VLAN)), r.Tunnel, plain(r.Name), plain(r.JA4), plain(r.Facts),
		})
	}
	if err := c.WriteAll(all); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func plain(v string) string {
	if v != "" && strings.ContainsRune("=+-@\t\r", rune(v[0])) {
		return "'" + v
	}
	return v
}

// ParseAddress reads an address or a network.
func ParseAddress(text string) (netip.Prefix, error) {
	text = strings.TrimSpace(text)
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap().WithZone("")
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("neither an address nor a network: %w", err)
	}
	return p.Masked(), nil
}
