package server

import (
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/wire"
)

// consumed tells the library that a publication went to us: nothing is
// broadcast.
var consumed = centrifuge.PublishReply{Result: &centrifuge.PublishResult{}}

// errUnavailable refuses requests while the server drains.
var errUnavailable = &centrifuge.Error{Code: uint32(wire.Unavailable), Message: wire.Unavailable.Reason(), Temporary: true}

// errOutcomeUnknown refuses a notification of which nobody knows whether it ran.
var errOutcomeUnknown = &centrifuge.Error{Code: uint32(wire.OutcomeUnknown), Message: wire.OutcomeUnknown.Reason()}

// onPublish takes a publication of the client: a request, or one on a channel of
// the application.
func (c *connection) onPublish(e centrifuge.PublishEvent, answer centrifuge.PublishCallback) {
	defer c.server.recovered("publish", func() { answer(centrifuge.PublishReply{}, centrifuge.ErrorInternal) })
	if e.Channel != wire.RequestsChannel {
		c.publishOnChannel(e, answer)
		return
	}
	c.caller.Submit(e.Data, func(refusal error) {
		if refusal != nil {
			level := slog.LevelInfo
			if errors.Is(refusal, calls.ErrUnavailable) { // of the server's making, and of every call
				level = slog.LevelDebug
			}
			c.server.log.Log(c.ctx, level, "a request was refused", append(c.logAttrs(refusal), "reason", refusal)...)
			answer(centrifuge.PublishReply{}, refused(refusal))
			return
		}
		answer(consumed, nil)
	})
}

// logAttrs are the attributes of a line about a refused request.
func (c *connection) logAttrs(refusal error) []any {
	var of *calls.Refusal
	if errors.As(refusal, &of) {
		return of.Asker.LogAttrs()
	}
	return []any{"user", c.userID(), "client", c.client.ID()}
}

// refused is how a refusal of the engine reaches the client. The numbers are
// those that the library has for the same things.
func refused(refusal error) error {
	if wait, ok := errors.AsType[*calls.WaitError](refusal); ok {
		return &centrifuge.Error{Code: centrifuge.ErrorBadRequest.Code, Message: wait.Error()}
	}
	switch calls.CodeOf(refusal) {
	case centrifuge.ErrorPermissionDenied.Code:
		return centrifuge.ErrorPermissionDenied
	case centrifuge.ErrorBadRequest.Code:
		return centrifuge.ErrorBadRequest
	case centrifuge.ErrorTooManyRequests.Code:
		return centrifuge.ErrorTooManyRequests
	case errOutcomeUnknown.Code:
		return errOutcomeUnknown
	}
	return errUnavailable
}

// onRPC serves native RPC: the method's name and params, no envelope. The
// protocol has a code and a message for errors, and no place for details.
func (c *connection) onRPC(e centrifuge.RPCEvent, answer centrifuge.RPCCallback) {
	defer c.server.recovered("rpc", func() { answer(centrifuge.RPCReply{}, centrifuge.ErrorInternal) })
	if e.Method == wire.ContractMethod {
		answer(c.server.compareContract(e.Data))
		return
	}
	c.rpcs.Add(1)
	c.caller.Invoke(c.ctx, e.Method, e.Data, func(result json.RawMessage, failed *wire.Error) {
		defer c.answered()
		if failed != nil {
			answer(centrifuge.RPCReply{}, &centrifuge.Error{
				Code:      uint32(failed.Code),
				Message:   failed.Message,
				Temporary: failed.Code.Retryable(),
			})
			return
		}
		answer(centrifuge.RPCReply{Data: result}, nil)
	})
}

// publish sends a reply. It is the engine's way out.
func (s *Server) publish(channel string, data []byte) error {
	_, err := s.node.Publish(channel, data)
	return err
}
