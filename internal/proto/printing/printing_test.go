package printing_test

import (
	"testing"

	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/printing"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

const uel = "\x1b%-12345X"

func TestPJL(t *testing.T) {
	streamtest.Check(t, 9100, []string{">" + uel + "@PJL INFO ID\r\n" + uel, "<@PJL INFO ID\r\n\"RICOH IM C3000\"\r\n\x0c"}, dissect.JetDirect,
		`server printer.model "RICOH IM C3000" :9100`)
	streamtest.Check(t, 9100, []string{
		">" + uel + "@PJL\r\n@PJL INFO ID\r\n@PJL SET USERNAME=\"yamada\"\r\n@PJL JOB NAME=\"karte.pdf\"\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE@PJL INFO ID\n",
		"<@PJL INFO ID\r\nHP LaserJet 4200\r\n\x0c@PJL USTATUS JOB\r\nEND\r\n\x0c",
	}, dissect.JetDirect,
		`server printer.model "HP LaserJet 4200" :9100`, `server printer.port "jetdirect" <- client :9100`)
}

func TestRawJobs(t *testing.T) {
	streamtest.Check(t, 9100, []string{">%!PS-Adobe-3.0\nshowpage\n"}, dissect.JetDirect, `server printer.port "jetdirect" <- client :9100`)
	streamtest.Check(t, 9100, []string{">" + uel + "%!PS-Adobe-3.0\n"}, dissect.JetDirect, `server printer.port "jetdirect" <- client :9100`)
	if obs, app := streamtest.Play(4444, ">%!PS-Adobe-3.0\n"); app != dissect.Unknown || len(obs) > 0 {
		t.Errorf("PostScript on another port is %q: %v", app, obs)
	}
}

func TestLPD(t *testing.T) {
	streamtest.Check(t, 515, []string{">\x02lp1\n", "<\x00", ">\x0312 dfA\n"}, dissect.LPD, `server printer.port "lpd" <- client :515`)
	streamtest.Check(t, 515, []string{">\x04lp1 \n", "<lp1 is ready\n"}, dissect.LPD)
	for _, turn := range []string{">\x02\n", ">\x06lp\n", ">\x02a\x01\n", "<\x02lp1\n"} {
		if _, app := streamtest.Play(515, turn); app != dissect.Unknown {
			t.Errorf("%q is %q", turn, app)
		}
	}
}

func FuzzPrinting(f *testing.F) {
	f.Add([]byte(uel+"@PJL INFO ID\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE"), []byte("@PJL INFO ID\r\n\"X\"\r\n\x0c"), 12)
	f.Add([]byte("\x02lp1\n"), []byte("\x00"), 2)
	f.Fuzz(func(t *testing.T, a, b []byte, cut int) {
		streamtest.Fuzz(t, printing.Streams(), 9100, a, b, cut)
		for _, port := range []uint16{9100, 515} {
			streamtest.Play(port, ">"+string(a), "<"+string(b), ">"+string(a))
		}
	})
}
