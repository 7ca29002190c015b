package endpoint_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/endpoint"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/wire"
)

// swallowing is the address of a host with which connections never come about: it
// takes them, and says nothing in the handshake.
func swallowing(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return "https://" + listener.Addr().String() + "/"
}

// TestConnectionsThatDoNotComeAbout has attempts that would outlast the call if they
// were made again, and ones that do not come to their end.
func TestConnectionsThatDoNotComeAbout(t *testing.T) {
	t.Parallel()
	var log journal
	h := open(t, swallowing(t), &log, func(cfg *endpoint.Config) {
		cfg.DialTimeout = 100 * time.Millisecond
		cfg.Attempts = 1000
		cfg.BreakAfter = 1
		cfg.BreakFor = time.Hour
	})
	for _, call := range []string{"the first", "while it is left alone"} {
		if _, err := h.Call(within(t, 3*time.Second, &log), twice); errorOf(t, err).Code != wire.Unavailable {
			t.Errorf("%s: %v", call, err)
		}
	}
	if !strings.Contains(log.String(), "left alone") || strings.Count(log.String(), "a forwarded call failed") != 1 {
		t.Errorf("the log says %s", &log)
	}

	// The caller's own short time says nothing of the service.
	h = open(t, swallowing(t), &log, func(cfg *endpoint.Config) { cfg.DialTimeout = patience; cfg.BreakAfter = 1; cfg.BreakFor = time.Hour })
	for range 3 {
		ctx, cancel := context.WithCancel(within(t, patience, &log))
		time.AfterFunc(20*time.Millisecond, cancel)
		if _, err := h.Call(ctx, once); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled while it connects: %v", err)
		}
		_, err := h.Call(within(t, 20*time.Millisecond, &log), once)
		if e := errorOf(t, err); e.Code != wire.Unavailable {
			t.Errorf("over while it connects: %v", e)
		}
	}
	if strings.Count(log.String(), "left alone") != 1 {
		t.Errorf("the log says %s", &log)
	}
}

// TestRefusalsUntilTheDeadline has nobody listen for longer than a call has.
func TestRefusalsUntilTheDeadline(t *testing.T) {
	t.Parallel()
	var log journal
	h := open(t, "http://"+loopback.FreeAddress(t), &log, func(cfg *endpoint.Config) { cfg.Attempts = 1000; cfg.BreakAfter = 1; cfg.BreakFor = time.Hour })
	if _, err := h.Call(within(t, time.Second, &log), once); errorOf(t, err).Code != wire.Unavailable {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "left alone") || !strings.Contains(log.String(), "refused") {
		t.Errorf("the log says %s", &log)
	}
}
