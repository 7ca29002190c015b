package client

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/centrifugal/protocol"

	"github.com/centrirpc/centrirpc/wire"
)

// pending are the calls that wait for their outcome, by correlation id.
type pending struct {
	mu   sync.Mutex
	byID map[correlationID]*call
}

func (p *pending) add(id correlationID, cl *call) {
	p.mu.Lock()
	p.byID[id] = cl
	p.mu.Unlock()
}

// take removes a call. Whoever takes it ends it: nobody else will.
func (p *pending) take(id correlationID) *call {
	p.mu.Lock()
	cl := p.byID[id]
	delete(p.byID, id)
	p.mu.Unlock()
	return cl
}

// acknowledge notes that the latest publish of a call was acknowledged. Only the
// first acknowledgement is a sign of the call: the others say that the server
// knows it, and not that its reply is still to come.
func (p *pending) acknowledge(id correlationID) {
	p.mu.Lock()
	if cl := p.byID[id]; cl != nil {
		cl.news.accepted = true
		if !cl.news.acknowledged {
			cl.news.acknowledged = true
			cl.hear()
		}
	}
	p.mu.Unlock()
}

// listen makes the next sign of a call wake its goroutine.
func (p *pending) listen(cl *call) {
	p.mu.Lock()
	cl.news.awaited = true
	p.mu.Unlock()
}

// refuse notes that the latest publish of a call was refused for now.
func (p *pending) refuse(id correlationID, refused *ServerError) {
	p.mu.Lock()
	if cl := p.byID[id]; cl != nil {
		cl.news.refused = refused
		cl.wake()
	}
	p.mu.Unlock()
}

// progress notes how far a call has come, and is false for an unknown call.
func (p *pending) progress(id correlationID, progress *Progress) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	cl := p.byID[id]
	switch {
	case cl == nil:
		return false
	case cl.cfg.progress == nil:
	case cl.stream != nil:
		cl.stream.tell(progress)
	default:
		cl.news.progress = progress
		cl.wake()
	}
	cl.hear()
	return true
}

// stream is the stream with that id, of which this is a sign, with its inbox; nil
// if it is none. Streams are not used again, so it may be kept.
func (p *pending) stream(id correlationID) (*call, *inbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	cl := p.byID[id]
	if cl == nil {
		return nil, nil
	}
	cl.hear()
	return cl, cl.stream
}

// news takes what the reader noted since the last time.
func (p *pending) news(cl *call) news {
	p.mu.Lock()
	n := cl.news
	cl.news.refused, cl.news.progress, cl.news.accepted = nil, nil, false
	p.mu.Unlock()
	return n
}

// call is one call, notification or stream under way, with the memory that it
// takes. A call is used again for another once it was taken out of pending, its
// outcome was received and its result was decoded.
type call struct {
	outcome chan outcome  // holds one
	nudge   chan struct{} // holds one: there is something to look at
	turn    chan struct{} // holds one: the call may be sent; see pacer
	timer   *time.Timer
	id      correlationID
	cfg     callConfig
	stream  *inbox // nil if it is none
	params  encoder
	buf     []byte // the envelope and the command
	body    []byte // the result, where it was copied: written by whoever takes the call
	result  decoder
	request protocol.PublishRequest // for the protobuf form
	way     way                     // its goroutine's
	news    news                    // guarded by pending
}

// news is what the reader notes of a call that is under way.
type news struct {
	heard        time.Time // the latest sign of the call
	awaited      bool      // the next sign is to wake its goroutine
	acknowledged bool      // once at least
	accepted     bool      // the latest publish was
	refused      *ServerError
	progress     *Progress
}

type outcome struct {
	result json.RawMessage
	err    *wire.Error
	// refused is the error of a publish that the server did not accept.
	refused *ServerError
}

func newCall() *call {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &call{outcome: make(chan outcome, 1), nudge: make(chan struct{}, 1), turn: make(chan struct{}, 1), timer: timer}
}

var callPool = sync.Pool{New: func() any { return newCall() }}

// wake makes the call's goroutine look at it. It does not block.
func (cl *call) wake() {
	select {
	case cl.nudge <- struct{}{}:
	default:
	}
}

// hear notes a sign of the call. It is the reader's, under pending's lock.
func (cl *call) hear() {
	if cl.news.heard = time.Now(); cl.news.awaited {
		cl.news.awaited = false
		cl.wake()
	}
}

// arm sets the call's timer to a time, or to none if it is zero.
func (cl *call) arm(at time.Time) {
	if at.IsZero() {
		cl.timer.Stop()
		return
	}
	cl.timer.Reset(time.Until(at))
}

func (cl *call) release() {
	cl.timer.Stop()
	select {
	case <-cl.nudge:
	default:
	}
	cl.cfg, cl.way, cl.news = callConfig{}, way{}, news{}
	cl.params.buf = reuse(cl.params.buf)
	cl.buf = reuse(cl.buf)
	cl.body = reuse(cl.body)
	cl.request.Data = nil
	callPool.Put(cl)
}
