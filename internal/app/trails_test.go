package app

import (
	"context"
	"testing"
	"time"

	"github.com/mimawari/mimawari/internal/model"
)

// What a patrol saw is remembered host by host, and a capture that is patrolled twice counts once.
func TestPatrolRemembersTalks(t *testing.T) {
	a, err := Open(context.Background(), t.TempDir(), "patrol")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	path := everyday(t, 400)
	sum := func() (clients, servers int, flows uint64) {
		t.Helper()
		err := a.Store.EachTrail(context.Background(), func(x model.Trail) bool {
			for i := range x.Talks {
				if _, client := x.Talks[i].Peer(x.Host); client {
					clients++
					flows += x.Talks[i].Flows
				} else {
					servers++
				}
			}
			if len(x.Stays) == 0 {
				t.Errorf("%s has no address", x.Host)
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		return clients, servers, flows
	}
	for range 2 {
		if _, err := a.Patrol(context.Background(), PatrolOptions{Paths: []string{path}, Shards: 1, Now: time.Now}); err != nil {
			t.Fatal(err)
		}
		if c, s, flows := sum(); c == 0 || c != s || flows != 400 {
			t.Errorf("%d talks of clients, %d of servers, %d flows", c, s, flows)
		}
	}
}
