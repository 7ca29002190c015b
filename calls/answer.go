package calls

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

// claim asks the store for the call. It reports whether the handler is to run; if
// it is not, the request has been refused or answered.
func (r *run) claim() bool {
	e := r.engine()
	if r.described == nil || (r.described.Kind == contract.Notify) != r.notify {
		e.cfg.Observer.CallRefused("method_not_found")
		wrong := r.wrongKind().Wire()
		if r.notify {
			r.log(slog.LevelWarn, "a notification failed", "error", wrong)
		}
		r.answerWithError(wrong)
		return false
	}
	timeout := e.timeout(r.asked, r.described)
	r.deadline = time.Now().Add(timeout)
	r.asksUntil = r.deadline.Add(max(r.asked-timeout, 0))
	found, err := r.claimFromStore()
	if err != nil {
		r.log(e.storing.fail(), "a call could not be claimed; that is said once until the call store is back", "error", err)
		r.refuse(fmt.Errorf("%w: the call store is out of reach", ErrUnavailable))
		return false
	}
	if !r.described.Volatile {
		e.storing.succeed(e.log, "the call store is back")
	}
	switch found.State {
	case Claimed:
		r.mu.Lock()
		r.fence, r.owned = found.Fence, true
		r.mu.Unlock()
		e.running.own(r)
		if found.TakenOver {
			r.happened(TakenOver)
		}
		if r.notify {
			r.acknowledge(nil) // all that the caller waits for
		}
		return true
	case Full:
		r.refuse(fmt.Errorf("%w: the call store is full", ErrTooManyRequests))
	case Done:
		r.happened(Resent)
		r.answerAgain(found.Reply, 0)
	case Dropped:
		r.happened(ReplyLost)
		r.logLost("a call has ended whose reply is no longer kept; the caller hears outcome_unknown")
		e.cfg.Observer.CallRefused("outcome_unknown")
		r.answerWithError(centrirpc.Errorf(wire.OutcomeUnknown, "the call has ended, and its reply is no longer kept").Wire())
	case Conflict:
		e.cfg.Observer.CallRefused("conflict")
		r.answerWithError(centrirpc.Errorf(wire.Conflict, "the correlation id was used with another method or other params; give every call an id of its own").Wire())
	case Lost:
		r.happened(OwnerLost)
		r.logLost("the server that a call was sent to is gone, or its store forgot it; the caller hears outcome_unknown")
		if r.notify { // whose acknowledgement is its outcome
			r.refuse(fmt.Errorf("%w: the server that the notification was sent to is gone", ErrOutcomeUnknown))
			return false
		}
		e.cfg.Observer.CallRefused("outcome_unknown")
		r.answerWithError(centrirpc.Errorf(wire.OutcomeUnknown, "the server that the call was sent to is gone; the call may have taken effect").Wire())
	case Unknown:
		r.refuse(errDraining)
	case Running:
		r.happened(Attached)
		r.answerAgain(nil, 0) // by who runs it
		r.signalOwner()
	}
	return false
}

// claimFromStore asks for the call, or not where the method is volatile: such
// calls are not remembered.
func (r *run) claimFromStore() (ClaimResult, error) {
	if r.described.Volatile {
		switch {
		case r.find:
			return ClaimResult{State: Unknown}, nil
		case r.epoch != "" && (r.stream != nil || !r.described.Idempotent): // it may have run, and nobody knows
			return ClaimResult{State: Lost}, nil
		}
		return ClaimResult{State: Claimed}, nil
	}
	r.happened(Claiming)
	return r.engine().cfg.Store.Claim(context.Background(), Claim{
		Key: r.key(), Fingerprint: r.fingerprint(), Deadline: r.asksUntil,
		Epoch: r.epoch, Find: r.find,
		// A stream is not run again: the items of two runs would mix.
		Idempotent: r.described.Idempotent && r.stream == nil,
	})
}

// signalOwner tells the process that runs the call where else its reply and its
// items are wanted.
func (r *run) signalOwner() {
	if r.engine().signaler == nil || r.notify {
		return
	}
	r.mu.Lock()
	r.remote = true
	cancelled := r.cause == errCancelled
	r.mu.Unlock()
	signal := Signal{Kind: SignalAttach, ReplyTo: r.replyTo}
	switch {
	case cancelled:
		signal.Kind = SignalCancel
	case r.missing != nil:
		signal.Kind, signal.Seq = SignalResume, *r.missing
	}
	r.engine().tell(r.key(), signal)
}

// refuse tells those who wait for the acknowledgement that nothing was claimed.
func (r *run) refuse(refusal error) {
	r.engine().cfg.Observer.CallRefused(refusalName(refusal))
	r.shut()
	r.acknowledge(r.refusal(refusal))
	r.endTrace(codeOfReply(refusal))
}

// answerWithError is answerAgain for a call that does not run, and fails.
func (r *run) answerWithError(failed *wire.Error) {
	r.answerAgain(wire.EncodeError(r.CorrelationID, failed), failed.Code)
}

// answerAgain acknowledges a request whose handler does not run here, now, and
// publishes its reply, if it has one. The code is that of its error, or 0.
func (r *run) answerAgain(reply []byte, code wire.Code) {
	r.slot.freeConn()
	channels := r.shut()
	r.acknowledge(nil)
	if len(reply) > 0 && !r.notify {
		r.send(reply, channels)
	}
	r.endTrace(code)
}

// finish answers a run that has begun.
func (r *run) finish(result json.RawMessage, failed *wire.Error) {
	if failed != nil && failed.Code == wire.OutcomeUnknown && errors.Is(r.why(), errStopped) {
		r.happened(Stopped)
		if !r.notify { // which is logged below
			r.log(slog.LevelWarn, "a call was given up, for the server stops and its handler had not returned; its caller hears outcome_unknown")
		}
	}
	if r.native != nil {
		r.native(result, failed)
	} else {
		r.complete(result, failed)
	}
	if r.notify && failed != nil { // there is nobody else to hear it
		r.log(slog.LevelWarn, "a notification failed", "error", failed)
	}
	r.answered(failed)
}

// complete stores the reply and publishes it. The acknowledgement comes between
// the two, if it has not gone out yet: then client and server both know that the
// call has been claimed, and the client's SDK gets both in one piece.
func (r *run) complete(result json.RawMessage, failed *wire.Error) {
	var reply []byte
	switch {
	case r.notify:
	case failed != nil:
		reply = wire.EncodeError(r.CorrelationID, failed)
	default:
		reply = wire.EncodeResult(r.CorrelationID, result)
	}
	r.endProgress()
	if r.stream != nil {
		reply = r.stream.end(reply)
	}
	if !r.described.Volatile {
		r.happened(Storing)
	}
	stored, err := r.store(reply)
	if !r.described.Volatile {
		r.happened(Stored)
	}
	if err != nil {
		r.log(r.engine().storing.fail(), "a reply could not be stored; that is tried again, and said once until the call store is back", "error", err)
		r.storeLater(reply)
	}
	// From here on a request that comes again finds the reply in the store.
	channels := r.shut()
	r.acknowledge(nil)
	if err == nil && stored == Superseded {
		if r.stream != nil {
			r.stream.close()
		}
		r.happened(Displaced)
		r.log(slog.LevelWarn, "a call ended after its claim had passed to another owner")
		return
	}
	if reply != nil && r.send(reply, channels) {
		r.happened(Published)
	}
}

// shut lets no more requests join, and returns the other channels that wait for
// the reply.
func (r *run) shut() (alsoTo []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return r.alsoTo
}

// send publishes on all channels, and reports whether it could on the first.
func (r *run) send(reply []byte, alsoTo []string) (published bool) {
	published = r.sendTo(r.replyTo, reply)
	for _, channel := range alsoTo {
		r.sendTo(channel, reply)
	}
	return published
}

func (r *run) sendTo(channel string, reply []byte) (published bool) {
	return r.engine().send(channel, reply, &r.Asker)
}

// send publishes on a reply channel, and reports whether it could.
func (e *Engine) send(channel string, data []byte, to *centrirpc.Asker) (published bool) {
	if err := e.publish(channel, data); err != nil {
		e.cfg.Observer.PublishFailed()
		e.log.Log(context.Background(), e.publishing.fail(), "a reply could not be published; that is said once until replies are published again", append(to.LogAttrs(), "error", err)...)
		return false
	}
	e.publishing.succeed(e.log, "replies are published again")
	return true
}

func (r *run) wrongKind() *centrirpc.Error {
	switch {
	case r.described == nil:
		return noSuchMethod(r.Method)
	case r.notify:
		return centrirpc.Errorf(wire.MethodNotFound, "the method %s is called, not notified", r.Method)
	}
	return centrirpc.Errorf(wire.MethodNotFound, `the method %s takes notifications: send it with "op":"notify"`, r.Method)
}

func noSuchMethod(name string) *centrirpc.Error {
	return centrirpc.Errorf(wire.MethodNotFound, "there is no method %.128q", name)
}

func (r *run) fingerprint() Fingerprint {
	var scratch [512]byte // on the stack; most requests fit
	text := append(append(append(scratch[:0], r.Method...), 0), r.params...)
	sum := sha256.Sum256(text)
	return Fingerprint(sum[:16])
}

// outcome is what a call's reply says, given what the router answered.
func (e *Engine) outcome(result json.RawMessage, err error) (json.RawMessage, *wire.Error) {
	if err != nil {
		var failed *centrirpc.Error
		if !errors.As(err, &failed) {
			failed = centrirpc.Errorf(wire.Internal, "internal error")
		}
		answer := failed.Wire()
		if len(answer.Details) > e.cfg.MaxResultSize {
			answer.Details = nil
		}
		return nil, answer
	}
	if len(result) > e.cfg.MaxResultSize {
		return nil, centrirpc.Errorf(wire.PayloadTooLarge, "the result is %d bytes; at most %d can be sent", len(result), e.cfg.MaxResultSize).Wire()
	}
	return result, nil
}
