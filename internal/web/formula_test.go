package web_test

import (
	"encoding/csv"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/memory"
	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/web/webtest"
)

// No export has a cell that a spreadsheet would compute, whatever machines and people call themselves.
func TestExportsHoldNoFormulas(t *testing.T) {
	x := newWalk(t)
	x.remember(t, formula)
	c := webtest.Client(t, x.door.Keeper, x.srv.URL, auth.Administrator)
	seen, hostileCells := 0, 0
	for _, rt := range x.routes {
		method, path, known := x.address(x.places(t), rt.Pattern)
		if method != "GET" || !known || !strings.HasSuffix(path, ".xlsx") && !strings.HasSuffix(path, ".csv") {
			continue
		}
		query := ""
		switch {
		case strings.Contains(path, "/map/explore"):
			query = "?host=" + url.QueryEscape(result().Hosts[0].ID)
		case path == "/hunt.csv":
			query = "?port=4443"
		}
		res, body := read(t, c, compose(t, "GET", x.srv.URL+path+query, "", nil))
		if res.StatusCode != 200 {
			t.Errorf("%s: %s", path, res.Status)
			continue
		}
		seen++
		hostileCells += strings.Count(body, "evil.example")
		if strings.HasSuffix(path, ".csv") {
			checkCSV(t, path, body)
		} else {
			hostileCells += checkWorkbook(t, path, body)
		}
	}
	if seen < 3 || hostileCells == 0 {
		t.Errorf("%d exports, %d hostile cells: nothing was tested", seen, hostileCells)
	}
}

// remember keeps a flow whose server calls itself name.
func (x *walk) remember(t *testing.T, name string) {
	t.Helper()
	w := app.Flows(x.app.Dir).Append(memory.AppendOptions{})
	w.Flow(&model.Flow{
		Client: netip.MustParseAddrPort("10.0.0.5:50000"), Server: netip.MustParseAddrPort("203.0.113.7:4443"), Proto: 6,
		First: morning, Last: morning.Add(time.Second), App: "ssl", Facts: []model.Fact{{Kind: model.TLSSNI, Value: name}},
	})
	if n, err := w.Flush(); err != nil {
		t.Fatal(n, err)
	}
}

func checkCSV(t *testing.T, path, body string) {
	t.Helper()
	rows := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff")))
	rows.FieldsPerRecord = -1
	all, err := rows.ReadAll()
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	for _, row := range all {
		for _, cell := range row {
			if cell != "" && cell != "-" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("%s: a spreadsheet would compute %q", path, cell)
			}
		}
	}
}

// checkWorkbook gives how many cells hold the formula as text.
func checkWorkbook(t *testing.T, path, body string) (hostileCells int) {
	t.Helper()
	f, err := excelize.OpenReader(strings.NewReader(body))
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return 0
	}
	defer f.Close()
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Errorf("%s %s: %v", path, sheet, err)
		}
		for r, row := range rows {
			for i, cell := range row {
				at, err := excelize.CoordinatesToCellName(i+1, r+1)
				if err != nil {
					t.Fatal(err)
				}
				if formula, err := f.GetCellFormula(sheet, at); err != nil || strings.Contains(formula, "evil") || strings.Contains(formula, "HYPERLINK") {
					t.Errorf("%s %s %s: the formula %q (%v)", path, sheet, at, formula, err)
				}
				if strings.Contains(cell, "evil.example") {
					hostileCells++
				}
			}
		}
	}
	return hostileCells
}
