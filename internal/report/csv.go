package report

import (
	"encoding/csv"
	"fmt"
	"io"

	"github.com/mimawari/mimawari/internal/report/workbook"
)

// CSV writes one table ("hosts" or "findings") as Table does.
func CSV(w io.Writer, in Input, table string) error {
	cols, rows := findingColumns, [][]any{}
	switch table {
	case "hosts":
		cols = hostColumns
		for i := range in.Result.Hosts {
			rows = append(rows, in.hostRow(&in.Result.Hosts[i]))
		}
	case "findings":
		for _, f := range in.Result.Findings {
			rows = append(rows, in.findingRow(f))
		}
	default:
		panic("BUG: no table " + table)
	}
	head := make([]string, len(cols))
	for i, x := range cols {
		head[i] = in.t("column." + x.key)
	}
	return Table(w, head, rows)
}

// Table writes rows as UTF-8 with a byte order mark, so that Excel reads it. Text that Excel would take for a formula is quoted
// as in the workbook.
func Table(w io.Writer, head []string, rows [][]any) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	if err := c.Write(head); err != nil {
		return err
	}
	for _, r := range rows {
		line := make([]string, len(r))
		for i, x := range r {
			line[i] = fmt.Sprint(workbook.Safe(x))
		}
		if err := c.Write(line); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
