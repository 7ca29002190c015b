package calls

import (
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// Event is something that happens to a call, besides its end.
type Event uint8

// What can happen to a call, in the order of its way. Native RPC has no claim, no
// acknowledgement and no store.
const (
	Claiming     Event = iota // the store is about to be asked for the call
	Started                   // it is claimed, and its handler is about to run
	TakenOver                 // it is claimed from another process, which died with it; Started follows
	Acknowledged              // the client is told that it is claimed
	ItemSent                  // its handler sent an item
	SentAgain                 // a request for it came again, and joined it; that one is Attached or Resent
	Attached                  // it was sent again while it ran, here or in another process
	Resent                    // it was sent again after its end, and its stored reply was sent again
	Storing                   // it has ended, and its reply is about to be stored
	Stored                    // the store has its reply, or is out of reach
	Published                 // its reply is published, but for a stream's, which may wait for items to be taken
	Displaced                 // its reply counts for nothing, for another process has the call since
	OwnerLost                 // outcome_unknown: the process, or the store, that it was sent to is gone
	ReplyLost                 // outcome_unknown: it has ended, and its reply is no longer kept
	Stopped                   // outcome_unknown: this process gave up waiting for its handler

	Events = int(Stopped) + 1 // how many kinds there are
)

// Observer is told what happens to calls, for metrics. It is told on the way of
// every call: it must be quick and safe for concurrent use.
type Observer interface {
	// Method is asked once for each registered method, when an engine is made, who
	// is to be told of its calls. Nil means nobody.
	Method(method *centrirpc.Method) MethodObserver
	// CallRefused tells that a request was not accepted: "bad_request",
	// "permission_denied", "too_many_requests", "unavailable", or that it was
	// answered without a handler: "method_not_found", "conflict",
	// "outcome_unknown".
	CallRefused(reason string)
	// StoreAsked tells how long the call store took for a claim, or else to
	// complete a call, and with what error.
	StoreAsked(claim bool, took time.Duration, err error)
	// PublishFailed tells that a reply, an item or progress could not be published.
	PublishFailed()
}

// MethodObserver is told what happens to the calls of one method.
type MethodObserver interface {
	// Happened tells of an event.
	Happened(event Event)
	// HandlerReturned tells that a handler that Started has returned, or panicked,
	// and how long it ran. It may come after the call's end.
	HandlerReturned(took time.Duration)
	// CallEnded tells that a call that Started ended, with the code of its error or
	// 0, and how long after its request arrived.
	CallEnded(code wire.Code, took time.Duration)
}

type noObserver struct{}

func (noObserver) Method(*centrirpc.Method) MethodObserver { return nil }
func (noObserver) CallRefused(string)                      {}
func (noObserver) StoreAsked(bool, time.Duration, error)   {}
func (noObserver) PublishFailed()                          {}

// observersOf asks the observer for each method of the router. The result is read
// only.
func observersOf(router *centrirpc.Router, observer Observer) map[*centrirpc.Method]MethodObserver {
	all := map[*centrirpc.Method]MethodObserver{}
	for _, listed := range router.Methods() {
		if method, ok := router.Lookup(listed.Name); ok {
			if o := observer.Method(method); o != nil {
				all[method] = o
			}
		}
	}
	return all
}

// happened tells those who listen of an event.
func (r *run) happened(event Event) {
	if r.observer != nil {
		r.observer.Happened(event)
	}
	if r.trace != nil {
		r.trace.Happened(event)
	}
}

// returned tells that the handler has returned.
func (r *run) returned() {
	took := time.Since(r.started)
	if r.observer != nil {
		r.observer.HandlerReturned(took)
	}
	if r.trace != nil {
		r.trace.HandlerReturned()
	}
}

// answered tells that a call that started has ended.
func (r *run) answered(failed *wire.Error) {
	var code wire.Code
	if failed != nil {
		code = failed.Code
	}
	took := time.Since(r.arrived)
	if r.observer != nil {
		r.observer.CallEnded(code, took)
	}
	r.endTrace(code)
	r.logEnd(code, took)
}
