package hospitalsim

import (
	"bufio"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// world is a day that goes by: a queue of frames and of work in the order of time. Work, when its time has come, adds the
// frames of one conversation and often itself again for later, so only what is on the wire now is in memory.
type world struct {
	o      Options
	rng    *rand.Rand
	town   *town
	queue  queue
	serial uint64
	now    int64 // ns since 1970
	end    int64
	rounds float64 // how often each piece of routine work is done, compared with the small day

	buf     gopacket.SerializeBuffer
	packets int64
	written int64
	planted []Planted
	misses  []Planted
}

// event is a frame or a piece of work.
type event struct {
	at     int64
	serial uint64
	data   []byte
	work   func()
}

type queue []event

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].serial < q[j].serial
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(event)) }
func (q *queue) Pop() any {
	old := *q
	n := len(old) - 1
	e := old[n]
	old[n] = event{}
	*q = old[:n]
	return e
}

func newWorld(o Options) *world {
	w := &world{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0x6d696d6177617269)), rounds: 1, buf: gopacket.NewSerializeBuffer()}
	if o.Size == Large {
		w.rounds = max(1, float64(o.Bytes-onceBytes)/routineBytes)
	}
	w.now = o.Start.UnixNano()
	w.end = w.now + int64(dayLength)
	w.town = newTown(w.rng)
	w.routine()
	w.trouble()
	return w
}

// do plans work for a time since the start of the day.
func (w *world) do(after time.Duration, work func()) {
	w.push(event{at: w.o.Start.UnixNano() + int64(after), work: work})
}

func (w *world) push(e event) {
	w.serial++
	e.serial = w.serial
	heap.Push(&w.queue, e)
}

// every does work again and again until the day ends: first within one interval, then at intervals that vary by half.
func (w *world) every(interval time.Duration, work func()) {
	first := w.upTo(interval)
	w.everyFrom(first, interval, work)
}

func (w *world) everyFrom(first, interval time.Duration, work func()) {
	var again func()
	again = func() {
		work()
		if next := w.now + int64(interval)/2 + int64(w.upTo(interval)); next < w.end {
			w.push(event{at: next, work: again})
		}
	}
	w.do(first, again)
}

// often is every for routine work, which the large day has more of.
func (w *world) often(interval time.Duration, work func()) {
	w.every(time.Duration(float64(interval)/w.rounds), work)
}

func (w *world) upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return time.Duration(w.rng.Int64N(int64(d)))
}

func (w *world) noise(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += 8 {
		v := w.rng.Uint64()
		for k := i; k < min(i+8, n); k++ {
			b[k] = byte(v)
			v >>= 8
		}
	}
	return b
}

// lookEvery is how many events go by between looks at the context.
const lookEvery = 4096

func (w *world) tell() {
	if w.o.Progress != nil {
		w.o.Progress(w.written, max(w.written, onceBytes+int64(w.rounds*routineBytes)))
	}
}

// day lets the day go by and writes its frames: the morning as pcapng, the afternoon as classic pcap.
func (w *world) day(ctx context.Context, dir string) (err error) {
	am, err := newTape(filepath.Join(dir, MorningFile), true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, am.close()) }()
	pm, err := newTape(filepath.Join(dir, AfternoonFile), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pm.close()) }()
	noon := w.o.Start.UnixNano() + int64(dayLength)/2
	for n := 0; len(w.queue) > 0; n++ {
		if n%lookEvery == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			w.tell()
		}
		e := heap.Pop(&w.queue).(event)
		w.now = e.at
		if e.work != nil {
			e.work()
			continue
		}
		t := am
		if e.at >= noon {
			t = pm
		}
		if err := t.write(e.at, e.data); err != nil {
			return err
		}
		w.packets++
		w.written += int64(len(e.data))
	}
	return nil
}

// tape is one capture file being written.
type tape struct {
	name string
	file *os.File
	buf  *bufio.Writer
	ng   *pcapgo.NgWriter
	old  *pcapgo.Writer
}

func newTape(name string, ng bool) (*tape, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make capture: %w", err)
	}
	t := &tape{name: name, file: f, buf: bufio.NewWriterSize(f, 1<<18)}
	if ng {
		t.ng, err = pcapgo.NewNgWriterInterface(t.buf, pcapgo.NgInterface{Name: "mirror", LinkType: layers.LinkTypeEthernet, SnapLength: snapLength, TimestampResolution: 9},
			pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "mimawari"}})
	} else {
		t.old = pcapgo.NewWriter(t.buf)
		err = t.old.WriteFileHeader(snapLength, layers.LinkTypeEthernet)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make capture %s: %w", name, err), f.Close())
	}
	return t, nil
}

const snapLength = 65535

func (t *tape) write(at int64, data []byte) (err error) {
	ci := gopacket.CaptureInfo{Timestamp: time.Unix(0, at).UTC(), CaptureLength: len(data), Length: len(data)}
	if t.ng != nil {
		err = t.ng.WritePacket(ci, data)
	} else {
		err = t.old.WritePacket(ci, data)
	}
	if err != nil {
		return fmt.Errorf("write capture %s: %w", t.name, err)
	}
	return nil
}

func (t *tape) close() error {
	var err error
	if t.ng != nil {
		err = t.ng.Flush()
	}
	if err = errors.Join(err, t.buf.Flush(), t.file.Close()); err != nil {
		return fmt.Errorf("write capture %s: %w", t.name, err)
	}
	return nil
}
