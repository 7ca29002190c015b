package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/centrifugal/protocol"
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

// Subscription is a subscription to a channel, made by Subscribe. It is made
// again by itself after each reconnect.
type Subscription struct {
	client  *CentrifugoRPCClient
	channel string
	events  serial[Event]
	settled chan struct{} // closed when the server has answered for the first time
	done    chan struct{} // closed when the subscription is over

	// Guarded by the client's mutex.
	answered bool
	err      error // why it is over; nil while it is not
	retry    *time.Timer
	tries    int
}

// Subscribe subscribes to a channel and returns when the server has accepted.
// The handler then gets the channel's events in order. A client has at most one
// subscription to a channel: another is ErrAlreadySubscribed. A channel that the
// server subscribed the connection to by itself can be listened to in the same
// way.
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
	sub := &Subscription{client: c, channel: channel, settled: make(chan struct{}), done: make(chan struct{})}
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
	if c.subs[channel] != nil {
		c.mu.Unlock()
		return nil, ErrAlreadySubscribed
	}
	c.subs[channel] = sub
	if s.link != nil {
		c.subscribeLocked(s.link, sub)
	}
	c.mu.Unlock()

	select {
	case <-sub.settled:
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
func (s *Subscription) Channel() string { return s.channel }

// Done is closed when the subscription is over: by Unsubscribe, or because the
// server ended it for good. A lost connection does not end it.
func (s *Subscription) Done() <-chan struct{} { return s.done }

// Err is nil while the subscription stands. Then it is ErrUnsubscribed, or wraps
// it with what the server said, or is the *ServerError with which the server
// refused to subscribe again.
func (s *Subscription) Err() error {
	s.client.mu.Lock()
	defer s.client.mu.Unlock()
	return s.err
}

// Unsubscribe ends the subscription. The handler is not called any more, but a
// call to it that is running is not waited for. Ending it twice does nothing.
func (s *Subscription) Unsubscribe() {
	c := s.client
	c.mu.Lock()
	defer c.mu.Unlock()
	s.events.stop()
	if s.err != nil {
		return
	}
	c.endLocked(s, ErrUnsubscribed)
	if c.session == nil || c.session.link == nil || c.session.link.serverSide(s.channel) || s.channel == c.replyChannel {
		return
	}
	c.post(c.session.link, &protocol.Command{Unsubscribe: &protocol.UnsubscribeRequest{Channel: s.channel}}, func(*protocol.Reply) {})
}

// post sends a command without waiting. The waiter runs on the reader's
// goroutine.
func (c *CentrifugoRPCClient) post(l *link, cmd *protocol.Command, w replyFunc) {
	cmd.Id = l.nextID()
	command, err := l.codec.appendCommand(nil, cmd)
	if err != nil {
		return // a command that we made ourselves can always be encoded
	}
	_, _ = l.send(nil, cmd.Id, command, waiter{command: w}) // a lost link is replaced by one that subscribes again
}

// subscribeLocked asks the server for the subscription on this link.
func (c *CentrifugoRPCClient) subscribeLocked(l *link, sub *Subscription) {
	if sub.channel == c.replyChannel || l.serverSide(sub.channel) {
		c.settleLocked(sub)
		return
	}
	cmd := &protocol.Command{Subscribe: &protocol.SubscribeRequest{Channel: sub.channel}}
	c.post(l, cmd, func(r *protocol.Reply) {
		if err := c.subscribed(l, sub, r); err != nil {
			c.report(err)
		}
	})
}

// subscribed takes the server's answer. An error is one that nobody waits for.
func (c *CentrifugoRPCClient) subscribed(l *link, sub *Subscription, r *protocol.Reply) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if sub.err != nil {
		return nil
	}
	switch e := r.Error; {
	case e == nil || e.Code == codeAlreadySubscribed:
		c.settleLocked(sub)
		if r.Subscribe != nil {
			for _, p := range r.Subscribe.Publications {
				sub.events.push(Event{Channel: sub.channel, Data: json.RawMessage(p.Data)})
			}
		}
	case temporary(e.Code, e.Temporary):
		c.retryLocked(l, sub)
	default:
		awaited := !sub.answered
		c.endLocked(sub, refusal(e.Code, e.Message))
		if !awaited {
			return fmt.Errorf("subscribing to %s again: %w", sub.channel, sub.err)
		}
	}
	return nil
}

func (c *CentrifugoRPCClient) settleLocked(sub *Subscription) {
	sub.tries = 0
	if !sub.answered {
		sub.answered = true
		close(sub.settled)
	}
}

func (c *CentrifugoRPCClient) retryLocked(l *link, sub *Subscription) {
	sub.retry = time.AfterFunc(c.cfg.jitter(sub.tries), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if sub.err == nil && c.session.link == l {
			c.subscribeLocked(l, sub)
		}
	})
	sub.tries++
}

func (c *CentrifugoRPCClient) endLocked(sub *Subscription, err error) {
	sub.err = err
	if c.subs[sub.channel] == sub {
		delete(c.subs, sub.channel)
	}
	if sub.retry != nil {
		sub.retry.Stop()
	}
	c.settleLocked(sub)
	close(sub.done)
}

// pushed takes what the server sent unasked, on the reader's goroutine.
func (c *CentrifugoRPCClient) pushed(l *link, p *protocol.Push) {
	switch {
	case p.Pub != nil:
		data := json.RawMessage(p.Pub.Data)
		if p.Channel == c.replyChannel && c.reply(data) {
			return
		}
		c.mu.Lock()
		sub := c.subs[p.Channel]
		c.mu.Unlock()
		if sub != nil {
			sub.events.push(Event{Channel: p.Channel, Data: data})
		}
	case p.Subscribe != nil:
		l.mu.Lock()
		l.subs[p.Channel] = true
		l.mu.Unlock()
	case p.Unsubscribe != nil:
		l.mu.Lock()
		delete(l.subs, p.Channel)
		l.mu.Unlock()
		if p.Channel == c.replyChannel {
			l.fail(fmt.Errorf("the server ended the reply channel: %s (%d)", p.Unsubscribe.Reason, p.Unsubscribe.Code))
			return
		}
		if err := c.unsubscribed(l, p.Channel, p.Unsubscribe); err != nil {
			c.report(err)
		}
	}
}

// unsubscribed follows the server's word that it ended a subscription.
func (c *CentrifugoRPCClient) unsubscribed(l *link, channel string, u *protocol.Unsubscribe) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	sub := c.subs[channel]
	if sub == nil {
		return nil
	}
	if u.Code >= codeResubscribeAdvice {
		c.retryLocked(l, sub)
		return nil
	}
	c.endLocked(sub, fmt.Errorf("%w by the server: %s (%d)", ErrUnsubscribed, u.Reason, u.Code))
	return fmt.Errorf("the subscription to %s: %w", channel, sub.err)
}
