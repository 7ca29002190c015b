package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
)

// raw speaks the protocol by hand, to send what no client of ours would.
type raw struct {
	t     *testing.T
	conn  *websocket.Conn
	next  int
	lines chan map[string]json.RawMessage
}

func token(t *testing.T, user string) string {
	t.Helper()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": user}).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func dialRaw(t *testing.T, addr, user string) *raw {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "ws://"+addr+"/connection/websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	r := &raw{t: t, conn: conn, lines: make(chan map[string]json.RawMessage, 1000)}
	r.send(`{"id":%d,"connect":{"token":%q}}`, token(t, user))
	go func() {
		defer close(r.lines)
		for {
			_, frame, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			decoder := json.NewDecoder(bytes.NewReader(frame))
			for decoder.More() {
				var m map[string]json.RawMessage
				if decoder.Decode(&m) != nil {
					return
				}
				r.lines <- m
			}
		}
	}()
	return r
}

func (r *raw) send(format string, args ...any) {
	r.t.Helper()
	r.next++
	line := fmt.Sprintf(format, append([]any{r.next}, args...)...)
	if err := r.conn.Write(r.t.Context(), websocket.MessageText, []byte(line)); err != nil {
		r.t.Fatal(err)
	}
}

// publish sends a request envelope.
func (r *raw) publish(envelope string) {
	r.t.Helper()
	r.send(`{"id":%d,"publish":{"channel":"rpc.requests","data":%s}}`, json.RawMessage(envelope))
}

// reply waits for the final reply to an id, or to any if id is empty, and says its
// result or its error's reason.
func (r *raw) reply(id string) string {
	r.t.Helper()
	timeout := time.After(soon)
	for {
		select {
		case m, ok := <-r.lines:
			if !ok {
				r.t.Fatal("the connection is closed")
			}
			var push struct {
				Pub struct {
					Data struct {
						ID     string `json:"correlation_id"`
						Result *did   `json:"result"`
						Error  *struct {
							Reason string `json:"reason"`
						} `json:"error"`
					} `json:"data"`
				} `json:"pub"`
			}
			if json.Unmarshal(m["push"], &push) != nil || id != "" && push.Pub.Data.ID != id {
				continue
			}
			if e := push.Pub.Data.Error; e != nil {
				return e.Reason
			}
			if result := push.Pub.Data.Result; result != nil {
				return "result " + result.Say
			}
		case <-timeout:
			r.t.Fatalf("no reply to %q", id)
		}
	}
}

func (r *raw) anyReply() string { return r.reply("") }

type did struct {
	Say string `json:"say"`
}
