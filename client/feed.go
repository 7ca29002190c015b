package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/centrifugal/protocol"
)

// feed is a channel that is listened to: one subscription on the server, however
// many handlers. Its fields below settled are guarded by the client's mutex.
type feed struct {
	channel string
	client  *CentrifugoRPCClient
	settled chan struct{} // closed when the server has answered for the first time

	subs     []*Subscription // at least one, until the feed is over
	answered bool
	over     bool
	retry    *time.Timer
	tries    int
}

// listenLocked adds a handler to the channel's feed, and subscribes to the
// channel if it is the first.
func (c *CentrifugoRPCClient) listenLocked(s *session, channel string, sub *Subscription) {
	if f := c.feeds[channel]; f != nil {
		sub.feed = f
		f.subs = append(f.subs, sub)
		return
	}
	f := &feed{channel: channel, client: c, settled: make(chan struct{}), subs: []*Subscription{sub}}
	sub.feed = f
	c.feeds[channel] = f
	if s.link != nil {
		c.subscribeLocked(s.link, f)
	}
}

// leaveLocked takes a handler away, and with the last one the feed.
func (c *CentrifugoRPCClient) leaveLocked(sub *Subscription) {
	f := sub.feed
	f.subs = slices.DeleteFunc(f.subs, func(other *Subscription) bool { return other == sub })
	if len(f.subs) > 0 {
		return
	}
	c.endLocked(f, ErrUnsubscribed)
	if c.session == nil || c.session.link == nil {
		return
	}
	if l := c.session.link; !l.serverSide(f.channel) && !l.isReplyChannel(f.channel) {
		c.post(l, &protocol.Command{Unsubscribe: &protocol.UnsubscribeRequest{Channel: f.channel}}, func(*protocol.Reply) {})
	}
}

// post sends a command without waiting. The waiter runs on the reader's
// goroutine.
func (c *CentrifugoRPCClient) post(l *link, cmd *protocol.Command, w replyFunc) {
	cmd.Id = l.nextID()
	command, err := l.codec.appendCommand(nil, cmd)
	if err != nil {
		return // a command that we made ourselves can always be encoded
	}
	_ = l.sendNow(cmd.Id, command, waiter{command: w}) // a lost link is replaced by one that subscribes again
}

// subscribeLocked asks the server for the subscription on this link.
func (c *CentrifugoRPCClient) subscribeLocked(l *link, f *feed) {
	if l.isReplyChannel(f.channel) || l.serverSide(f.channel) {
		f.settleLocked()
		return
	}
	cmd := &protocol.Command{Subscribe: &protocol.SubscribeRequest{Channel: f.channel}}
	c.post(l, cmd, func(r *protocol.Reply) {
		if err := c.subscribed(l, f, r); err != nil {
			c.report(err)
		}
	})
}

// subscribed takes the server's answer. An error is one that nobody waits for.
func (c *CentrifugoRPCClient) subscribed(l *link, f *feed, r *protocol.Reply) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.over {
		return nil
	}
	switch e := r.Error; {
	case e == nil || e.Code == codeAlreadySubscribed:
		f.settleLocked()
		if r.Subscribe != nil {
			for _, p := range r.Subscribe.Publications {
				f.pushLocked(json.RawMessage(p.Data))
			}
		}
	case temporary(e.Code, e.Temporary):
		c.retryLocked(l, f)
	default:
		awaited := !f.answered
		refused := refusal(e.Code, e.Message)
		c.endLocked(f, refused)
		if !awaited {
			return fmt.Errorf("subscribing to %s again: %w", f.channel, refused)
		}
	}
	return nil
}

func (f *feed) settleLocked() {
	f.tries = 0
	if !f.answered {
		f.answered = true
		close(f.settled)
	}
}

func (f *feed) pushLocked(data json.RawMessage) {
	for _, sub := range f.subs {
		sub.events.push(Event{Channel: f.channel, Data: data})
	}
}

func (c *CentrifugoRPCClient) retryLocked(l *link, f *feed) {
	f.retry = time.AfterFunc(c.cfg.jitter(f.tries), func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !f.over && c.session.link == l {
			c.subscribeLocked(l, f)
		}
	})
	f.tries++
}

// endLocked ends a feed and those who listen to it. The channel can be listened
// to again at once, by another feed.
func (c *CentrifugoRPCClient) endLocked(f *feed, err error) {
	f.over = true
	delete(c.feeds, f.channel)
	if f.retry != nil {
		f.retry.Stop()
	}
	for _, sub := range f.subs {
		sub.endLocked(err)
	}
	f.settleLocked()
}

// pushed takes what the server sent unasked, on the reader's goroutine.
func (c *CentrifugoRPCClient) pushed(l *link, p *protocol.Push) {
	switch {
	case p.Pub != nil:
		data := json.RawMessage(p.Pub.Data)
		if l.isReplyChannel(p.Channel) && c.reply(data) {
			return
		}
		c.mu.Lock()
		if f := c.feeds[p.Channel]; f != nil {
			f.pushLocked(data)
		}
		c.mu.Unlock()
	case p.Subscribe != nil:
		l.mu.Lock()
		l.subs[p.Channel] = true
		l.mu.Unlock()
	case p.Unsubscribe != nil:
		l.mu.Lock()
		delete(l.subs, p.Channel)
		l.mu.Unlock()
		if l.isReplyChannel(p.Channel) {
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
	f := c.feeds[channel]
	if f == nil {
		return nil
	}
	if u.Code >= codeResubscribeAdvice {
		c.retryLocked(l, f)
		return nil
	}
	err := fmt.Errorf("%w by the server: %s (%d)", ErrUnsubscribed, u.Reason, u.Code)
	c.endLocked(f, err)
	return fmt.Errorf("the subscription to %s: %w", channel, err)
}
