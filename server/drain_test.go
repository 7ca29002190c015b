package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/server"
)

func TestShutdownFinishesRunningCalls(t *testing.T) {
	t.Parallel()
	g := newGate()
	s := start(t, testRouter(g), server.Config{})
	c := connected(t, s.url, signed(t, "456"))
	c.send("%s", request(2, "test.wait", `{}`, "running", "user#456"))
	c.send(`{"id":3,"rpc":{"method":"test.wait"}}`)
	<-g.started
	<-g.started
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	until(t, "the readiness check to fail", func() bool {
		code, body := get(t, s.url+"/ready")
		return code == 503 && body == `{"status":"draining"}`
	})
	if code, body := get(t, s.url+"/health"); code != 200 || body != `{"status":"ok"}` {
		t.Errorf("a server that drains lives: /health says %d %s", code, body)
	}
	c.send("%s", request(4, "tasks.get_stats", `{"user_id":"1"}`, "late", "user#456"))
	if m := c.reply(4); m.Error == nil || m.Error.Code != 503 || m.Error.Message != "unavailable" {
		t.Errorf("a new call: %s; want 503 unavailable", m.raw)
	}
	c.send(`{"id":5,"rpc":{"method":"tasks.get_stats","data":{"user_id":"1"}}}`)
	if code := c.code(5); code != 503 {
		t.Errorf("a new native RPC: code %d; want 503", code)
	}
	select {
	case err := <-done:
		t.Fatalf("ended with calls running: %v", err)
	default:
	}
	close(g.open)
	if e := c.answer("running"); string(e.Result) != `"opened"` {
		t.Errorf("the running call: %+v", e)
	}
	if m := c.reply(3); m.RPC == nil {
		t.Errorf("the running RPC: %s", m.raw)
	}
	if code, reason := c.closed(); code != 3001 || reason != "shutdown" {
		t.Errorf("closed with %d %s; want 3001", code, reason)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Errorf("again: %v", err)
	}
}

func TestShutdownGivesUp(t *testing.T) {
	t.Parallel()
	g := newGate()
	defer close(g.open)
	s := start(t, testRouter(g), server.Config{})
	c := connected(t, s.url, signed(t, "456"))
	c.send("%s", request(2, "test.stuck", `{}`, "stuck", "user#456"))
	c.send("%s", request(3, "test.wait", `{}`, "waiting", "user#456"))
	<-g.started
	<-g.started
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := s.Shutdown(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "running calls") {
		t.Errorf("error %v", err)
	}
	for _, id := range []string{"stuck", "waiting"} {
		if e := c.answer(id); e.Error == nil || e.Error.Code != 520 {
			t.Errorf("%s: %+v; want 520", id, e.Error)
		}
	}
	if code, _ := c.closed(); code != 3001 {
		t.Errorf("closed with %d; want 3001", code)
	}
}

// Who reads the log after a stop learns which calls were lost, and how many, even if
// their handlers end as soon as they are given up.
func TestShutdownNamesWhatItGivesUp(t *testing.T) {
	t.Parallel()
	g := newGate()
	log := &testLog{}
	s := start(t, testRouter(g), server.Config{Logger: log.logger()})
	c := connected(t, s.url, signed(t, "456"))
	c.send("%s", request(2, "test.wait", `{}`, "first", "user#456"))
	c.send("%s", request(3, "test.wait", `{}`, "second", "user#456"))
	<-g.started
	<-g.started
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); err == nil || !strings.Contains(err.Error(), "gave up waiting for 2 running calls") {
		t.Errorf("error %v", err)
	}
	for _, part := range []string{"level=WARN", "running=2", "given_up=2", "duration="} {
		if line := log.line("msg=drained"); !strings.Contains(line, part) {
			t.Errorf("the line of the end %q lacks %s", line, part)
		}
	}
	for _, id := range []string{"first", "second"} {
		line := ""
		for l := range strings.Lines(log.String()) {
			if strings.Contains(l, "a call was given up") && strings.Contains(l, "correlation_id="+id) {
				line += l
			}
		}
		if strings.Count(line, "\n") != 1 || !strings.Contains(line, "level=WARN") || !strings.Contains(line, "method=test.wait") || !strings.Contains(line, "user=456") {
			t.Errorf("the line of the call %s: %q in\n%s", id, line, log)
		}
	}
}

// An idle server ends at once, whoever is connected.
func TestShutdownIdle(t *testing.T) {
	t.Parallel()
	s := start(t, testRouter(nil), server.Config{})
	connected(t, s.url, signed(t, "456"))
	stream := streamClient(t, s.url, "http_stream", `{"id":1,"connect":{"token":"`+signed(t, "457")+`"}}`)
	stream.reply(1)
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	m := stream.must(func(m message) bool { return m.Push != nil && m.Push.Disconnect != nil }, "a disconnect push")
	if m.Push.Disconnect.Code != 3001 {
		t.Errorf("disconnected with %d; want 3001", m.Push.Disconnect.Code)
	}
}
