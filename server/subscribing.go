package server

import (
	"context"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/centrifugal/protocol"
)

// subscribingTimeout bounds how long a client's frames wait for its subscriptions. The
// library has them work within microseconds of the answer, unless a Redis is stalled.
const subscribingTimeout = time.Second

// subscribing are the subscriptions of a connection that the library is about to make.
//
// It queues the answer to the client before the subscription works, and what is
// published on the channel in between does not get to the client, which has no way to
// know. So the answer is held back until the subscription works.
type subscribing struct {
	mu   sync.Mutex
	made map[chan struct{}]struct{} // closed when it works
}

// make has answer, which makes a subscription, called.
func (s *subscribing) make(answer func()) {
	done := make(chan struct{})
	s.mu.Lock()
	if s.made == nil {
		s.made = map[chan struct{}]struct{}{}
	}
	s.made[done] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.made, done)
		s.mu.Unlock()
		close(done)
	}()
	answer()
}

// wait returns when all subscriptions work that were under way when it was called.
func (s *subscribing) wait() {
	s.mu.Lock()
	all := make([]chan struct{}, 0, len(s.made))
	for done := range s.made {
		all = append(all, done)
	}
	s.mu.Unlock()
	if len(all) == 0 {
		return
	}
	timeout := time.NewTimer(subscribingTimeout)
	defer timeout.Stop()
	for _, done := range all {
		select {
		case <-done:
		case <-timeout.C:
			return
		}
	}
}

// onTransportWrite is called in a client's writer, in the order of its frames.
func onTransportWrite(client *centrifuge.Client, e centrifuge.TransportWriteEvent) bool {
	switch e.FrameType {
	case protocol.FrameTypeConnect:
		if known, ok := client.Context().Value(connectedKey{}).(*connected); ok {
			known.wait(client.Context())
		}
	case protocol.FrameTypeSubscribe:
		if known, ok := client.Context().Value(connectedKey{}).(*connected); ok {
			if c := known.connection.Load(); c != nil {
				c.subscribing.wait()
			}
		}
	}
	return true
}

// wait holds the connect reply back until the channels that it names work, as those
// of later subscriptions: the library calls onConnect right after it has seen to that.
// It does not if it refuses the client after all.
func (known *connected) wait(ctx context.Context) {
	timeout := time.NewTimer(subscribingTimeout)
	defer timeout.Stop()
	select {
	case <-known.works:
	case <-ctx.Done():
	case <-timeout.C:
	}
}
