package server_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/server"
)

// What must never be in a log.
const (
	secretParam  = "PARAM-hunter2"
	secretResult = "RESULT-hunter2"
)

type saying struct {
	Say string `json:"say" validate:"max=20"`
}

// leakyStore fails as it is told to.
type leakyStore struct {
	brokenStore
	claim calls.ClaimState
	fails string
}

func (s leakyStore) Claim(context.Context, calls.Claim) (calls.ClaimResult, error) {
	if s.fails == "claim" {
		return calls.ClaimResult{}, errors.New("out of reach")
	}
	return calls.ClaimResult{State: s.claim, Fence: 1}, nil
}

func (s leakyStore) Complete(context.Context, calls.Key, uint64, []byte) (calls.Completion, error) {
	switch s.fails {
	case "complete":
		return 0, errors.New("out of reach")
	case "superseded":
		return calls.Superseded, nil
	}
	return calls.Completed, nil
}

func (leakyStore) Received(string, []string) {}

func logRouter(log *testLog) *centrirpc.Router {
	r := centrirpc.NewRouter(centrirpc.Logger(log.logger()))
	centrirpc.Handle(r, "log.ok", func(context.Context, saying) (string, error) { return secretResult, nil })
	centrirpc.Handle(r, "log.fail", func(context.Context, saying) (string, error) { return secretResult, errors.New("the disk is full") })
	centrirpc.Handle(r, "log.panic", func(context.Context, saying) (string, error) { panic("boom") })
	centrirpc.Handle(r, "log.details", func(context.Context, saying) (string, error) {
		return secretResult, centrirpc.Errorf(403, "no").WithDetails(func() {})
	})
	centrirpc.HandleNotify(r, "log.note", func(context.Context, saying) error { return errors.New("the disk is full") })
	return r
}

// Every line about a call says which, and none says what was asked, answered, or
// who proved to be whom by what.
func TestLinesAboutCalls(t *testing.T) {
	for _, c := range []struct {
		message, method string
		op              string
		store           leakyStore
		params          string
	}{
		{message: "a call ended", method: "log.ok"},
		{message: "a handler failed", method: "log.fail"},
		{message: "a call panicked", method: "log.panic"},
		{message: "an error's details cannot be encoded", method: "log.details"},
		{message: "a notification failed", method: "log.note", op: "notify"},
		{message: "a notification failed", method: "log.ok", op: "notify"},
		{message: "a call ended", method: "log.ok", params: `{"say":"` + secretParam + ` and much more"}`},
		{message: "a call ended", method: "log.ok", params: `{"say":["` + secretParam + `"]}`},
		{message: "a call could not be claimed", method: "log.ok", store: leakyStore{fails: "claim"}},
		{message: "a request was refused", method: "log.ok", store: leakyStore{fails: "claim"}},
		{message: "a request was refused", method: "log.ok", store: leakyStore{claim: calls.Full}},
		{message: "the server that a call was sent to is gone", method: "log.ok", store: leakyStore{claim: calls.Lost}},
		{message: "the server that a call was sent to is gone", method: "log.note", op: "notify", store: leakyStore{claim: calls.Lost}},
		{message: "a call has ended whose reply is no longer kept", method: "log.ok", store: leakyStore{claim: calls.Dropped}},
		{message: "a reply could not be stored", method: "log.ok", store: leakyStore{fails: "complete"}},
		{message: "a call ended after its claim had passed", method: "log.ok", store: leakyStore{fails: "superseded"}},
	} {
		t.Run(c.message+" "+c.method, func(t *testing.T) {
			log := &testLog{}
			s := start(t, logRouter(log), server.Config{Store: c.store, Logger: log.logger()})
			token := signed(t, "456")
			client := connected(t, s.url, token)
			if c.op == "" {
				c.op = "call"
			}
			if c.params == "" {
				c.params = `{"say":"` + secretParam + `"}`
			}
			client.send(`{"id":2,"publish":{"channel":"rpc.requests","data":{"op":%q,"method":%q,"params":%s,"correlation_id":"the-id","reply_to":"user#456","traceparent":%q}}}`,
				c.op, c.method, c.params, traceparent)
			until(t, "the line", func() bool { return log.line(c.message) != "" })
			line := log.line(c.message)
			if (c.store.claim == calls.Lost || c.store.claim == calls.Dropped) && !strings.Contains(line, "level=WARN") {
				t.Errorf("%q is no warning", line)
			}
			for _, part := range []string{"method=" + c.method, "correlation_id=the-id", "user=456", "client=", "trace_id=" + traceID} {
				if !strings.Contains(line, part) {
					t.Errorf("%q lacks %s", line, part)
				}
			}
			for _, forbidden := range []string{secretParam, secretResult, token} {
				if strings.Contains(log.String(), forbidden) {
					t.Errorf("the log holds %s:\n%s", forbidden, log)
				}
			}
		})
	}
}

// The line of an ended call says how it ended, and how long that took.
func TestTheLineOfAnEndedCall(t *testing.T) {
	log := &testLog{}
	s := start(t, logRouter(log), server.Config{Logger: log.logger()})
	client := connected(t, s.url, signed(t, "456"))
	for i, want := range []struct{ method, code, reason string }{
		{"log.ok", "code=0", `reason=""`},
		{"log.fail", "code=500", "reason=internal"},
	} {
		client.send("%s", request(uint32(2+i), want.method, `{"say":"a"}`, fmt.Sprint("id", i), "user#456"))
		client.answer(fmt.Sprint("id", i))
		var line string
		until(t, "the line", func() bool {
			for l := range strings.Lines(log.String()) {
				if strings.Contains(l, `"a call ended"`) && strings.Contains(l, want.method) {
					line = l
				}
			}
			return line != ""
		})
		for _, part := range []string{"level=DEBUG", want.code, want.reason, "duration="} {
			if !strings.Contains(line, part) {
				t.Errorf("%q lacks %s", line, part)
			}
		}
	}
}
