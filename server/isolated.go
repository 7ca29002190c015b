package server

import (
	"context"
	"time"
)

const (
	// isolatedMisses is how many looks in a row, a second or a timeout apart, find all of a
	// node's Redises away before it refuses new clients.
	isolatedMisses = 2
	// isolatedAfter is how long after that it lets its clients go: what is over sooner, such as a restart of Redis, they sit out.
	isolatedAfter = 5 * time.Second
	// isolatedLeave is how long the leave of all takes, a share each second. Where every
	// node is without Redis, the clients come to nobody: then it is better that many are
	// still there when it is back. Together with what goes before it is less
	// than the 30 seconds that clients give calls.
	isolatedLeave = 15 * time.Second
	isolatedEvery = time.Second
)

// moveWhenIsolated lets the clients go, as a drain does but over time, while this node
// is without Redis for long: it cannot tell whether others are, too, and where they are
// not, nothing but the connection keeps the clients from them. New ones come here only
// when there is Redis again (elsewhere).
func (s *Server) moveWhenIsolated(ctx context.Context) {
	ticker := time.NewTicker(isolatedEvery)
	defer ticker.Stop()
	var since time.Time // of being without Redis; zero if this node is not
	var left []*connection
	var share int
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		switch {
		case !s.publications.isolated():
			since, left, share = time.Time{}, nil, 0
			continue
		case since.IsZero():
			since = time.Now()
		}
		if time.Since(since) < isolatedAfter {
			continue
		}
		if len(left) == 0 { // also of those who were just connecting
			left = s.connections()
		}
		if share == 0 && len(left) > 0 {
			share = (len(left)-1)/int(isolatedLeave/isolatedEvery) + 1
			s.log.Warn("without Redis: clients are told to connect again, to other nodes, until it is back", "clients", len(left), "within", isolatedLeave)
		}
		now := min(share, len(left))
		for _, c := range left[:now] {
			c.letGo()
		}
		left = left[now:]
	}
}

// inBackground runs f until stop is called, which waits for it. stop may be called again.
func inBackground(f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}
