package main

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/centrirpc/centrirpc/client"
)

// session is one client with what it has subscribed to.
type session struct {
	url  string
	spec clientSpec
	make func() (*client.CentrifugoRPCClient, error)

	mu     sync.Mutex
	subs   map[string]*client.Subscription // by the handler's name
	events []json.RawMessage
	change chan struct{} // closed at the next event
}

func newSession(address string, spec clientSpec, protobuf bool) *session {
	switch spec.URL {
	case "unreachable":
		address = "ws://127.0.0.1:1/connection/websocket"
	case "tokenless":
		address = strings.Replace(address, "/connection/", "/tokenless/connection/", 1)
	}
	address += "?" + url.Values{"connection": {spec.Connection}, "user": {spec.Cookie}}.Encode()
	s := &session{url: address, spec: spec, subs: map[string]*client.Subscription{}, change: make(chan struct{})}
	s.make = sync.OnceValues(func() (*client.CentrifugoRPCClient, error) {
		options := []client.Option{client.WithReconnectDelay(10*time.Millisecond, 100*time.Millisecond)}
		if protobuf {
			options = append(options, client.WithProtobuf())
		}
		if spec.Session != "" {
			options = append(options, client.WithSession(spec.Session))
		}
		if spec.FreshToken != "" {
			options = append(options, client.WithGetToken(func(context.Context) (string, error) { return spec.FreshToken, nil }))
		}
		if spec.Traceparent != "" {
			options = append(options, client.WithTraceparent(func(context.Context) string { return spec.Traceparent }))
		}
		return client.NewCentrifugoRPCClient(s.url, spec.Token, spec.UserID, options...)
	})
	return s
}

func (s *session) client() (*client.CentrifugoRPCClient, error) { return s.make() }

func (s *session) close() {
	if rpc, err := s.client(); err == nil {
		_ = rpc.Close()
	}
}

func (s *session) subscribe(ctx context.Context, channel, name, onlyFor string) error {
	rpc, err := s.client()
	if err != nil {
		return err
	}
	sub, err := rpc.Subscribe(ctx, channel, func(e client.Event) {
		var event struct {
			For string `json:"for"`
		}
		if onlyFor != "" && (e.Decode(&event) != nil || event.For != onlyFor) {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e.Data)
		close(s.change)
		s.change = make(chan struct{})
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subs[name] = sub
	return nil
}

func (s *session) unsubscribe(name string) {
	s.mu.Lock()
	sub := s.subs[name]
	s.mu.Unlock()
	if sub != nil {
		sub.Unsubscribe()
	}
}

func (s *session) takeEvents(count int) []json.RawMessage {
	for {
		s.mu.Lock()
		if len(s.events) >= count {
			taken := s.events[:count:count]
			s.events = s.events[count:]
			s.mu.Unlock()
			return taken
		}
		change := s.change
		s.mu.Unlock()
		<-change
	}
}

// eventArrives waits for an event, not for long.
func (s *session) eventArrives() bool {
	s.mu.Lock()
	there, change := len(s.events) > 0, s.change
	s.mu.Unlock()
	if there {
		return true
	}
	select {
	case <-change:
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}
