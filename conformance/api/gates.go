package api

import (
	"context"
	"strings"
	"sync"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// gates hold calls up until another call lets them go, so that cases can order
// what happens without waiting for time to pass.
type gates struct {
	drop func(connection string) bool

	mu    sync.Mutex
	byKey map[string]*gate // by user and key, or by a key for all users
}

type gate struct {
	entered, ended, open signal

	mu   sync.Mutex
	runs int
}

type signal struct {
	once sync.Once
	ch   chan struct{}
}

func (s *signal) fire() { s.once.Do(func() { close(s.ch) }) }

// Key names a gate among those of the user.
type Key struct {
	Key string `json:"key" validate:"required,max=64"`
}

// Runs says how often handlers entered a gate.
type Runs struct {
	Runs int `json:"runs"`
}

func registerGates(r *centrirpc.Router, g *gates) {
	group := r.Group("gate")
	centrirpc.Handle(group, "wait", g.wait)
	centrirpc.Handle(group, "wait_idempotent", g.wait, centrirpc.Idempotent(), centrirpc.Description("Waits as gate.wait does; may run twice."))
	centrirpc.Handle(group, "stuck", g.stuck)
	centrirpc.Handle(group, "open", g.letGo)
	centrirpc.Handle(group, "entered", g.entered)
	centrirpc.Handle(group, "ended", g.ended)
	centrirpc.Handle(group, "cut", g.cut)
}

// forAll begins the keys of gates that all users share.
const forAll = "all."

func (g *gates) of(ctx context.Context, key string) *gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !strings.HasPrefix(key, forAll) {
		key = centrirpc.ConnFromContext(ctx).UserID + "/" + key
	}
	if g.byKey[key] == nil {
		g.byKey[key] = &gate{entered: signal{ch: make(chan struct{})}, ended: signal{ch: make(chan struct{})}, open: signal{ch: make(chan struct{})}}
	}
	return g.byKey[key]
}

func (g *gate) enter() Runs {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.runs++
	g.entered.fire()
	return Runs{g.runs}
}

// wait waits until the gate is open, or until nobody waits for the call any more.
func (g *gates) wait(ctx context.Context, p Key) (Runs, error) {
	gate := g.of(ctx, p.Key)
	runs := gate.enter()
	select {
	case <-gate.open.ch:
		return runs, nil
	case <-ctx.Done():
		gate.ended.fire()
		return Runs{}, ctx.Err()
	}
}

// stuck waits until the gate is open and heeds nothing else.
func (g *gates) stuck(ctx context.Context, p Key) (Runs, error) {
	gate := g.of(ctx, p.Key)
	runs := gate.enter()
	<-gate.open.ch
	return runs, nil
}

// letGo opens a gate for good.
func (g *gates) letGo(ctx context.Context, p Key) (struct{}, error) {
	g.of(ctx, p.Key).open.fire()
	return struct{}{}, nil
}

func await(ctx context.Context, s *signal) error {
	select {
	case <-s.ch:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// entered returns once a call waits at the gate, or did.
func (g *gates) entered(ctx context.Context, p Key) (struct{}, error) {
	return struct{}{}, await(ctx, &g.of(ctx, p.Key).entered)
}

// ended returns once the context of a call at the gate has ended.
func (g *gates) ended(ctx context.Context, p Key) (struct{}, error) {
	return struct{}{}, await(ctx, &g.of(ctx, p.Key).ended)
}

// Cut names a connection to cut.
type Cut struct {
	// Connection is the name in the address by which it came.
	Connection string `json:"connection"`
	// Key is the gate at which a call must wait first.
	Key string `json:"key"`
}

// cut waits until a call waits at the gate, cuts a connection, and then opens
// the gate.
func (g *gates) cut(ctx context.Context, p Cut) (struct{}, error) {
	gate := g.of(ctx, p.Key)
	if err := await(ctx, &gate.entered); err != nil {
		return struct{}{}, err
	}
	if g.drop == nil || !g.drop(p.Connection) {
		return struct{}{}, centrirpc.Errorf(wire.NotFound, "there is no connection %q", p.Connection)
	}
	gate.open.fire()
	return struct{}{}, nil
}
