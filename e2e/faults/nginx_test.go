package faults

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc/internal/nginxserver"
)

const readTimeout = "proxy_read_timeout 60s;" // of deploy/nginx, for pings every 25 s

// Nobody calls for several times nginx's timeout, and the connection stays: the pings
// keep it.
func TestAnIdleConnectionStays(t *testing.T) {
	t.Parallel()
	// As in production, with a second in place of 12.5 s.
	s := newSite(t, []string{"-ping", "2s"}, nginxserver.Edit{Old: readTimeout, New: "proxy_read_timeout 4800ms;"})
	if closed := idle(t, s, 12*time.Second); closed != nil {
		t.Errorf("the connection was closed: %v", closed)
	}
}

// The test above can fail: with a timeout below the interval of pings nginx closes it.
func TestATimeoutBelowThePingIntervalCloses(t *testing.T) {
	t.Parallel()
	s := newSite(t, []string{"-ping", "10s"}, nginxserver.Edit{Old: readTimeout, New: "proxy_read_timeout 1s;"})
	if idle(t, s, 30*time.Second) == nil {
		t.Error("the connection was not closed")
	}
}

// idle connects and does nothing but answer pings for that long. It returns what
// ended the connection, or nil.
func idle(t *testing.T, s *site, during time.Duration) error {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "ws://"+s.nginx.Addr()+"/connection/websocket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := conn.Write(t.Context(), websocket.MessageText, fmt.Appendf(nil, `{"id":1,"connect":{"token":%q}}`, token(t, "u1"))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), during)
	defer cancel()
	for {
		_, frame, err := conn.Read(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if strings.TrimSpace(string(frame)) == "{}" {
			_ = conn.Write(ctx, websocket.MessageText, []byte("{}"))
		}
	}
}

// What is for those who look after the nodes is not for everybody; a page of the site's
// own may connect, and a foreign one may not.
func TestWhatNginxLetsThrough(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil, nginxserver.Edit{Old: "rate=100r/s", New: "rate=1r/s"}, nginxserver.Edit{Old: "burst=500", New: "burst=20"})
	ask := func(path string, header map[string]string) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.nginx.Addr()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range header {
			request.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	for path, want := range map[string]int{"/health": 404, "/ready": 404, "/metrics": 404, "/goroutines": 200, "/none": 404, "/connection/websocket": 400} {
		if got := ask(path, nil); got != want {
			t.Errorf("%s has status %d; want %d", path, got, want)
		}
	}
	upgrade := map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
	for origin, want := range map[string]int{"http://" + s.nginx.Addr(): 101, "http://evil.example": 403} {
		upgrade["Origin"] = origin
		if got := ask("/connection/websocket", upgrade); got != want {
			t.Errorf("a page of %s gets %d; want %d", origin, got, want)
		}
	}

	// A flood is refused, and only at the paths where connections begin.
	refused := 0
	for start := time.Now(); refused == 0 && time.Since(start) < soon; {
		if ask("/connection/websocket", nil) == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("nginx takes any number of handshakes")
	}
	if got := ask("/goroutines", nil); got != 200 {
		t.Errorf("after a flood of handshakes the application's pages have status %d", got)
	}
}

// A node that comes back gets the clients that come next, until it has as many as the
// others. WebSockets would keep it out, if nginx left nodes alone that had failed: it
// takes one back when a request to it ends, and a WebSocket is a request that does not.
func TestARestartedNodeGetsItsShare(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	users := 0
	arrive := func(clients int) {
		for range clients {
			users++
			dialRaw(t, s.nginx.Addr(), fmt.Sprintf("u%d", users))
		}
	}
	have := func(want ...int) {
		t.Helper()
		within(t, func() (bool, string) {
			var got []int
			for _, n := range s.nodes[3-len(want):] {
				got = append(got, n.connections())
			}
			return slices.Equal(got, want), fmt.Sprintf("the nodes have %v connections; want %v", got, want)
		})
	}
	arrive(12)
	have(4, 4, 4)
	s.nodes[0].signal(syscall.SIGTERM)
	s.nodes[0].wait()
	arrive(6) // none is refused, and nginx sees that a node is away
	have(7, 7)
	s.startAgain(0)
	arrive(7)
	have(7, 7, 7)
}
