package medical_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
	"github.com/mimawari/mimawari/internal/proto"
	"github.com/mimawari/mimawari/internal/proto/dissect"
	"github.com/mimawari/mimawari/internal/proto/streamtest"
)

// tap passes connections on and shows their bytes to an engine.
type tap struct {
	mu     sync.Mutex
	rec    *dissect.Recorder
	engine *proto.Engine
	apps   []dissect.App
	open   sync.WaitGroup
}

func newTap(t *testing.T, backend int) (*tap, int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	rec := dissect.NewRecorder(dissect.Limits{})
	p := &tap{rec: rec, engine: proto.New(rec)}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", backend))
			if err != nil {
				client.Close()
				continue
			}
			p.open.Add(1)
			go p.pass(client, server)
		}
	}()
	return p, l.Addr().(*net.TCPAddr).Port
}

func (p *tap) pass(client, server net.Conn) {
	defer p.open.Done()
	p.mu.Lock()
	s := p.engine.Open()
	p.mu.Unlock()
	var both sync.WaitGroup
	copyTo := func(dst, src net.Conn, toServer bool) {
		defer both.Done()
		defer dst.Close()
		b := make([]byte, 1400)
		for {
			n, err := src.Read(b)
			if n > 0 {
				p.mu.Lock()
				p.engine.Data(streamtest.Context(11112, toServer), s, b[:n])
				p.mu.Unlock()
				if _, err := dst.Write(b[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	both.Add(2)
	go copyTo(server, client, true)
	go copyTo(client, server, false)
	both.Wait()
	p.mu.Lock()
	p.apps = append(p.apps, s.App)
	p.engine.Close(streamtest.Context(11112, true), s)
	p.mu.Unlock()
}

// archive starts dcmtk's query/retrieve server with an empty store and gives its port.
func archive(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	dir := t.TempDir()
	config := fmt.Sprintf("NetworkTCPPort = %d\nMaxPDUSize = 16384\nMaxAssociations = 16\nHostTable BEGIN\nHostTable END\n"+
		"VendorTable BEGIN\nVendorTable END\nAETable BEGIN\nPACS %s RW (10, 64mb) ANY\nAETable END\n", port, dir)
	file := filepath.Join(dir, "dcmqrscp.cfg")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("dcmqrscp", "-c", file) // a process for each association: with -s some versions crash
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for range 100 {
		if c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			c.Close()
			return port
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("dcmqrscp does not answer")
	return 0
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

const dump = `(0008,0016) UI [1.2.840.10008.5.1.4.1.1.7]
(0008,0018) UI [1.2.3.4.5]
(0008,0050) SH [ACC777]
(0010,0010) PN [YAMADA^TARO]
(0010,0020) LO [PID4711]
(0020,000d) UI [1.2.3.1]
(0020,000e) UI [1.2.3.2]
(0020,0010) SH [777]
`

// TestDCMTK watches dcmtk's programs at work: what they did is counted, whom it was about is nowhere.
func TestDCMTK(t *testing.T) {
	for _, name := range []string{"dcmqrscp", "echoscu", "storescu", "findscu", "getscu", "dump2dcm"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed (Debian package dcmtk)", name)
		}
	}
	watched, port := newTap(t, archive(t))
	dir := t.TempDir()
	text, image := filepath.Join(dir, "a.dump"), filepath.Join(dir, "a.dcm")
	if err := os.WriteFile(text, []byte(dump), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "dump2dcm", text, image)
	to := []string{"-aet", "CT01", "-aec", "PACS", "127.0.0.1", fmt.Sprint(port)}
	run(t, "echoscu", append([]string{"--repeat", "3"}, to...)...)
	run(t, "storescu", append(to, image)...)
	run(t, "findscu", append([]string{"-S", "-k", "0008,0052=STUDY", "-k", "0010,0010=YAMADA*"}, to...)...)
	run(t, "getscu", append([]string{"-S", "-od", dir, "-k", "0008,0052=STUDY", "-k", "0020,000d=1.2.3.1"}, to...)...)
	watched.open.Wait()

	obs := dissect.Merge(watched.rec).Observations
	lines := streamtest.Lines(slices.DeleteFunc(obs, func(o model.Observation) bool {
		return o.Kind != model.DICOMOp && o.Kind != model.DICOMCalled && o.Kind != model.DICOMCalling && o.Kind != model.DICOMFailure
	}))
	want := []string{
		`client dicom.calling "CT01" x4`,
		`client dicom.op "C-ECHO" <- server :11112 x3`,
		`client dicom.op "C-FIND" <- server :11112`,
		`client dicom.op "C-GET" <- server :11112`,
		`client dicom.op "C-STORE" <- server :11112`,
		`server dicom.called "PACS" :11112 x4`,
		`server dicom.op "C-STORE" <- client :11112`,
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	all := dissect.Merge(watched.rec).Observations
	for _, o := range all {
		for _, secret := range []string{"YAMADA", "PID4711", "ACC777", "1.2.3.1"} {
			if strings.Contains(o.Value, secret) && o.Kind != model.DICOMImplUID && o.Kind != model.DICOMSOP {
				t.Errorf("%s %q tells of a patient", o.Kind, o.Value)
			}
		}
	}
	if i := slices.IndexFunc(watched.apps, func(a dissect.App) bool { return a != dissect.DICOM }); i >= 0 || len(watched.apps) != 4 {
		t.Errorf("recognised as %v", watched.apps)
	}
}
