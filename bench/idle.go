package main

import (
	"context"
	"fmt"
	"time"

	"github.com/centrirpc/centrirpc/server"
)

// idle is the memory of a server with idle connections.
type idle struct {
	Connections int `json:"connections"`
	// Before and after, resident bytes of the server's process: once settled, and
	// Peak as it was before garbage was collected.
	Before int64 `json:"before"`
	After  int64 `json:"after"`
	Peak   int64 `json:"peak"`
	// Parts are bytes a connection by kind, settled; "goroutines" is their number.
	Parts map[string]float64 `json:"parts"`
}

func (i *idle) perConnection(after int64) float64 {
	return float64(after-i.Before) / float64(i.Connections)
}

// idlePing is shorter than a server's usual interval, so that every connection
// has been pinged before it is measured: that is part of being idle.
const idlePing = 5 * time.Second

// idleServer is a child that serves idle connections. Its orders: "start",
// "usage", "settle" (the answer is a memory).
type idleServer struct{}

// memory is what an idleServer says of itself.
type memory struct {
	Resident int64             `json:"resident"`
	Parts    map[string]uint64 `json:"parts"`
}

func (s *idleServer) do(o order) (any, error) {
	switch o.Do {
	case "start":
		if err := raiseFileLimit(uint64(o.Shape.Connections) + 100); err != nil {
			return nil, err
		}
		return startCentrirpc(server.Config{PingInterval: idlePing})
	case "usage":
		return usageNow()
	case "settle":
		resident, err := settledBytes()
		return memory{resident, memoryParts()}, err
	}
	return nil, fmt.Errorf("the server of idle connections cannot %q", o.Do)
}

func measureIdle(ctx context.Context, connections int, settle time.Duration, profiles string) (*idle, error) {
	s, err := startChild("idle-server", profiles)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	var address string
	sh := shape{connections, 1}
	if err := s.do(ctx, order{Do: "start", Shape: sh}, &address); err != nil {
		return nil, err
	}
	c, err := startChild("client correlated", "")
	if err != nil {
		return nil, err
	}
	defer c.stop()
	// What a first connection and call bring in once is not counted.
	for _, first := range []order{{Do: "open", Addresses: []string{address}, Shape: shape{1, 1}}, {Do: "alive"}, {Do: "close"}} {
		if err := c.do(ctx, first, nil); err != nil {
			return nil, err
		}
	}
	var before, after memory
	var peak usage
	if err := s.do(ctx, order{Do: "settle"}, &before); err != nil {
		return nil, err
	}
	if err := c.do(ctx, order{Do: "open", Addresses: []string{address}, Shape: sh, For: time.Duration(connections) * 10 * time.Millisecond}, nil); err != nil {
		return nil, err
	}
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := s.do(ctx, order{Do: "usage"}, &peak); err != nil {
		return nil, err
	}
	if err := s.do(ctx, order{Do: "settle"}, &after); err != nil {
		return nil, err
	}
	// They were all there, and still are.
	if err := c.do(ctx, order{Do: "alive", For: time.Duration(connections) * 10 * time.Millisecond}, nil); err != nil {
		return nil, err
	}
	result := &idle{Connections: connections, Before: before.Resident, After: after.Resident, Peak: peak.Resident, Parts: map[string]float64{}}
	for name, value := range after.Parts {
		result.Parts[name] = (float64(value) - float64(before.Parts[name])) / float64(connections)
	}
	return result, nil
}
