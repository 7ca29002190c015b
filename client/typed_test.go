package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/wire"
)

type quotaError struct {
	*client.ServerError
	Details struct{ Limit int }
}

func (e *quotaError) Unwrap() error { return e.ServerError }

var quotaTypes = client.ErrorTypes{
	1001: func(e *client.ServerError) error {
		return &quotaError{ServerError: e, Details: client.DetailsOf[struct{ Limit int }](e)}
	},
	1002: func(*client.ServerError) error { return nil },
	1003: nil,
}

// A call's errors of the application's own codes are of the types it was given,
// be it the reply or the acknowledgement that carries them.
func TestErrorTypes(t *testing.T) {
	s := newServer(t, func(s *server) {
		s.onRequest = func(in *incoming) {
			switch in.Method {
			case "refused":
				in.ack(&centrifuge.Error{Code: 1001, Message: "no more"})
			case "none":
				in.ack(nil)
				in.fail(&wire.Error{Code: 1001, Message: "no more"})
			case "other":
				in.ack(nil)
				in.fail(&wire.Error{Code: 1002, Message: "no more"})
			default:
				in.ack(nil)
				in.fail(&wire.Error{Code: 1001, Reason: "quota_exceeded", Message: "no more", Details: []byte(`{"limit":3}`)})
			}
		}
	})
	c := connect(t, s.URL)
	for method, limit := range map[string]int{"refused": 0, "none": 0, "spend": 3} {
		err := c.Call(t.Context(), method, nil, nil, quotaTypes)
		typed, ok := errors.AsType[*quotaError](err)
		if !ok || typed.Details.Limit != limit || typed.Message != "no more" {
			t.Errorf("%s: %v", method, err)
		}
		plain, ok := errors.AsType[*client.ServerError](err)
		if !ok || plain != typed.ServerError || client.CodeOf(err) != 1001 || !errors.Is(err, &client.ServerError{Code: 1001}) {
			t.Errorf("%s is no server's error: %v", method, err)
		}
		if !strings.HasPrefix(err.Error(), "calling "+method+": ") {
			t.Errorf("%v", err)
		}
	}
	if err := c.Notify(t.Context(), "refused", nil, quotaTypes); !errors.As(err, new(*quotaError)) {
		t.Errorf("a notification: %v", err)
	}
	err := c.Call(t.Context(), "other", nil, nil, quotaTypes)
	if client.CodeOf(err) != 1002 {
		t.Errorf("of a function that makes nothing: %v", err)
	}
	if err := c.Call(t.Context(), "spend", nil, nil); errors.As(err, new(*quotaError)) || client.CodeOf(err) != 1001 {
		t.Errorf("the option reaches into the next call: %v", err)
	}
}

// Events that do not fit are reported, and those after them arrive.
func TestSubscribeTo(t *testing.T) {
	s := newServer(t, nil)
	faults := make(chan error, 16)
	c := connect(t, s.URL, client.WithErrorHandler(func(err error) { faults <- err }))
	events := make(chan greeting, 16)
	sub, err := client.SubscribeTo(t.Context(), c, "tasks", func(g greeting) {
		if g.N < 0 {
			panic("negative")
		}
		events <- g
	})
	if err != nil {
		t.Fatal(err)
	}
	settled(t, c)
	for _, data := range []string{`{"n":1}`, `{"n":"x"}`, `[]`, `{"n":-1}`, `{"n":2}`} {
		s.publish("tasks", []byte(data))
	}
	if a, b := receive(t, "an event", events), receive(t, "an event", events); a.N != 1 || b.N != 2 {
		t.Errorf("events %d and %d", a.N, b.N)
	}
	for range 2 {
		if err := receive(t, "a fault", faults); !errors.Is(err, client.ErrInvalidEvent) || !strings.Contains(err.Error(), "an event on tasks") {
			t.Errorf("fault %v", err)
		}
	}
	if err := receive(t, "a fault", faults); !strings.Contains(err.Error(), "panicked: negative") {
		t.Errorf("fault %v", err)
	}
	sub.Unsubscribe()
	if _, err := client.SubscribeTo[greeting](t.Context(), c, "tasks", nil); err == nil || !strings.Contains(err.Error(), "needs a handler") {
		t.Errorf("no handler: %v", err)
	}
}
