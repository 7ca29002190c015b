package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// stopping ends with SIGTERM, an interrupt, or the end of stdin.
func stopping(stdin io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()
	return ctx, cancel
}
