package main

import (
	"encoding/json"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/centrirpc/centrirpc/wire"
)

// params are those of every method at once.
type params struct {
	Code     int             `json:"code"`
	Reason   string          `json:"reason"`
	Message  string          `json:"message"`
	Details  json.RawMessage `json:"details"`
	MS       int             `json:"ms"`
	AfterAck bool            `json:"after_ack"`
	Reply    bool            `json:"reply"`
	Envelope json.RawMessage `json:"envelope"`
}

// request handles one publication on rpc.requests: acknowledges it, or not, and
// runs its method, or not.
func (s *server) request(client *centrifuge.Client, data []byte, cb centrifuge.PublishCallback) {
	req, err := wire.DecodeRequest(data)
	var p params
	if err == nil {
		// Params of another shape are fine: echo takes anything.
		_ = json.Unmarshal(req.Params, &p)
	}
	s.mu.Lock()
	refused := uint32(0)
	switch {
	case err != nil:
		refused = centrifuge.ErrorBadRequest.Code
	case s.refuse != 0:
		refused = uint32(s.refuse)
		if s.refuseNext > 0 {
			if s.refuseNext--; s.refuseNext == 0 {
				s.refuse = 0
			}
		}
	case req.Op == wire.OpCall && wire.CheckReplyTo(req.ReplyTo, client.UserID()) != nil:
		refused = centrifuge.ErrorPermissionDenied.Code
	case req.Method == "refuse":
		refused = uint32(p.Code)
	}
	s.envelopes = append(s.envelopes, envelope{client.UserID(), client.ID(), refused, data})
	close(s.arrived)
	s.arrived = make(chan struct{})
	first := !s.seen[req.CorrelationID]
	s.seen[req.CorrelationID] = true
	replyFirst, never, delay, deaf := s.replyFirst, s.never, s.delay, s.deaf
	s.mu.Unlock()

	if deaf {
		return
	}
	if refused != 0 {
		cb(centrifuge.PublishReply{}, &centrifuge.Error{Code: refused, Message: "refused"})
		return
	}
	ack := func() { cb(centrifuge.PublishReply{Result: &centrifuge.PublishResult{}}, nil) }
	if req.Op != wire.OpCall || never {
		s.cancel(req)
		ack()
		return
	}
	if req.Method == "drop" && first {
		if p.AfterAck {
			ack()
		}
		if p.Reply {
			s.publish(req.ReplyTo, wire.EncodeResult(req.CorrelationID, req.Params))
		}
		// Disconnect writes what is queued before it closes, from its own goroutine.
		go client.Disconnect(centrifuge.DisconnectForceReconnect)
		return
	}
	if req.Method == "noack" {
		ack = func() {}
	}
	answer := func() {
		if reply := s.run(client, req, p); reply != nil {
			s.reply(req.ReplyTo, reply)
		}
	}
	if replyFirst {
		answer()
		ack()
		return
	}
	ack()
	cancelled := s.slowCall(req)
	wait := delay
	if req.Method == "slow" {
		wait += time.Duration(p.MS) * time.Millisecond
	}
	go func() {
		select {
		case <-time.After(wait):
			answer()
		case <-cancelled:
			s.publish(req.ReplyTo, wire.EncodeError(req.CorrelationID, &wire.Error{
				Code: wire.Cancelled, Reason: wire.Cancelled.Reason(), Message: "the caller cancelled the call",
			}))
		}
	}()
}

// run is the reply of a method, or nil if it never answers.
func (s *server) run(client *centrifuge.Client, req wire.Request, p params) []byte {
	switch req.Method {
	case "fail":
		reason := p.Reason
		if reason == "" {
			reason = wire.Code(p.Code).Reason()
		}
		return wire.EncodeError(req.CorrelationID, &wire.Error{
			Code: wire.Code(p.Code), Reason: reason, Message: p.Message, Details: p.Details,
		})
	case "never":
		return nil
	case "reply":
		var fields map[string]json.RawMessage
		if json.Unmarshal(p.Envelope, &fields) != nil || fields["correlation_id"] == nil {
			return p.Envelope
		}
		fields["correlation_id"], _ = json.Marshal(req.CorrelationID)
		envelope, _ := json.Marshal(fields)
		return envelope
	case "whoami":
		who, _ := json.Marshal(map[string]string{"user": client.UserID(), "client": client.ID()})
		return wire.EncodeResult(req.CorrelationID, who)
	case "other":
		return wire.EncodeError(req.CorrelationID, &wire.Error{
			Code: wire.MethodNotFound, Reason: wire.MethodNotFound.Reason(), Message: `there is no method "other"`,
		})
	default: // echo, slow, drop, noack, and the methods of a generated client
		return wire.EncodeResult(req.CorrelationID, req.Params)
	}
}

func (s *server) slowCall(req wire.Request) <-chan struct{} {
	if req.Method != "slow" {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cancelled := make(chan struct{})
	s.slow[req.CorrelationID] = cancelled
	return cancelled
}

func (s *server) cancel(req wire.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancelled := s.slow[req.CorrelationID]; cancelled != nil && req.Op == wire.OpCancel {
		delete(s.slow, req.CorrelationID)
		close(cancelled)
	}
}

// reply publishes a reply, or as often as the flags say.
func (s *server) reply(channel string, data []byte) {
	s.mu.Lock()
	times := 1
	switch {
	case s.dropReplies > 0:
		s.dropReplies--
		times = 0
	case s.duplicate:
		times = 2
	}
	s.mu.Unlock()
	for range times {
		s.publish(channel, data)
	}
}

func (s *server) publish(channel string, data []byte) {
	_, _ = s.node.Publish(channel, data)
}
