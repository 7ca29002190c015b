package centrifugo_test

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
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
	"github.com/centrirpc/centrirpc/internal/centrifugodouble"
	"github.com/centrirpc/centrirpc/internal/loopback"
	"github.com/centrirpc/centrirpc/internal/nginxserver"
	"github.com/centrirpc/centrirpc/internal/redisserver"
	"github.com/centrirpc/centrirpc/server/centrifugo"
	"github.com/centrirpc/centrirpc/server/token"
)

// Where WebSockets do not get through, clients make calls by server-sent events and by
// HTTP streaming, with the configuration that is printed, through the nginx of deploy.
// No log has the token, which is in the URL of the first.
func TestFallbacks(t *testing.T) {
	router := centrirpc.NewRouter()
	centrirpc.Handle(router, "who", func(ctx context.Context, p struct {
		List []string `json:"list"`
	}) (string, error) {
		conn := centrirpc.ConnFromContext(ctx)
		return fmt.Sprintf("%s by %s, %d", conn.UserID, conn.Transport, len(p.List)), nil
	})
	s := newSystem(t, router, centrifugoconfig.Options{})
	s.serve(router, centrifugo.Config{})
	nginx := nginxBefore(t, s.addr)
	signed, err := token.Sign(tokenSecret, token.Claims{UserID: "456"})
	if err != nil {
		t.Fatal(err)
	}
	for _, transport := range []string{"sse", "http_stream"} {
		t.Run(transport, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			c := connectByFallback(ctx, t, "http://"+nginx.Addr(), transport, signed)
			c.send(ctx, `{"id":2,"subscribe":{"channel":"user#456"}}`)
			c.await(`{"id":2,"subscribe":{`)
			// What fits into a WebSocket's frame fits here, though each quote takes two bytes.
			c.send(ctx, `{"id":3,"publish":{"channel":"rpc.requests","data":{"method":"who","params":{"list":[`+strings.Repeat(`"",`, 20_000)+`""]},"correlation_id":"`+transport+`","reply_to":"user#456"}}}`)
			c.await(`"result":"456 by ` + transport + `, 20001"`)
			c.send(ctx, `{"id":4,"rpc":{"method":"who","data":{"list":[]}}}`)
			c.await(`{"id":4,"rpc":{"data":"456 by ` + transport + `, 0"}}`)
		})
	}

	// An error at Centrifugo's end does not log the token either.
	away := nginxBefore(t, "127.0.0.1:1")
	response, err := http.Get("http://" + away.Addr() + "/connection/sse?" + connectQuery(signed))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusBadGateway {
		t.Fatalf("without Centrifugo: status %d", response.StatusCode)
	}
	for _, n := range []*nginxserver.Server{nginx, away} {
		n.Stop() // it has written all that it logs
		log := n.AccessLog() + n.ErrorLog()
		if !strings.Contains(log, "/connection/sse") || strings.Contains(log, signed) || strings.Contains(log, "cf_connect") {
			t.Errorf("the requests are not in nginx's log, or the token is:\n%s", log)
		}
	}
}

// What a client on a fallback sends may come to another Centrifugo than the one that
// has its connection: they share a Redis, and the request says which one it is for.
func TestFallbackAcrossCentrifugos(t *testing.T) {
	router := centrirpc.NewRouter()
	centrirpc.Handle(router, "say", func(_ context.Context, p struct {
		What string `json:"what"`
	}) (string, error) {
		return p.What, nil
	})
	s := newSystem(t, router, centrifugoconfig.Options{Redis: true}, "CENTRIFUGO_ENGINE_REDIS_ADDRESS="+redisserver.Start(t).URL())
	s.serve(router, centrifugo.Config{})
	other := loopback.FreeAddress(t)
	centrifugodouble.Start(t, other, s.config, s.env...)
	signed, err := token.Sign(tokenSecret, token.Claims{UserID: "456"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	c := connectByFallback(ctx, t, "http://"+s.addr, "http_stream", signed)
	c.base = "http://" + other
	status := http.StatusNotFound
	for ; status == http.StatusNotFound; time.Sleep(10 * time.Millisecond) { // the two have not heard of each other yet
		status = c.post(ctx, `{"id":2,"subscribe":{"channel":"user#456"}}`)
	}
	if status != http.StatusNoContent {
		t.Fatalf("the other Centrifugo answers status %d", status)
	}
	c.await(`{"id":2,"subscribe":{`)
	c.send(ctx, `{"id":3,"publish":{"channel":"rpc.requests","data":{"method":"say","params":{"what":"hello"},"correlation_id":"c1","reply_to":"user#456"}}}`)
	c.await(`"result":"hello"`)
}

// nginxBefore is the nginx of deploy/centrifugo before one Centrifugo.
func nginxBefore(t *testing.T, address string) *nginxserver.Server {
	t.Helper()
	return nginxserver.StartCentrifugo(t,
		nginxserver.Edit{Old: "listen 9000;", New: "listen " + loopback.FreeAddress(t) + ";"},
		nginxserver.Edit{Old: "listen 8000;", New: "listen " + loopback.FreeAddress(t) + ";"},
		nginxserver.Edit{Old: "server centrifugo1:8000 ", New: "server " + address + " "},
		nginxserver.Edit{Old: "\t\tserver centrifugo2:8000 max_fails=0;\n", New: ""},
		nginxserver.Edit{Old: "server backend1:9000 ", New: "server 127.0.0.1:1 "},
		nginxserver.Edit{Old: "server backend2:9000 ", New: "server 127.0.0.1:2 "})
}

// fallbackClient reads from one long response, and writes to /emulation.
type fallbackClient struct {
	t             *testing.T
	base          string
	lines         *bufio.Reader
	node, session string
}

func connectCommand(token string) string {
	return fmt.Sprintf(`{"id":1,"connect":{"token":%q}}`, token)
}

func connectQuery(token string) string {
	return url.Values{"cf_connect": {connectCommand(token)}}.Encode()
}

func connectByFallback(ctx context.Context, t *testing.T, base, transport, token string) *fallbackClient {
	t.Helper()
	method, address, body := http.MethodPost, base+"/connection/"+transport, connectCommand(token)
	if transport == "sse" {
		method, address, body = http.MethodGet, address+"?"+connectQuery(token), ""
	}
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d", transport, response.StatusCode)
	}
	c := &fallbackClient{t: t, base: base, lines: bufio.NewReader(response.Body)}
	var hello struct {
		Connect struct{ Node, Session string }
	}
	if err := json.Unmarshal([]byte(c.await(`{"id":1,"connect":`)), &hello); err != nil || hello.Connect.Session == "" {
		t.Fatalf("%+v, %v", hello, err)
	}
	c.node, c.session = hello.Connect.Node, hello.Connect.Session
	return c
}

// await is the next frame with the text in it.
func (c *fallbackClient) await(text string) string {
	c.t.Helper()
	for {
		line, err := c.lines.ReadString('\n')
		if err != nil {
			c.t.Fatalf("the stream ended before %s: %v", text, err)
		}
		if strings.Contains(line, text) {
			return strings.TrimPrefix(line, "data: ")
		}
	}
}

func (c *fallbackClient) send(ctx context.Context, frame string) {
	c.t.Helper()
	if status := c.post(ctx, frame); status != http.StatusNoContent {
		c.t.Fatalf("/emulation has status %d", status)
	}
}

// post sends a frame and returns the answer's status.
func (c *fallbackClient) post(ctx context.Context, frame string) int {
	c.t.Helper()
	body, err := json.Marshal(map[string]string{"node": c.node, "session": c.session, "data": frame})
	if err != nil {
		c.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/emulation", bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode
}
