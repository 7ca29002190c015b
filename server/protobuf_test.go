package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"testing"

	"github.com/centrifugal/protocol"
	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/server"
)

// protobufClient speaks the Centrifuge protocol in protobuf.
type protobufClient struct {
	t       *testing.T
	conn    *websocket.Conn
	waiting []*protocol.Reply
}

func dialProtobuf(t *testing.T, base, bearer string) *protobufClient {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, socketURL(base), &websocket.DialOptions{Subprotocols: []string{"centrifuge-protobuf"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	c := &protobufClient{t: t, conn: conn}
	c.send(&protocol.Command{Id: 1, Connect: &protocol.ConnectRequest{Token: bearer}})
	if r := c.receive(func(r *protocol.Reply) bool { return r.Id == 1 }); r.Connect == nil {
		t.Fatalf("connect was answered with %v", r)
	}
	return c
}

func (c *protobufClient) send(commands ...*protocol.Command) {
	c.t.Helper()
	encoder := protocol.NewProtobufCommandEncoder()
	var frame []byte
	for _, command := range commands {
		encoded, err := encoder.Encode(command)
		if err != nil {
			c.t.Fatal(err)
		}
		frame = append(frame, encoded...)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), testTimeout)
	defer cancel()
	if err := c.conn.Write(ctx, websocket.MessageBinary, frame); err != nil {
		c.t.Fatal(err)
	}
}

func (c *protobufClient) receive(fits func(*protocol.Reply) bool) *protocol.Reply {
	c.t.Helper()
	for i, r := range c.waiting {
		if fits(r) {
			c.waiting = append(c.waiting[:i:i], c.waiting[i+1:]...)
			return r
		}
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), testTimeout)
	defer cancel()
	for {
		_, frame, err := c.conn.Read(ctx)
		if err != nil {
			c.t.Fatal(err)
		}
		decoder := protocol.NewProtobufReplyDecoder(frame)
		var found *protocol.Reply
		for {
			r, err := decoder.Decode()
			if r != nil && (err == nil || errors.Is(err, io.EOF)) {
				if found == nil && fits(r) {
					found = r
				} else {
					c.waiting = append(c.waiting, r)
				}
			}
			if err != nil {
				break
			}
		}
		if found != nil {
			return found
		}
	}
}

func TestProtobuf(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{Channels: []server.Channel{{
		Name:    "tasks",
		Publish: func(context.Context, *centrirpc.Conn, string, json.RawMessage) error { return nil },
	}}})
	c := dialProtobuf(t, s.url, signed(t, "456"))
	c.send(
		&protocol.Command{Id: 2, Publish: &protocol.PublishRequest{Channel: "rpc.requests", Data: []byte(`{"method":"tasks.get_stats","params":{"user_id":"1"},"correlation_id":"c","reply_to":"user#456"}`)}},
		&protocol.Command{Id: 3, Rpc: &protocol.RPCRequest{Method: "tasks.get_stats", Data: []byte(`{"user_id":"1"}`)}},
		&protocol.Command{Id: 4, Publish: &protocol.PublishRequest{Channel: "rpc.requests", Data: []byte{0xff, 0}}},
		&protocol.Command{Id: 5, Rpc: &protocol.RPCRequest{Method: "tasks.get_stats", Data: []byte{0xff, 0}}},
		&protocol.Command{Id: 6, Subscribe: &protocol.SubscribeRequest{Channel: "user#1"}},
	)
	if r := c.receive(func(r *protocol.Reply) bool { return r.Id == 2 }); r.Error != nil {
		t.Errorf("request: %v", r.Error)
	}
	push := c.receive(func(r *protocol.Reply) bool { return r.Push != nil && r.Push.Pub != nil })
	if push.Push.Channel != "user#456" || !bytes.Equal(push.Push.Pub.Data, []byte(`{"correlation_id":"c","result":{"total":100}}`)) {
		t.Errorf("reply %v", push)
	}
	if r := c.receive(func(r *protocol.Reply) bool { return r.Id == 3 }); r.Rpc == nil || string(r.Rpc.Data) != `{"total":100}` {
		t.Errorf("native RPC: %v", r)
	}
	for id, want := range map[uint32]uint32{4: 107, 5: 400, 6: 103} {
		if r := c.receive(func(r *protocol.Reply) bool { return r.Id == id }); r.Error == nil || r.Error.Code != want {
			t.Errorf("command %d: %v; want error %d", id, r, want)
		}
	}
}

// Data that is no JSON must not reach JSON clients: it would disconnect them for
// good.
func TestProtobufPublishesOnlyJSON(t *testing.T) {
	s := start(t, testRouter(nil), server.Config{Channels: []server.Channel{{
		Name:    "tasks",
		Publish: func(context.Context, *centrirpc.Conn, string, json.RawMessage) error { return nil },
	}}})
	listener := connected(t, s.url, signed(t, "1"))
	listener.send(`{"id":2,"subscribe":{"channel":"tasks"}}`)
	if code := listener.code(2); code != 0 {
		t.Fatal(code)
	}
	c := dialProtobuf(t, s.url, signed(t, "2"))
	c.send(
		&protocol.Command{Id: 2, Publish: &protocol.PublishRequest{Channel: "tasks", Data: []byte{0xff, 0}}},
		&protocol.Command{Id: 3, Publish: &protocol.PublishRequest{Channel: "tasks", Data: []byte(`{"ok":true}`)}},
	)
	if r := c.receive(func(r *protocol.Reply) bool { return r.Id == 2 }); r.Error == nil || r.Error.Code != 107 {
		t.Errorf("binary data: %v; want error 107", r)
	}
	if got := listener.event("tasks"); got != `{"ok":true}` {
		t.Errorf("event %s", got)
	}
}
