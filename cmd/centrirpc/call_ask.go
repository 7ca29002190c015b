package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/wire"
)

// ask calls a method, which may be a stream, and prints what comes of it: the items
// of a stream as they come and its result, each on a line of its own; the result of
// another method indented.
func (c *call) ask(ctx context.Context, e *environment, view *progressView, rpc *client.CentrifugoRPCClient, method string, params json.RawMessage) error {
	end := watchEnd(rpc)
	defer end.stop()
	// A method that is no stream is a stream without items to the client.
	stream := client.Stream[json.RawMessage, json.RawMessage](ctx, rpc, method, params, append(c.class(), client.OnProgress(view.show))...)
	for item, err := range stream.Items() {
		if err != nil {
			return end.named(ctx, calling(method, err))
		}
		view.clear()
		if err := printLine(e.stdout, item); err != nil {
			return err
		}
		view.draw()
	}
	result, err := stream.Result()
	if err != nil {
		return end.named(ctx, calling(method, err))
	}
	view.clear()
	if !end.ofStream(ctx) {
		_, err = fmt.Fprintln(e.stdout, indented(result))
		return outputError(err)
	}
	return printLine(e.stdout, result)
}

// calling is a stream's error in words that fit any method.
func calling(method string, err error) error {
	if cause := errors.Unwrap(err); cause != nil {
		err = cause
	}
	return fmt.Errorf("calling %s: %w", method, err)
}

// class are the options of a call that its method's declaration asks for.
func (c *call) class() []client.CallOption {
	var opts []client.CallOption
	if c.idempotent {
		opts = append(opts, client.Idempotent())
	}
	if c.volatile {
		opts = append(opts, client.Volatile())
	}
	return opts
}

// end learns from the frames of a call its correlation id, and from the final reply
// whether the method is a stream.
type end struct {
	stop   func()
	stream atomic.Bool
	came   chan struct{}
	id     chan string // holds the correlation id from the first frame on
}

// lostError is an error after which nobody knows what became of a call, with what the
// servers' logs call it.
type lostError struct {
	error
	id string
}

func (e *lostError) Unwrap() error { return e.error }

// named adds the call's correlation id to an error that leaves its outcome unknown.
func (e *end) named(ctx context.Context, err error) error {
	if client.CodeOf(err) != wire.OutcomeUnknown && !errors.Is(err, client.ErrConnectionLost) {
		return err
	}
	select {
	case id := <-e.id:
		return &lostError{err, id}
	case <-ctx.Done():
		return err
	}
}

func watchEnd(rpc *client.CentrifugoRPCClient) *end {
	e := &end{came: make(chan struct{}), id: make(chan string, 1)}
	var over atomic.Bool
	e.stop = rpc.OnFrame(func(f client.Frame) {
		select {
		case e.id <- f.CorrelationID:
		default: // it is there already
		}
		if f.Kind != client.FrameReply || over.Swap(true) {
			return
		}
		var final struct {
			Seq *uint64 `json:"seq"` // only a stream's final reply has one
		}
		e.stream.Store(json.Unmarshal(f.Data, &final) == nil && final.Seq != nil)
		close(e.came)
	})
	return e
}

// ofStream waits for the final reply's frame, which comes right beside the result.
func (e *end) ofStream(ctx context.Context) bool {
	select {
	case <-e.came:
	case <-ctx.Done():
	}
	return e.stream.Load()
}

func printLine(w io.Writer, value json.RawMessage) error {
	var line bytes.Buffer
	if err := json.Compact(&line, value); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err := w.Write(line.Bytes())
	return outputError(err)
}

func outputError(err error) error {
	if err != nil {
		return fmt.Errorf("writing to standard output: %w", err)
	}
	return nil
}
