package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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

// reply waits for the final reply to an id, and says its result or its error's reason.
func (r *raw) reply(id string) string {
	r.t.Helper()
	return r.replies([]string{id})[id]
}

// replies waits for the first final reply to each of the ids.
func (r *raw) replies(ids []string) map[string]string {
	r.t.Helper()
	return r.await(ids, func(string) bool { return true })
}

// results waits for the first result of each of the ids.
func (r *raw) results(ids []string) map[string]string {
	r.t.Helper()
	return r.await(ids, func(reply string) bool { return strings.HasPrefix(reply, "result ") })
}

func (r *raw) await(ids []string, wanted func(reply string) bool) map[string]string {
	r.t.Helper()
	timeout := time.After(soon)
	got := map[string]string{}
	for len(got) < len(ids) {
		select {
		case m, ok := <-r.lines:
			if !ok {
				r.t.Fatal("the connection is closed")
			}
			id, reply := final(m["push"])
			if _, known := got[id]; !known && reply != "" && slices.Contains(ids, id) && wanted(reply) {
				got[id] = reply
			}
		case <-timeout:
			r.t.Fatalf("%d replies to %d ids: %v", len(got), len(ids), got)
		}
	}
	return got
}

// final is the id and the content of a final reply. The latter is empty if the push is
// something else.
func final(push json.RawMessage) (id, reply string) {
	var m struct {
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
	if json.Unmarshal(push, &m) != nil {
		return "", ""
	}
	data := m.Pub.Data
	switch {
	case data.Error != nil:
		return data.ID, data.Error.Reason
	case data.Result != nil:
		return data.ID, "result " + data.Result.Say
	}
	return "", ""
}

type did struct {
	Say string `json:"say"`
}
