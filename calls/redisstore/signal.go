package redisstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/rueidis"

	"github.com/centrirpc/centrirpc/calls"
)

// signalMessage is a signal on a process's channel.
type signalMessage struct {
	UserID        string           `json:"user"`
	CorrelationID string           `json:"id"`
	Kind          calls.SignalKind `json:"kind"`
	Seq           uint64           `json:"seq,omitempty"`
	ReplyTo       string           `json:"reply_to,omitempty"`
}

// signal is Store.Signal.
func (s *shard) signal(ctx context.Context, key calls.Key, signal calls.Signal) (delivered bool, err error) {
	payload, err := json.Marshal(signalMessage{key.UserID, key.CorrelationID, signal.Kind, signal.Seq, signal.ReplyTo})
	if err != nil {
		return false, fmt.Errorf("redisstore: %w", err)
	}
	res, _, err := s.run(ctx, signalScript, s.keys.user(key.UserID), []string{key.CorrelationID, s.keys.node(""), string(payload)})
	if err != nil {
		return false, err
	}
	owner, err := res.ToString()
	if err != nil {
		return false, fmt.Errorf("redisstore: %w", err)
	}
	if owner == "" {
		return false, nil
	}
	alive, err := s.node.alive(ctx, owner)
	return alive || !s.node.steady(), err
}

// hear is Store.Receive.
func (s *shard) hear(deliver func(calls.Key, calls.Signal)) {
	s.receive.Do(func() {
		subscribed := make(chan struct{}, 1)
		s.running.Go(func() { s.subscribe(s.limits.base, deliver, subscribed) })
		select {
		case <-subscribed:
		case <-time.After(s.cfg.Timeout):
		case <-s.limits.base.Done():
		}
	})
}

func (s *shard) subscribe(ctx context.Context, deliver func(calls.Key, calls.Signal), subscribed chan<- struct{}) {
	ctx = rueidis.WithOnSubscriptionHook(ctx, func(rueidis.PubSubSubscription) {
		select {
		case subscribed <- struct{}{}:
		default:
		}
	})
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		channel := s.client.B().Subscribe().Channel(s.keys.node(s.node.id)).Build()
		_ = s.client.Receive(ctx, channel, func(got rueidis.PubSubMessage) {
			var m signalMessage
			if json.Unmarshal([]byte(got.Message), &m) == nil {
				deliver(calls.Key{UserID: m.UserID, CorrelationID: m.CorrelationID}, calls.Signal{Kind: m.Kind, Seq: m.Seq, ReplyTo: m.ReplyTo})
			}
		})
		again.Reset(min(100*time.Millisecond, s.cfg.Timeout))
	}
}
