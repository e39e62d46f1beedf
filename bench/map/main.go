// Command map measures the map page in headless Chromium without a GPU: how long until it is painted, and how much processor a
// frame costs while the board is dragged and zoomed by a real mouse.
//
//	go run ./bench/bighouse -data DIR && go run ./bench/map -data DIR
//
// The figure is of all processes of the browser together (also the one that rasters), so other load on the machine hardly
// matters. It ends with 1 if a frame costs more than -max.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/mimawari/mimawari/internal/app"
	"github.com/mimawari/mimawari/internal/auth"
	"github.com/mimawari/mimawari/internal/web/maps"
	"github.com/mimawari/mimawari/internal/web/page"
)

func main() {
	data := flag.String("data", "", "data directory, as bench/bighouse fills it")
	length := flag.Duration("for", 4*time.Second, "how long the mouse moves")
	most := flag.Duration("max", 16*time.Millisecond, "processor a frame may take")
	shot := flag.String("shot", "", "write a picture of the page to this file")
	flag.Parse()
	if err := run(*data, *length, *most, *shot); err != nil {
		fmt.Fprintln(os.Stderr, "map:", err)
		os.Exit(1)
	}
}

func run(data string, length, most time.Duration, shot string) error {
	if data == "" || runtime.GOOS != "linux" {
		return errors.New("say where the data is with -data DIR; needs Linux, whose /proc tells the processor time")
	}
	srv, stop, err := serve(data)
	if err != nil {
		return err
	}
	defer stop()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(1280, 900), chromedp.Flag("disable-gpu", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := paint(ctx, srv); err != nil {
		return err
	}
	if shot != "" {
		b, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			return err
		}
		if err := os.WriteFile(shot, b, 0o600); err != nil {
			return err
		}
	}
	return move(ctx, length, most)
}

// serve shows the map alone, to anybody on this machine.
func serve(data string) (addr string, stop func(), err error) {
	a, err := app.OpenReadOnly(context.Background(), data)
	if err != nil {
		return "", nil, err
	}
	k := &page.Kit{Now: time.Now, Report: func(err error) { fmt.Fprintln(os.Stderr, err) }}
	mux := http.NewServeMux()
	k.Mount(mux, append(maps.Site{Kit: k, Desk: &app.MapDesk{App: a}}.Routes(), page.Route{Pattern: "GET /static/{name}", Need: auth.Everyone, Do: page.Static}))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(auth.WithViewer(r.Context(), auth.Viewer{ID: "bench", Role: auth.Executive})))
	}))
	return srv.URL, func() { srv.Close(); _ = a.Close() }, nil
}

// paint loads the page twice: with the server cold, then as everybody after the first sees it.
func paint(ctx context.Context, srv string) error {
	for _, name := range []string{"cold server", "warm server"} {
		if err := chromedp.Do(ctx, chromedp.Navigate("about:blank"), chromedp.Navigate(srv+"/map")); err != nil {
			return err
		}
		if err := drawn(ctx); err != nil {
			return err
		}
		times, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`[performance.getEntriesByName("first-contentful-paint")[0].startTime, performance.now()]`))
		if err != nil {
			return err
		}
		fmt.Printf("%s: first paint %.0f ms, board drawn within %.0f ms\n", name, times[0], times[1])
	}
	return nil
}

// drawn waits for the board. While the browser goes to the page it may not answer.
func drawn(ctx context.Context) error {
	const ready = `document.documentElement.dataset.zones === "ready" && performance.getEntriesByName("first-contentful-paint").length > 0`
	for range 3000 {
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](ready)); ok && err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return errors.New("the board was not drawn in half a minute")
}

// move drags and zooms by turns for a while and counts frames and processor time.
func move(ctx context.Context, length, most time.Duration) error {
	pid := chromedp.FromContext(ctx).Browser.Process().Pid
	const begin = `window.frames_ = 0; window.going_ = true; (function f() { frames_++; if (going_) requestAnimationFrame(f); })()`
	if err := chromedp.Do(ctx, chromedp.Sleep(500*time.Millisecond), chromedp.Evaluate[chromedp.Void](begin)); err != nil {
		return err
	}
	used, started := processor(pid), time.Now()
	for i := 0; time.Since(started) < length; i++ {
		if err := chromedp.Do(ctx, hand(i)); err != nil {
			return err
		}
	}
	took, spent := time.Since(started), processor(pid)-used
	got, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`going_ = false; [frames_, performance.memory.usedJSHeapSize / 1e6]`))
	if err != nil {
		return err
	}
	frames, heap := int(got[0]), got[1]
	each := spent / time.Duration(max(frames, 1))
	fmt.Printf("drag and wheel: %d frames in %.1f s (%.0f a second), %.1f ms of processor a frame, script heap %.0f MB\n",
		frames, took.Seconds(), float64(frames)/took.Seconds(), float64(each.Microseconds())/1000, heap)
	if each > most {
		return fmt.Errorf("a frame costs %v, at most %v is wanted", each, most)
	}
	return nil
}

// hand is one movement of the mouse: 40 steps of dragging, then 20 of the wheel, in and out.
func hand(i int) chromedp.Action[chromedp.Void] {
	const x, y = 640.0, 500.0
	step := i % 120
	dx, dy := float64(step%60)*4, float64(step%60)*2
	turn := func(by float64) chromedp.MouseOption {
		return func(p *input.DispatchMouseEventParams) { p.DeltaX, p.DeltaY = 1e-6, by } // a zero would be left out of the message, which wants both
	}
	switch {
	case step%60 == 0:
		return chromedp.MouseEvent(chromedp.MousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1))
	case step%60 < 40:
		return chromedp.MouseEvent(chromedp.MouseMoved, x+dx, y+dy, chromedp.ButtonLeft)
	case step%60 == 40:
		return chromedp.MouseEvent(chromedp.MouseReleased, x+160, y+80, chromedp.ButtonLeft, chromedp.ClickCount(1))
	case step < 60:
		return chromedp.MouseEvent(input.DispatchMouseEventTypeMouseWheel, x, y, turn(-100))
	}
	return chromedp.MouseEvent(input.DispatchMouseEventTypeMouseWheel, x, y, turn(100))
}

// processor is the time that a process and all that it started have used.
func processor(root int) time.Duration {
	parent, used := map[int]int{}, map[int]int64{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it ended
		}
		at := strings.LastIndexByte(string(b), ')')
		f := strings.Fields(string(b[at+1:]))
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil || len(f) < 13 {
			continue
		}
		parent[pid], _ = strconv.Atoi(f[1])
		user, _ := strconv.ParseInt(f[11], 10, 64)
		system, _ := strconv.ParseInt(f[12], 10, 64)
		used[pid] = user + system
	}
	var sum int64
	for pid, n := range used {
		for p := pid; p > 1; p = parent[p] {
			if p == root {
				sum += n
				break
			}
		}
	}
	return time.Duration(sum) * 10 * time.Millisecond // USER_HZ is 100
}
