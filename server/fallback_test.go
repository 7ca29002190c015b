package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/server"
)

// streamClient is a raw client on one of the fallbacks: it reads from one long
// response and writes through /emulation. connect is its connect command.
func streamClient(t *testing.T, base, transport, connect string) *rawClient {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var req *http.Request
	var err error
	if transport == "sse" {
		req, err = http.NewRequestWithContext(ctx, http.MethodGet, base+"/connection/sse?cf_connect="+url.QueryEscape(connect), nil)
	} else {
		req, err = http.NewRequestWithContext(ctx, http.MethodPost, base+"/connection/http_stream", strings.NewReader(connect))
	}
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d", transport, resp.StatusCode)
	}
	t.Cleanup(func() { cancel(); _ = resp.Body.Close() })
	lines := bufio.NewReader(resp.Body)
	c := &rawClient{t: t}
	c.read = func(context.Context) ([]byte, error) {
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return nil, err
			}
			line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("data: ")))
			if len(line) > 0 {
				return line, nil
			}
		}
	}
	return c
}

// writesTo makes the client's commands go to its session.
func (c *rawClient) writesTo(base, session, node string) {
	c.write = func(ctx context.Context, frame []byte) error {
		body, err := json.Marshal(map[string]string{"session": session, "node": node, "data": string(frame)})
		if err != nil {
			return err
		}
		status, err := post(ctx, base+"/emulation", body)
		if err == nil && status != http.StatusNoContent {
			err = fmt.Errorf("status %d", status)
		}
		return err
	}
}

func post(ctx context.Context, address string, body []byte) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, resp.Body.Close()
}

func TestFallbacks(t *testing.T) {
	for _, transport := range []string{"sse", "http_stream"} {
		t.Run(transport, func(t *testing.T) {
			s := start(t, testRouter(nil), server.Config{})
			c := streamClient(t, s.url, transport, fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, signed(t, "456")))
			m := c.reply(1)
			if m.Connect == nil || m.Connect.Session == "" || m.Connect.Subs["user#456"] == nil {
				t.Fatalf("answer %s", m.raw)
			}
			c.writesTo(s.url, m.Connect.Session, m.Connect.Node)
			if e := c.call(2, "test.who", `{}`); !strings.Contains(string(e.Result), fmt.Sprintf(`"transport":%q`, transport)) {
				t.Errorf("answer %s", e.Result)
			}
			c.send(`{"id":3,"rpc":{"method":"tasks.get_stats","data":{"user_id":"1"}}}`)
			if m := c.reply(3); m.RPC == nil || string(m.RPC.Data) != `{"total":100}` {
				t.Errorf("native RPC: %s", m.raw)
			}
			c.send(`{"id":4,"subscribe":{"channel":"user#1"}}`)
			if code := c.code(4); code != 103 {
				t.Errorf("another user's channel: code %d", code)
			}
			// What fits into a WebSocket frame fits here, though quotes take two
			// bytes: params of 60,000 bytes, most of them quotes.
			params := `{"user_id":"1","list":[` + strings.Repeat(`"",`, 20000) + `""]}`
			if e := c.call(5, "tasks.get_stats", params); string(e.Result) != `{"total":100}` {
				t.Errorf("large params: %+v", e)
			}
			status, err := post(t.Context(), s.url+"/emulation", bytes.Repeat([]byte("x"), 200_000))
			if err != nil || status != http.StatusRequestEntityTooLarge {
				t.Errorf("too large: status %d, %v; want 413", status, err)
			}
			// A session that nobody has does nothing.
			body, _ := json.Marshal(map[string]string{"session": "made-up", "node": m.Connect.Node, "data": `{"id":9,"rpc":{"method":"test.panic"}}`})
			if _, err := post(t.Context(), s.url+"/emulation", body); err != nil {
				t.Error(err)
			}
			c.call(6, "tasks.get_stats", `{"user_id":"1"}`)
		})
	}
}

func TestFallbacksRefuse(t *testing.T) {
	for _, transport := range []string{"sse", "http_stream"} {
		t.Run(transport, func(t *testing.T) {
			s := start(t, testRouter(nil), server.Config{})
			c := streamClient(t, s.url, transport, `{"id":1,"connect":{"token":"bad"}}`)
			m := c.must(func(m message) bool { return m.Push != nil && m.Push.Disconnect != nil }, "a disconnect push")
			if m.Push.Disconnect.Code != 3500 {
				t.Errorf("disconnected with %d; want 3500", m.Push.Disconnect.Code)
			}
		})
	}
}
