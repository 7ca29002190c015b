// Command bench measures typed correlated calls of centrirpc beside native RPC of
// the same server, gRPC, Connect and NATS, the memory of idle connections, what it
// costs to remember calls, to have several nodes and to call Django through Go, and the generation of clients of a large contract.
// See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(runChild(role, os.Stdin, os.Stdout, os.Stderr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the command: 0 when everything was measured, 1 when something failed,
// 2 for wrong flags.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	ctx, cancel := context.WithTimeoutCause(ctx, opts.limit, fmt.Errorf("not finished after %s (flag -limit)", opts.limit))
	defer cancel()
	start := time.Now()
	report, err := measure(ctx, opts, stderr)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	fmt.Fprintf(stderr, "measured for %s\n", time.Since(start).Round(time.Second))
	if err := report.write(stdout, opts.format); err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// measure runs what the options choose.
func measure(ctx context.Context, opts *options, progress io.Writer) (*report, error) {
	if opts.profile != "" {
		if err := os.MkdirAll(opts.profile, 0o755); err != nil {
			return nil, err
		}
	}
	r := &report{Machine: describeMachine(), Rounds: opts.rounds, WindowMS: opts.window.Milliseconds()}
	if opts.idle > 0 {
		fmt.Fprintf(progress, "%d idle connections ...\n", opts.idle)
		var err error
		if r.Idle, err = measureIdle(ctx, opts, false); err != nil {
			return nil, fmt.Errorf("idle connections: %w", err)
		}
		if !redisInstalled() {
			fmt.Fprintf(progress, "%s; what idle connections take of it is not measured\n", errNoRedis)
		} else if r.IdleRedis, err = measureIdle(ctx, opts, true); err != nil {
			return nil, fmt.Errorf("idle connections of a node with Redis: %w", err)
		}
	}
	if opts.rounds > 0 {
		rows, err := measureCalls(ctx, opts, progress)
		if err != nil {
			return nil, err
		}
		r.Calls = rows
	}
	if opts.store > 0 {
		fmt.Fprintln(progress, "the call store ...")
		cost, err := measureStore(ctx, opts, progress)
		if err != nil {
			return nil, fmt.Errorf("the call store: %w", err)
		}
		r.Store = cost
	}
	if opts.nodes > 0 {
		fmt.Fprintln(progress, "several nodes ...")
		cost, err := measureNodes(ctx, opts, progress)
		if err != nil {
			return nil, fmt.Errorf("several nodes: %w", err)
		}
		r.Nodes = cost
	}
	if opts.django > 0 && !djangoInstalled() {
		fmt.Fprintf(progress, "%s; calls to Django are not measured\n", errNoDjango)
	} else if opts.django > 0 {
		fmt.Fprintln(progress, "calls to Django ...")
		cost, err := measureDjango(ctx, opts, progress)
		if err != nil {
			return nil, fmt.Errorf("calls to Django: %w", err)
		}
		r.Django = cost
	}
	if opts.generate > 0 {
		fmt.Fprintf(progress, "clients of %d methods ...\n", opts.methods)
		made, err := measureGeneration(ctx, opts.methods, opts.generate, opts.compile)
		if err != nil {
			return nil, fmt.Errorf("generating: %w", err)
		}
		r.Generation = made
	}
	return r, nil
}
