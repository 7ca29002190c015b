package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Event is a publication on a channel.
type Event struct {
	Channel string
	Data    json.RawMessage // JSON
	// Dropped is how many events before this one were dropped because the
	// handler was slower than they came.
	Dropped int
}

// Decode reads the event's data into v, a pointer.
func (e Event) Decode(v any) error {
	if err := json.Unmarshal(e.Data, v); err != nil {
		return fmt.Errorf("an event on %s: %w", e.Channel, err)
	}
	return nil
}

// Subscription is one handler on one channel, made by Subscribe. The channel is
// subscribed to again by itself after each reconnect.
type Subscription struct {
	feed   *feed
	events serial[Event]
	done   chan struct{} // closed when the subscription is over
	err    error         // why it is over; nil while it is not; guarded by the client's mutex
}

// Subscribe subscribes to a channel and returns when the server has accepted.
// The handler then gets the channel's events in order. Several handlers may
// listen to one channel: the server is asked once, and is told when the last of
// them ends. A channel that the server subscribed the connection to by itself
// can be listened to in the same way.
//
// A *ServerError means that the server refused. Refusals that may pass are
// tried again until ctx ends, or, where ctx has no deadline, for the client's
// timeout.
func (c *CentrifugoRPCClient) Subscribe(ctx context.Context, channel string, handler func(Event)) (*Subscription, error) {
	sub, err := c.subscribe(ctx, channel, handler)
	if err != nil {
		return nil, fmt.Errorf("subscribing to %q: %w", channel, err)
	}
	return sub, nil
}

func (c *CentrifugoRPCClient) subscribe(ctx context.Context, channel string, handler func(Event)) (*Subscription, error) {
	if channel == "" || handler == nil {
		return nil, errors.New("it needs a channel and a handler")
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.cfg.timeout, ErrTimeout)
		defer cancel()
	}
	s, err := c.openSession()
	if err != nil {
		return nil, err
	}
	sub := &Subscription{done: make(chan struct{})}
	sub.events = serial[Event]{
		limit:   c.cfg.eventBuffer,
		what:    fmt.Sprintf("the handler of channel %s", channel),
		onError: c.report,
		handle: func(e Event, dropped int) {
			e.Dropped = dropped
			handler(e)
		},
	}
	c.mu.Lock()
	c.listenLocked(s, channel, sub)
	c.mu.Unlock()

	select {
	case <-sub.feed.settled:
		if err := sub.Err(); err != nil {
			return nil, err
		}
		return sub, nil
	case <-s.over:
		err = s.ended()
	case <-ctx.Done():
		err = contextError(ctx)
	}
	sub.Unsubscribe()
	return nil, err
}

// Channel is the channel's name.
func (s *Subscription) Channel() string { return s.feed.channel }

// Done is closed when the subscription is over: by Unsubscribe, or because the
// server ended it for good. A lost connection does not end it.
func (s *Subscription) Done() <-chan struct{} { return s.done }

// Err is nil while the subscription stands. Then it is ErrUnsubscribed, or wraps
// it with what the server said, or is the *ServerError with which the server
// refused to subscribe again.
func (s *Subscription) Err() error {
	s.feed.client.mu.Lock()
	defer s.feed.client.mu.Unlock()
	return s.err
}

// Unsubscribe ends the subscription. The handler is not called any more, but a
// call to it that is running is not waited for. The server is told when no other
// handler listens to the channel. Ending it twice does nothing.
func (s *Subscription) Unsubscribe() {
	c := s.feed.client
	c.mu.Lock()
	defer c.mu.Unlock()
	s.events.stop()
	if s.err == nil {
		s.endLocked(ErrUnsubscribed)
		c.leaveLocked(s)
	}
}

func (s *Subscription) endLocked(err error) {
	s.err = err
	close(s.done)
}
