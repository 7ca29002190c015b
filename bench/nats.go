package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// serveNATS runs a NATS server and, in the same process, the responder: the
// counterpart of a handler. The responder's connection is in the process too.
func serveNATS() (string, error) {
	s, err := natsserver.NewServer(&natsserver.Options{
		Host:           "127.0.0.1",
		DontListen:     true,
		NoLog:          true,
		NoSigs:         true,
		MaxControlLine: 4096,
		Websocket:      natsserver.WebsocketOpts{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoTLS: true},
	})
	if err != nil {
		return "", err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return "", errors.New("the NATS server did not get ready")
	}
	responder, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		return "", err
	}
	_, err = responder.Subscribe(getStatsMethod, func(m *nats.Msg) {
		var p getStatsParams
		if err := json.Unmarshal(m.Data, &p); err != nil {
			slog.Error("a bad request", "error", err)
			return
		}
		data, err := json.Marshal(answer(p.UserID))
		if err == nil {
			err = m.Respond(data)
		}
		if err != nil {
			slog.Error("answering", "error", err)
		}
	})
	if err != nil {
		return "", err
	}
	if err := responder.Flush(); err != nil {
		return "", err
	}
	return strings.TrimPrefix(s.WebsocketURL(), "ws://"), nil
}

type natsConnection struct{ c *nats.Conn }

func dialNATS(_ context.Context, address string, _ int) (connection, error) {
	c, err := nats.Connect("ws://" + address)
	if err != nil {
		return nil, fmt.Errorf("connecting to NATS: %w", err)
	}
	return &natsConnection{c}, nil
}

func (c *natsConnection) getStats(_ context.Context, userID string) (result stats, err error) {
	params, err := json.Marshal(getStatsParams{UserID: userID})
	if err != nil {
		return stats{}, err
	}
	m, err := c.c.Request(getStatsMethod, params, callTimeout)
	if err != nil {
		return stats{}, err
	}
	err = json.Unmarshal(m.Data, &result)
	return result, err
}

func (c *natsConnection) close() { c.c.Close() }
