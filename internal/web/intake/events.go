package intake

import (
	"fmt"
	"net/http"
	"time"

	"github.com/mimawari/mimawari/internal/api"
)

// heartbeat is how often a line is sent when there is no news: it keeps the connection, and finds out that nobody is there.
const heartbeat = 15 * time.Second

// events sends what goes on as server-sent events (WHATWG HTML, 9.2) until the reader goes away, is too slow, or the server ends.
func (s Site) events(w http.ResponseWriter, r *http.Request) error {
	ear, ok := s.Desk.Listen()
	if !ok {
		w.Header().Set("Retry-After", "30")
		return &api.Refused{Key: "intake.error.listeners"}
	}
	defer ear.Close()
	control := http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	send := func(format string, args ...any) bool {
		_ = control.SetWriteDeadline(time.Now().Add(heartbeat)) // a server without limits can't be asked
		_, err := fmt.Fprintf(w, format, args...)
		return err == nil && control.Flush() == nil
	}
	if !send("retry: 3000\n\n") {
		return nil
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-beat.C:
			if !send(": still here\n\n") {
				return nil
			}
		case e, open := <-ear.Events:
			if !open || !send("event: %s\ndata: %s\n\n", e.Name, e.Data) {
				return nil
			}
		}
	}
}
