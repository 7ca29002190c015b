package server_test

import (
	"fmt"
	"log/slog"
	"runtime"
	"testing"

	"github.com/centrirpc/centrirpc/server"
)

// A client that asks for much and does not read is thrown out, and holds up
// nobody, its own user's other connections included.
func TestClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	s := start(t, testRouter(nil), server.Config{Logger: slog.New(slog.DiscardHandler)})
	deaf := connected(t, s.url, signed(t, "456"))
	deaf.send(`{"id":2,"subscribe":{"channel":"user.deaf#456"}}`)
	deaf.code(2)
	for i := range uint32(100) { // less than the store keeps of a user
		deaf.send("%s", request(3+i, "test.big", `{"bytes":250000}`, fmt.Sprint("deaf", i), "user.deaf#456"))
	}
	c := connected(t, s.url, signed(t, "456"))
	for id := uint32(2); s.connections(t) != 1; id++ {
		if e := c.call(id, "tasks.get_stats", `{"user_id":"1"}`); string(e.Result) != `{"total":100}` {
			t.Fatalf("answer %+v, error %+v", e, e.Error)
		}
	}
}

// Connections and servers that end leave no goroutine behind.
func TestNothingIsLeftBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("server", func(t *testing.T) {
		s := start(t, testRouter(nil), server.Config{})
		for i := range 20 {
			c := connected(t, s.url, signed(t, fmt.Sprint(i)))
			c.send("%s", request(2, "tasks.get_stats", `{"user_id":"1"}`, "c", fmt.Sprint("user#", i)))
			c.answer("c")
			if i%2 == 0 {
				_ = c.conn.CloseNow()
			}
		}
	})
	until(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before+2 })
}
