package client_test

import (
	"context"
	"errors"
	"testing"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/wire"
)

// What is stated is said at each connect from then on.
func TestStatedContracts(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		said := make(chan string, 16)
		s := newServer(t, func(s *server) { s.onData = func(data []byte) { said <- string(data) } })
		c := newClient(t, s.URL, opts...)
		next := func(want string) {
			t.Helper()
			if got := receive(t, "a connect", said); got != want {
				t.Errorf("the connect says %q; want %q", got, want)
			}
		}
		reconnect := func() {
			t.Helper()
			s.disconnect(centrifuge.DisconnectForceReconnect)
		}
		connect := func() {
			t.Helper()
			if err := c.Connect(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		connect()
		next("")
		c.StateContract("first") // not before the next connect
		settled(t, c)
		reconnect()
		next(`{"centrirpc":{"contract":"first"}}`)
		connect()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		c.StateContract(`la"st`)
		connect()
		next(`{"centrirpc":{"contract":"la\"st"}}`)
		settled(t, c)
		reconnect()
		next(`{"centrirpc":{"contract":"la\"st"}}`)
		connect()
		c.StateContract("")
		settled(t, c)
		reconnect()
		next("")
	})
}

func TestCheckContract(t *testing.T) {
	unknown := client.ContractCheck{Compatibility: client.CompatibilityUnknown}
	refused := func(code uint32) error { return &centrifuge.Error{Code: code, Message: "no"} }
	tests := map[string]struct {
		answer string
		err    error
		want   client.ContractCheck
		code   client.Code // of the error wanted
	}{
		"same":         {answer: `{"hash":"mine","compatible":true}`, want: client.ContractCheck{Same: true, Compatibility: client.Compatible, ServerHash: "mine"}},
		"compatible":   {answer: `{"hash":"new","compatible":true}`, want: client.ContractCheck{Compatibility: client.Compatible, ServerHash: "new"}},
		"incompatible": {answer: `{"hash":"new","compatible":false}`, want: client.ContractCheck{Compatibility: client.Incompatible, ServerHash: "new"}},
		"unknown":      {answer: `{"hash":"new","compatible":null}`, want: client.ContractCheck{Compatibility: client.CompatibilityUnknown, ServerHash: "new"}},
		"no contract":  {answer: `{"hash":"","compatible":null}`, want: unknown},
		"an echo":      {answer: `{"hash":"mine"}`, want: client.ContractCheck{Compatibility: client.CompatibilityUnknown, ServerHash: "mine"}},
		"another's":    {answer: `["what"]`, want: unknown},
		"internal":     {err: refused(100), want: unknown},
		"no method":    {err: refused(104), want: unknown},
		"no RPC":       {err: refused(108), want: unknown},
		"not found":    {err: refused(404), want: unknown},
		"older server": {err: refused(405), want: unknown},
		"refused":      {err: refused(103), want: unknown, code: 403},
		"busy":         {err: refused(111), want: unknown, code: 429},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, func(s *server) {
				s.onRPC = func(e centrifuge.RPCEvent) (centrifuge.RPCReply, error) {
					if e.Method != wire.ContractMethod || string(e.Data) != `{"hash":"mine"}` {
						t.Errorf("asked %s %s", e.Method, e.Data)
					}
					return centrifuge.RPCReply{Data: []byte(test.answer)}, test.err
				}
			})
			c := connect(t, s.URL)
			check, err := c.CheckContract(t.Context(), "mine")
			if check != test.want || client.CodeOf(err) != test.code {
				t.Errorf("%+v, %v; want %+v and the code %d", check, err, test.want, test.code)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := connect(t, newServer(t, nil).URL)
	if check, err := c.CheckContract(ctx, "mine"); !errors.Is(err, context.Canceled) || check != unknown {
		t.Errorf("%+v, %v", check, err)
	}
	if _, err := newClient(t, "ws://127.0.0.1:1").CheckContract(t.Context(), "mine"); !errors.Is(err, client.ErrNotConnected) {
		t.Errorf("error = %v", err)
	}
}
