package server_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/server"
	"github.com/centrirpc/centrirpc/wire"
)

type oldResult struct {
	Total int `json:"total"`
}

type newResult struct {
	Total int `json:"total"`
	Open  int `json:"open"`
}

func routerOf[R any](t *testing.T, opts ...centrirpc.RouterOption) (*centrirpc.Router, []byte) {
	t.Helper()
	r := centrirpc.NewRouter(opts...)
	centrirpc.Handle(r, "tasks.count", func(context.Context, struct{}) (R, error) { return *new(R), nil })
	data, err := r.ReflectContract().Encode()
	if err != nil {
		t.Fatal(err)
	}
	return r, data
}

func hashOf(t *testing.T, data []byte) string {
	t.Helper()
	c, err := contract.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return c.Hash()
}

// A client says which contract it was generated from; the server counts it, and
// tells it on demand whether it still works.
func TestClientsOfOlderContracts(t *testing.T) {
	_, broken := routerOf[string](t)
	_, older := routerOf[oldResult](t)
	_, current := routerOf[newResult](t)
	router, _ := routerOf[newResult](t, centrirpc.WithContract(current))
	var log bytes.Buffer
	s := start(t, router, server.Config{OlderContracts: [][]byte{older, broken}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for _, test := range []struct{ hash, state, answer string }{
		{hashOf(t, current), "current", "true"},
		{hashOf(t, older), "compatible", "true"},
		{hashOf(t, older), "compatible", "true"},
		{hashOf(t, broken), "incompatible", "false"},
		{"made-up", "unknown", "null"},
	} {
		before := s.metric(t, `centrirpc_client_contracts_total{state="`+test.state+`"}`)
		c := dial(t, s.url, nil)
		c.send(`{"id":1,"connect":{"token":%q,"data":{"mine":1,"centrirpc":{"contract":%q}}}}`, signed(t, "456"), test.hash)
		if m := c.reply(1); m.Connect == nil {
			t.Fatal(m.raw)
		}
		if after := s.metric(t, `centrirpc_client_contracts_total{state="`+test.state+`"}`); after == before || after == "" {
			t.Errorf("%s: the metric was %q and is %q", test.state, before, after)
		}
		c.send(`{"id":2,"rpc":{"method":%q,"data":{"hash":%q}}}`, wire.ContractMethod, test.hash)
		want := fmt.Sprintf(`{"hash":%q,"compatible":%s}`, hashOf(t, current), test.answer)
		if m := c.reply(2); !strings.Contains(m.raw, want) {
			t.Errorf("%s: the server says %s; want %s", test.state, m.raw, want)
		}
	}
	if n := strings.Count(log.String(), "clients of another contract"); n != 3 {
		t.Errorf("the log names %d contracts; want each of the 3 once:\n%s", n, &log)
	}
	c := connected(t, s.url, signed(t, "456")) // says nothing
	c.send(`{"id":2,"rpc":{"method":%q,"data":[]}}`, wire.ContractMethod)
	if m := c.reply(2); m.Error == nil || m.Error.Code != 400 {
		t.Errorf("rubbish is answered with %s", m.raw)
	}
}

func TestAServerThatDoesNotKnowItsContract(t *testing.T) {
	router, data := routerOf[newResult](t)
	s := start(t, router, server.Config{})
	c := connected(t, s.url, signed(t, "456"))
	c.send(`{"id":2,"rpc":{"method":%q,"data":{"hash":%q}}}`, wire.ContractMethod, hashOf(t, data))
	if m := c.reply(2); !strings.Contains(m.raw, `{"hash":"","compatible":null}`) {
		t.Error(m.raw)
	}
	for want, cfg := range map[string]server.Config{
		"centrirpc.WithContract": {Anonymous: true, OlderContracts: [][]byte{data}},
	} {
		if _, err := server.New(router, cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v; want %q in it", err, want)
		}
	}
	router, _ = routerOf[newResult](t, centrirpc.WithContract(data))
	if _, err := server.New(router, server.Config{Anonymous: true, OlderContracts: [][]byte{data, []byte("{}")}}); err == nil || !strings.Contains(err.Error(), "OlderContracts[1]: not a contract") {
		t.Errorf("error = %v", err)
	}
}
