package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/server"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// metric is the value of one line of /metrics, or "" if there is none.
func (s *running) metric(t *testing.T, name string) string {
	t.Helper()
	_, body := get(t, s.url+"/metrics")
	for line := range strings.Lines(body) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// connections is the number of clients that the server has.
func (s *running) connections(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(s.metric(t, "centrirpc_connections"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMetrics(t *testing.T) {
	g := newGate()
	s := start(t, testRouter(g), server.Config{MaxInFlightPerConnection: 2})
	c := connected(t, s.url, signed(t, "456"))
	c.call(2, "tasks.get_stats", `{"user_id":"1"}`)
	c.call(3, "tasks.get_stats", `{}`)
	c.call(9, "test.quota", `{}`)
	c.call(4, "made.up_1", `{}`)
	c.call(5, "made.up_2", `{}`)
	c.send("%s", request(6, "tasks.get_stats", `{"user_id":"1"}`, "foreign", "user#1"))
	c.code(6)
	until(t, "both slots to be free", func() bool { return s.metric(t, "centrirpc_calls_in_flight") == "0" })
	for i := range uint32(2) {
		c.send("%s", request(10+i, "test.wait", `{}`, fmt.Sprint("waiting", i), "user#456"))
		<-g.started
	}
	c.send("%s", request(8, "tasks.get_stats", `{"user_id":"1"}`, "busy", "user#456"))
	c.code(8)
	for name, want := range map[string]string{
		`centrirpc_calls_total{code="ok",method="tasks.get_stats"}`:             "1",
		`centrirpc_calls_total{code="invalid_params",method="tasks.get_stats"}`: "1",
		`centrirpc_call_duration_seconds_count{method="tasks.get_stats"}`:       "2",
		`centrirpc_calls_in_flight`:                                             "2",
		`centrirpc_calls_in_flight_limit`:                                       "10000",
		`centrirpc_handlers_in_flight{method="test.wait"}`:                      "2",
		`centrirpc_handlers_in_flight{method="tasks.get_stats"}`:                "0",
		`centrirpc_calls_started_total{method="test.wait"}`:                     "2",
		`centrirpc_handler_duration_seconds_count{method="tasks.get_stats"}`:    "2",
		`centrirpc_store_duration_seconds_count{operation="claim"}`:             "5",
		`centrirpc_store_duration_seconds_count{operation="complete"}`:          "3",
		`centrirpc_store_errors_total{operation="claim"}`:                       "0",
		`centrirpc_client_connections{client="other",transport="websocket"}`:    "1",
		`centrirpc_method_info{kind="call",method="test.wait"}`:                 "1",
		`centrirpc_draining`: "0",
		`centrirpc_ready`:    "1",
		`centrirpc_calls_total{code="1001",method="test.quota"}`:    "1",
		`centrirpc_connections`:                                     "1",
		`centrirpc_calls_refused_total{reason="method_not_found"}`:  "2",
		`centrirpc_calls_refused_total{reason="permission_denied"}`: "1",
		`centrirpc_calls_refused_total{reason="too_many_requests"}`: "1",
	} {
		if got := s.metric(t, name); got != want {
			t.Errorf("%s is %q; want %s", name, got, want)
		}
	}
	_, body := get(t, s.url+"/metrics")
	if strings.Contains(body, "made.up") {
		t.Error("a method that does not exist became a label")
	}
	for _, name := range []string{"centrifuge_node_num_clients", "go_goroutines", "process_resident_memory_bytes"} {
		if !strings.Contains(body, name) {
			t.Errorf("%s is missing", name)
		}
	}
	close(g.open)
	c.answer("waiting0")
	c.answer("waiting1")
	until(t, "the handlers to be gone", func() bool { return s.metric(t, `centrirpc_handlers_in_flight{method="test.wait"}`) == "0" })
}

// A request that comes again is counted by what became of it.
func TestMetricsOfCallsSentAgain(t *testing.T) {
	g := newGate()
	s := start(t, testRouter(g), server.Config{})
	c := connected(t, s.url, signed(t, "456"))
	again := func(id uint32) {
		c.send("%s", request(id, "test.wait", `{}`, "a", "user#456"))
		c.reply(id)
	}
	again(2)
	<-g.started
	again(3)
	close(g.open)
	c.answer("a")
	again(4)
	c.answer("a")
	// Of another life of the store.
	c.send(`{"id":5,"publish":{"channel":"rpc.requests","data":{"method":"test.wait","correlation_id":"old","reply_to":"user#456","store":"another"}}}`)
	c.answer("old")
	for name, want := range map[string]string{
		`centrirpc_calls_started_total{method="test.wait"}`:                       "1",
		`centrirpc_calls_repeated_total{method="test.wait",outcome="attached"}`:   "1",
		`centrirpc_calls_repeated_total{method="test.wait",outcome="resent"}`:     "1",
		`centrirpc_calls_lost_total{cause="owner_gone",method="test.wait"}`:       "1",
		`centrirpc_calls_refused_total{reason="outcome_unknown"}`:                 "1",
		`centrirpc_calls_repeated_total{method="test.wait",outcome="taken_over"}`: "0",
	} {
		if got := s.metric(t, name); got != want {
			t.Errorf("%s is %q; want %s", name, got, want)
		}
	}
}

func TestMetricsOfAStoreOutOfReach(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{Store: brokenStore{}})
	c := connected(t, s.url, signed(t, "456"))
	c.send("%s", request(2, "tasks.get_stats", `{}`, "a", "user#456"))
	if code := c.code(2); code != 503 {
		t.Errorf("the call is refused with %d", code)
	}
	if got := s.metric(t, `centrirpc_store_errors_total{operation="claim"}`); got != "1" {
		t.Errorf("%q errors", got)
	}
}

type brokenStore struct{ calls.Store }

func (brokenStore) Epoch(string) string { return "broken" }
func (brokenStore) Claim(context.Context, calls.Claim) (calls.ClaimResult, error) {
	return calls.ClaimResult{}, errors.New("out of reach")
}

func TestMetricsOfConnectionsAndEvents(t *testing.T) {
	router := testRouter(nil)
	type room struct {
		ID string `json:"room"`
	}
	rooms := centrirpc.Channel[room, string](router, "rooms:{room}")
	s := start(t, router, server.Config{Channels: []server.Channel{{
		Name: "chat.*", Publish: func(context.Context, *centrirpc.Conn, string, json.RawMessage) error { return nil },
	}}})
	c := dial(t, s.url, nil)
	c.send(`{"id":1,"connect":{"token":%q,"name":"python"}}`, signed(t, "456"))
	c.reply(1)
	const python = `centrirpc_client_connections{client="python",transport="websocket"}`
	until(t, "the connection", func() bool { return s.metric(t, python) == "1" })
	if err := rooms.Publish(t.Context(), room{"1"}, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := s.Publish(t.Context(), "chat.a", "hello"); err != nil {
		t.Fatal(err)
	}
	c.send(`{"id":2,"publish":{"channel":"chat.b","data":{}}}`)
	if code := c.code(2); code != 0 {
		t.Fatal(code)
	}
	for name, want := range map[string]string{
		`centrirpc_channel_events_total{channel="rooms:{room}"}`: "1",
		`centrirpc_channel_events_total{channel="chat.*"}`:       "2",
	} {
		if got := s.metric(t, name); got != want {
			t.Errorf("%s is %q; want %s", name, got, want)
		}
	}
	_ = c.conn.CloseNow()
	until(t, "the connection to be gone", func() bool { return s.metric(t, python) == "0" })
}

func TestPaths(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{})
	for path, want := range map[string]int{
		"/health": 200, "/ready": 200, "/metrics": 200, "/": 404, "/connection/": 404, "/connection/websocket/": 404, "/health/x": 404,
		"/connection/websocket": 400, "/connection/sse": 400, "/connection/http_stream": 405, "/emulation": 405,
	} {
		if code, _ := get(t, s.url+path); code != want {
			t.Errorf("GET %s: %d; want %d", path, code, want)
		}
	}
	resp, err := http.Post(s.url+"/health", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != 405 {
		t.Errorf("POST /health: %d", resp.StatusCode)
	}
	if code, body := get(t, s.url+"/health"); code != 200 || body != `{"status":"ok"}` {
		t.Errorf("/health: %d %s", code, body)
	}
	if code, body := get(t, s.url+"/ready"); code != 200 || body != `{"status":"ready"}` {
		t.Errorf("/ready: %d %s", code, body)
	}
}
