package main

import (
	"encoding/json"

	"github.com/rogpeppe/go-internal/testscript"
)

// channelID remembers the id of a channel in $CHANNEL, from the list as JSON that was just printed: channel NAME
func channelID(ts *testscript.TestScript, _ bool, args []string) {
	var list struct {
		Channels []struct{ ID, Name string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &list))
	for _, c := range list.Channels {
		if c.Name == args[0] {
			ts.Setenv("CHANNEL", c.ID)
			return
		}
	}
	ts.Fatalf("no channel %s in %+v", args[0], list)
}
