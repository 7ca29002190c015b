package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// rawClient speaks the Centrifuge protocol by hand, in JSON, over a WebSocket
// unless a test gives it another way.
type rawClient struct {
	t       *testing.T
	conn    *websocket.Conn // nil on other transports
	write   func(ctx context.Context, frame []byte) error
	read    func(ctx context.Context) ([]byte, error)
	waiting []message
	pings   int
	connect message // the answer to connected's
}

// message is a reply to a command (with an id) or a push.
type message struct {
	ID    uint32 `json:"id"`
	Error *struct {
		Code      uint32 `json:"code"`
		Message   string `json:"message"`
		Temporary bool   `json:"temporary"`
	} `json:"error"`
	Connect *struct {
		Client  string                     `json:"client"`
		Data    json.RawMessage            `json:"data"`
		Subs    map[string]json.RawMessage `json:"subs"`
		Expires bool                       `json:"expires"`
		TTL     uint32                     `json:"ttl"`
		Ping    uint32                     `json:"ping"`
		Pong    bool                       `json:"pong"`
		Session string                     `json:"session"`
		Node    string                     `json:"node"`
	} `json:"connect"`
	RPC *struct {
		Data json.RawMessage `json:"data"`
	} `json:"rpc"`
	Push *struct {
		Channel string `json:"channel"`
		Pub     *struct {
			Data json.RawMessage `json:"data"`
		} `json:"pub"`
		Disconnect *struct {
			Code uint32 `json:"code"`
		} `json:"disconnect"`
	} `json:"push"`
	raw string
}

// testTimeout bounds every wait of these tests.
const testTimeout = 20 * time.Second

func socketURL(base string) string {
	return strings.Replace(base, "http://", "ws://", 1) + "/connection/websocket"
}

func dial(t *testing.T, base string, header http.Header) *rawClient {
	t.Helper()
	c, err := tryDial(t, base, header)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tryDial is dial where the server may refuse the handshake.
func tryDial(t *testing.T, base string, header http.Header) (*rawClient, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, socketURL(base), &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(16 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &rawClient{
		t:     t,
		conn:  conn,
		write: func(ctx context.Context, frame []byte) error { return conn.Write(ctx, websocket.MessageText, frame) },
		read: func(ctx context.Context) ([]byte, error) {
			_, frame, err := conn.Read(ctx)
			return frame, err
		},
	}, nil
}

// connected dials and connects with a token.
func connected(t *testing.T, base, token string) *rawClient {
	t.Helper()
	c := dial(t, base, nil)
	c.send(`{"id":1,"connect":{"token":%q}}`, token)
	c.connect = c.reply(1)
	if c.connect.Connect == nil {
		t.Fatalf("connect was answered with %s", c.connect.raw)
	}
	return c
}

// tryConnect is connected where the server may refuse.
func tryConnect(t *testing.T, base, token string) (c *rawClient, ok bool) {
	t.Helper()
	c, err := tryDial(t, base, nil)
	if err != nil {
		return nil, false
	}
	c.send(`{"id":1,"connect":{"token":%q}}`, token)
	c.connect, err = c.receive(func(m message) bool { return m.ID == 1 })
	return c, err == nil && c.connect.Connect != nil
}

func (c *rawClient) send(format string, args ...any) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), testTimeout)
	defer cancel()
	if err := c.write(ctx, fmt.Appendf(nil, format, args...)); err != nil {
		c.t.Fatal(err)
	}
}

// receive reads messages until one fits, answering pings; the others wait for
// their turn. It returns the close error if the server disconnects instead.
func (c *rawClient) receive(fits func(message) bool) (message, error) {
	c.t.Helper()
	for i, m := range c.waiting {
		if fits(m) {
			c.waiting = append(c.waiting[:i:i], c.waiting[i+1:]...)
			return m, nil
		}
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), testTimeout)
	defer cancel()
	for {
		frame, err := c.read(ctx)
		if err != nil {
			return message{}, err
		}
		var found *message
		for line := range bytes.Lines(frame) {
			line = bytes.TrimSpace(line)
			if string(line) == "{}" {
				c.pings++
				c.send("{}")
				continue
			}
			m := message{raw: string(line)}
			if err := json.Unmarshal(line, &m); err != nil {
				c.t.Fatalf("not JSON: %s", line)
			}
			if found == nil && fits(m) {
				found = &m
			} else {
				c.waiting = append(c.waiting, m)
			}
		}
		if found != nil {
			return *found, nil
		}
	}
}

func (c *rawClient) must(fits func(message) bool, what string) message {
	c.t.Helper()
	m, err := c.receive(fits)
	if err != nil {
		c.t.Fatalf("waiting for %s: %v; %d other messages came", what, err, len(c.waiting))
	}
	return m
}

// reply waits for the reply to the command of that id.
func (c *rawClient) reply(id uint32) message {
	c.t.Helper()
	return c.must(func(m message) bool { return m.ID == id }, fmt.Sprintf("the reply to command %d", id))
}

// code is the error code of the reply to that command, 0 for none.
func (c *rawClient) code(id uint32) uint32 {
	c.t.Helper()
	if m := c.reply(id); m.Error != nil {
		return m.Error.Code
	}
	return 0
}

// envelope is a reply of ours on a channel.
type envelope struct {
	CorrelationID string          `json:"correlation_id"`
	Result        json.RawMessage `json:"result"`
	Error         *struct {
		Code    int             `json:"code"`
		Reason  string          `json:"reason"`
		Message string          `json:"message"`
		Details json.RawMessage `json:"details"`
	} `json:"error"`
	channel string
}

// answer waits for the envelope of that correlation id, on whatever channel.
func (c *rawClient) answer(correlationID string) envelope {
	c.t.Helper()
	var found envelope
	c.must(func(m message) bool {
		if m.Push == nil || m.Push.Pub == nil {
			return false
		}
		var e envelope
		if json.Unmarshal(m.Push.Pub.Data, &e) != nil || e.CorrelationID != correlationID {
			return false
		}
		e.channel = m.Push.Channel
		found = e
		return true
	}, "the answer to "+correlationID)
	return found
}

// event waits for a publication on that channel.
func (c *rawClient) event(channel string) string {
	c.t.Helper()
	m := c.must(func(m message) bool { return m.Push != nil && m.Push.Channel == channel && m.Push.Pub != nil }, "an event on "+channel)
	return string(m.Push.Pub.Data)
}

// closed waits for the server to disconnect, and returns its code and reason.
func (c *rawClient) closed() (int, string) {
	c.t.Helper()
	m, err := c.receive(func(message) bool { return false })
	var closing websocket.CloseError
	if !errors.As(err, &closing) {
		c.t.Fatalf("no close frame, but %v, %s", err, m.raw)
	}
	return int(closing.Code), closing.Reason
}

// request is the frame of a correlated call.
func request(id uint32, method, params, correlationID, replyTo string) string {
	return fmt.Sprintf(`{"id":%d,"publish":{"channel":"rpc.requests","data":{"method":%q,"params":%s,"correlation_id":%q,"reply_to":%q}}}`,
		id, method, params, correlationID, replyTo)
}

// call sends a correlated call on the shared reply channel of user 456 and
// waits for its acknowledgement and its answer.
func (c *rawClient) call(id uint32, method, params string) envelope {
	c.t.Helper()
	correlationID := fmt.Sprintf("c%d", id)
	c.send("%s", request(id, method, params, correlationID, "user#456"))
	if code := c.code(id); code != 0 {
		c.t.Fatalf("the request of %s was refused with %d", method, code)
	}
	return c.answer(correlationID)
}
