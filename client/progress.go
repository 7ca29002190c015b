package client

import (
	"fmt"
	"runtime/debug"
)

// Progress says how far a call has come.
type Progress struct {
	// Done and Total count the same units, which are the method's own. Total is 0
	// where it is not known.
	Done, Total float64
	// Message may be empty.
	Message string
}

type progressOption func(Progress)

func (o progressOption) applyCall(c *callConfig) { c.progress = o }

// OnProgress calls handler when the server says how far the call has come: best
// effort, in order, and only the newest where they come faster than the handler
// takes them. The handler runs on the goroutine that waits for the call, or, of a
// stream, on the one that takes its items or its result: so it is not running any
// more when that returns. It should be quick; one that panics is reported to the
// client's error handler.
func OnProgress(handler func(Progress)) CallOption { return progressOption(handler) }

// tell calls a handler of progress.
func (c *CentrifugoRPCClient) tell(handler func(Progress), p *Progress) {
	if handler == nil || p == nil {
		return
	}
	defer func() {
		if fault := recover(); fault != nil {
			c.report(fmt.Errorf("a handler of OnProgress panicked: %v\n%s", fault, debug.Stack()))
		}
	}()
	handler(*p)
}
