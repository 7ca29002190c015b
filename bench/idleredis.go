package main

import (
	"context"
	"fmt"
	"time"
)

// idleRedis is what idle connections take of the Redis of their node, each.
type idleRedis struct {
	// Memory is what Redis holds for a connection, in bytes. UserMemory is what it
	// holds in addition once the user has made a call, whose reply has come and is
	// not yet known to have, and CallMemory what it holds for each further call that
	// is remembered.
	Memory     float64 `json:"memory_in_bytes"`
	UserMemory float64 `json:"user_memory_in_bytes"`
	CallMemory float64 `json:"call_memory_in_bytes"`
	// Connect is the commands that a connection takes until it is there, PerSecond
	// those of each second that it is idle: in all, and but for those that are the
	// node's own. Those that scripts run are not counted.
	Connect   float64 `json:"commands_to_connect"`
	PerSecond float64 `json:"commands_per_second"`
	// Node are the commands and bytes of each second of a node without connections.
	Node    float64 `json:"node_commands_per_second"`
	NodeIn  float64 `json:"node_bytes_in_per_second"`
	NodeOut float64 `json:"node_bytes_out_per_second"`
}

// furtherCalls are made on each connection after the first.
const furtherCalls = 4

// redisLoad reads what a Redis has done at the turns of a measurement; without a
// process it does nothing.
type redisLoad struct {
	process *redisProcess
	at      []time.Time
	use     []redisUse
}

// The turns of a measurement, in order.
const (
	turnStarted = iota // a node without connections
	turnAlone          // the same some time later
	turnOpened         // its connections are open
	turnIdled          // they have been idle for some time
	turnCalled         // each has made a call
	turnAgain          // each has made furtherCalls more
)

func (l *redisLoad) turn(ctx context.Context) error {
	if l.process == nil {
		return nil
	}
	u, err := l.process.used(ctx)
	l.use, l.at = append(l.use, u), append(l.at, time.Now())
	return err
}

// alone measures for that long what the node does by itself.
func (l *redisLoad) alone(ctx context.Context, d time.Duration) error {
	if l.process == nil {
		return nil
	}
	if err := l.turn(ctx); err != nil {
		return err
	}
	if err := wait(ctx, d); err != nil {
		return err
	}
	return l.turn(ctx)
}

func (l *redisLoad) opened(ctx context.Context) error { return l.turn(ctx) }
func (l *redisLoad) idled(ctx context.Context) error  { return l.turn(ctx) }
func (l *redisLoad) called(ctx context.Context) error { return l.turn(ctx) }
func (l *redisLoad) again(ctx context.Context) error  { return l.turn(ctx) }

// since is what was done between a turn and the one before it, in so many seconds.
func (l *redisLoad) since(turn int) (redisUse, float64) {
	return l.use[turn].perCall(l.use[turn-1], 1), l.at[turn].Sub(l.at[turn-1]).Seconds()
}

// perConnection is what each of n connections takes.
func (l *redisLoad) perConnection(n float64) *idleRedis {
	if l.process == nil {
		return nil
	}
	own, seconds := l.since(turnAlone)
	r := &idleRedis{Node: own.commands() / seconds, NodeIn: own.Received / seconds, NodeOut: own.Sent / seconds}
	opened, seconds := l.since(turnOpened)
	r.Memory = opened.Memory / n
	r.Connect = (opened.commands() - r.Node*seconds) / n
	idled, seconds := l.since(turnIdled)
	r.PerSecond = (idled.commands()/seconds - r.Node) / n
	called, _ := l.since(turnCalled)
	r.UserMemory = called.Memory / n
	again, _ := l.since(turnAgain)
	r.CallMemory = again.Memory / n / furtherCalls
	return r
}

func (r *idleRedis) markdown() []byte {
	return fmt.Appendf(nil, "Of Redis, each takes %.0f bytes of memory, %.2f commands to connect and %.3f commands a second; "+
		"a node without connections takes %.1f commands a second (%.0f bytes in, %.0f out). A user's first remembered call takes %.0f bytes, each further one %.0f.\n",
		r.Memory, r.Connect, r.PerSecond, r.Node, r.NodeIn, r.NodeOut, r.UserMemory, r.CallMemory)
}
