package main

import (
	"encoding/json"
	"errors"

	"github.com/centrirpc/centrirpc/client"
)

type clientSpec struct {
	Token       string `json:"token"`
	FreshToken  string `json:"fresh_token"`
	UserID      string `json:"user_id"`
	Session     string `json:"session"`
	Connection  string `json:"connection"`
	URL         string `json:"url"`
	Cookie      string `json:"cookie"`
	Traceparent string `json:"traceparent"`
}

type step struct {
	Call        string          `json:"call"`
	Notify      string          `json:"notify"`
	Stream      string          `json:"stream"`
	Subscribe   string          `json:"subscribe"`
	Unsubscribe string          `json:"unsubscribe"`
	Events      int             `json:"events"`
	Connect     bool            `json:"connect"`
	Disconnect  bool            `json:"disconnect"`
	AwaitState  string          `json:"await_state"`
	Together    []step          `json:"together"`
	Steps       []step          `json:"steps"`
	On          string          `json:"on"`
	Via         string          `json:"via"`
	Params      json.RawMessage `json:"params"`
	TimeoutMS   int             `json:"timeout_ms"`
	Traceparent string          `json:"traceparent"`
	AbortAfter  string          `json:"abort_after"`
	As          string          `json:"as"`
	For         string          `json:"for"`
	AfterFirst  bool            `json:"after_first"`
	UntilEvent  bool            `json:"until_event"`
	Take        int             `json:"take"`
	ResultOnly  bool            `json:"result_only"`
	Progress    bool            `json:"progress"`
}

type outcome struct {
	OK          bool              `json:"ok,omitempty"`
	Result      json.RawMessage   `json:"result,omitempty"`
	Error       *serverError      `json:"error,omitempty"`
	ClientError string            `json:"client_error,omitempty"`
	Message     string            `json:"message,omitempty"`
	Code        uint32            `json:"code,omitempty"`
	Events      []json.RawMessage `json:"events,omitempty"`
	Items       []json.RawMessage `json:"items,omitzero"`
	Progress    []progress        `json:"progress,omitempty"`
	Together    []outcome         `json:"together,omitempty"`
	Steps       []outcome         `json:"steps,omitempty"`
	Fault       string            `json:"fault,omitempty"`
}

func (o outcome) success() bool { return o.OK || o.Result != nil }

type progress struct {
	Done    float64 `json:"done"`
	Total   float64 `json:"total,omitempty"`
	Message string  `json:"message,omitempty"`
}

type serverError struct {
	Code    int             `json:"code"`
	Reason  string          `json:"reason"`
	Message string          `json:"message"`
	Details json.RawMessage `json:"details,omitempty"`
}

// clientErrors are the names that the other languages give to what the client
// says itself.
var clientErrors = []struct {
	is   error
	name string
}{
	{client.ErrNotConnected, "NotConnectedError"},
	{client.ErrConnectionLost, "ConnectionLostError"},
	{client.ErrClosed, "ClientClosedError"},
	{client.ErrTimeout, "CallTimeoutError"},
	{client.ErrAborted, "CallAbortedError"},
	{client.ErrRequestTooLarge, "RequestTooLargeError"},
	{client.ErrInvalidReply, "InvalidReplyError"},
}

// connected is the outcome of Connect. A *client.ConnectError is an
// ErrNotConnected too, which is what later calls are told.
func connected(err error) outcome {
	if refused, ok := errors.AsType[*client.ConnectError](err); ok {
		return outcome{ClientError: "ConnectError", Message: err.Error(), Code: refused.Code}
	}
	return done(err)
}

func done(err error) outcome {
	if err == nil {
		return outcome{OK: true}
	}
	if sent, ok := errors.AsType[*client.ServerError](err); ok {
		return outcome{Error: &serverError{Code: int(sent.Code), Reason: sent.Reason, Message: sent.Message, Details: sent.Details}}
	}
	for _, known := range clientErrors {
		if errors.Is(err, known.is) {
			return outcome{ClientError: known.name, Message: err.Error()}
		}
	}
	return outcome{Fault: err.Error()}
}
