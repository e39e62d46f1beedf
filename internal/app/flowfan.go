package app

import (
	"slices"
	"sync"

	"github.com/mimawari/mimawari/internal/model"
)

// FlowListener hears of each flow that has ended, whether packets or a log of connections told of it. What it does here costs the
// patrol its time: it takes what it wants and returns. One patrol calls its listeners one after the other; a listener of an Intake
// may hear of a round and of interfaces at the same time.
type FlowListener interface {
	// Flow is shown one flow. The flow, but not its strings, is used again after the call returns.
	Flow(f *model.Flow)
}

// flowFan shows flows to several listeners. Any number of pipelines may use it at the same time.
type flowFan struct {
	mu  sync.Mutex
	all []FlowListener
}

func newFlowFan(all ...FlowListener) *flowFan { return &flowFan{all: slices.Clone(all)} }

// onFlow is nil if nobody listens: then nothing is kept with flows for it, and a patrol costs no more than before.
func (x *flowFan) onFlow() func(*model.Flow) {
	if len(x.all) == 0 {
		return nil
	}
	return func(f *model.Flow) {
		x.mu.Lock()
		defer x.mu.Unlock()
		for _, l := range x.all {
			l.Flow(f)
		}
	}
}
