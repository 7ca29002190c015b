package client

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
)

func TestOutbox(t *testing.T) {
	tests := []struct {
		name     string
		sep      string
		commands []string
		want     []string
	}{
		{"nothing", "\n", nil, nil},
		{"together", "\n", []string{"a", "b", "c"}, []string{"a\nb\nc"}},
		{"exactly the limit", "\n", []string{"aaaa", "bbbbb", "c"}, []string{"aaaa\nbbbbb", "c"}},
		{"one over", "\n", []string{"aaaaa", "bbbbb"}, []string{"aaaaa", "bbbbb"}},
		{"too large by itself", "\n", []string{"a", "bbbbbbbbbbbbb", "c"}, []string{"a", "bbbbbbbbbbbbb", "c"}},
		{"without a separator", "", []string{"aaaaa", "bbbbb", "c"}, []string{"aaaaabbbbb", "c"}},
	}
	for _, test := range tests {
		var o outbox
		for range 2 { // the second round is on used memory
			for _, c := range test.commands {
				o.add([]byte(c), test.sep, 10)
			}
			var got []string
			_ = o.frames(func(f []byte) error { got = append(got, string(f)); return nil })
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("%s: %q; want %q", test.name, got, test.want)
			}
			o.reset()
		}
	}
}

func TestSerialKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []int
		s := serial[int]{limit: 1000, handle: func(v, dropped int) {
			time.Sleep(time.Duration(v%3) * time.Millisecond)
			if dropped > 0 {
				t.Errorf("%d dropped", dropped)
			}
			got = append(got, v)
		}}
		for i := range 500 {
			s.push(i)
			if i%50 == 0 {
				synctest.Wait()
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for i, v := range got {
			if i != v {
				t.Fatalf("%d at %d", v, i)
			}
		}
		if len(got) != 500 {
			t.Errorf("%d values", len(got))
		}
	})
}

func TestJitterGrowsToItsBound(t *testing.T) {
	cfg := config{minDelay: 200 * time.Millisecond, maxDelay: 20 * time.Second}
	for try := range 100 {
		bound := cfg.maxDelay
		if try < 7 {
			bound = cfg.minDelay << try
		}
		longest := time.Duration(0)
		for range 200 {
			longest = max(longest, cfg.jitter(try))
		}
		if longest > bound || longest < bound/2 {
			t.Errorf("try %d: up to %s; want up to %s", try, longest, bound)
		}
	}
}

// bubble is a client whose server is a few lines of test, over pipes, so that
// both live in a synctest bubble and hours pass at once.
type bubble struct {
	client *CentrifugoRPCClient
	dials  atomic.Int64
}

func newBubble(t *testing.T, serve func(context.Context, *websocket.Conn), opts ...Option) *bubble {
	b := &bubble{}
	conns := make(chan net.Conn)
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = ws.CloseNow() }()
		serve(ctx, ws)
	})}
	listener := &pipeListener{conns: conns, closed: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener)
	}()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		b.dials.Add(1)
		ours, theirs := net.Pipe()
		select {
		case conns <- theirs:
			return ours, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	var err error
	b.client, err = NewCentrifugoRPCClient("ws://test", "token", "456", append([]Option{WithHTTPClient(&http.Client{Transport: transport})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = b.client.Close()
		cancel()
		_ = server.Close()
		<-done
		transport.CloseIdleConnections()
	})
	return b
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

const connectReply = `{"id":1,"connect":{"client":"x","ping":25,"pong":true,"subs":{"user#456":{}}}}`

func send(ctx context.Context, ws *websocket.Conn, text string) error {
	return ws.Write(ctx, websocket.MessageText, []byte(text))
}

// A server that pings every 25 s is given up 35 s after its last word, not
// earlier.
func TestSilenceIsNoticedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silentSince := make(chan time.Time, 1)
		pongs := 0
		b := newBubble(t, func(ctx context.Context, ws *websocket.Conn) {
			if _, _, err := ws.Read(ctx); err != nil || send(ctx, ws, connectReply) != nil {
				return
			}
			for range 4 {
				time.Sleep(25 * time.Second)
				if send(ctx, ws, "{}") != nil {
					return
				}
				_, frame, err := ws.Read(ctx)
				if err != nil || string(frame) != "{}" {
					t.Errorf("the pong is %q, %v", frame, err)
				}
				pongs++
			}
			select {
			case silentSince <- time.Now():
			default:
			}
			_, _, _ = ws.Read(ctx)
		})
		lost := make(chan time.Time, 8)
		if err := b.client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.client.OnState(func(s State) {
			if s == Connecting {
				lost <- time.Now()
			}
		})
		since := <-silentSince
		if waited := (<-lost).Sub(since); waited != 35*time.Second {
			t.Errorf("given up after %s", waited)
		}
		if pongs != 4 {
			t.Errorf("%d pongs", pongs)
		}
	})
}

// Tries to connect get rarer, and a fresh start is quick again only after a
// connection that lasted.
func TestTriesGetRarer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, func(ctx context.Context, ws *websocket.Conn) {
			_ = ws.Close(3004, "internal server error")
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := b.client.Connect(ctx); err == nil || !strings.Contains(err.Error(), "internal server error (3004)") {
			t.Errorf("error = %v", err)
		}
		// The mean delay is 10 s once it has grown: 360 tries an hour.
		if n := b.dials.Load(); n < 300 || n > 430 {
			t.Errorf("%d tries in an hour", n)
		}
	})
}

// A server that accepts the WebSocket and says nothing does not hold the client
// up.
func TestAServerThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, func(ctx context.Context, ws *websocket.Conn) {
			for {
				if _, _, err := ws.Read(ctx); err != nil {
					return
				}
			}
		})
		began := time.Now()
		err := b.client.Connect(context.Background())
		if err == nil || !strings.Contains(err.Error(), "the server did not answer within 10s") || time.Since(began) != DefaultTimeout {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if n := b.dials.Load(); n < 2 {
			t.Errorf("%d tries", n)
		}
	})
}

// Frames that make no sense end the connection, never the client.
func TestBrokenFrames(t *testing.T) {
	for _, frame := range []string{"{", "[]", `{"id":"x"}`, "\x00\xff", `{"id":1,"connect":7}`, strings.Repeat(`{"push":`, 5000)} {
		synctest.Test(t, func(t *testing.T) {
			var served atomic.Int64
			b := newBubble(t, func(ctx context.Context, ws *websocket.Conn) {
				if _, _, err := ws.Read(ctx); err != nil {
					return
				}
				if served.Add(1) == 1 {
					_ = send(ctx, ws, frame)
				} else {
					_ = send(ctx, ws, connectReply)
				}
				_, _, _ = ws.Read(ctx)
			})
			if err := b.client.Connect(t.Context()); err != nil || served.Load() != 2 {
				t.Errorf("%.20q: after %d connections: %v", frame, served.Load(), err)
			}
		})
	}
}

// Close does not wait long for a server that ignores the closing handshake.
func TestCloseOfADeafServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, func(ctx context.Context, ws *websocket.Conn) {
			if _, _, err := ws.Read(ctx); err != nil || send(ctx, ws, connectReply) != nil {
				return
			}
			<-ctx.Done()
		})
		if err := b.client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := b.client.Close(); err != nil || time.Since(began) > closeWait {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

// A token callback that hangs holds up neither Close nor calls.
func TestATokenCallbackThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		entered := make(chan struct{}, 8)
		b := newBubble(t, func(ctx context.Context, ws *websocket.Conn) {
			if _, _, err := ws.Read(ctx); err != nil || send(ctx, ws, `{"id":1,"connect":{"expires":true,"ttl":60,"subs":{"user#456":{}}}}`) != nil {
				return
			}
			_, _, _ = ws.Read(ctx)
		}, WithGetToken(func(ctx context.Context) (string, error) {
			entered <- struct{}{}
			<-ctx.Done()
			return "", ctx.Err()
		}), WithErrorHandler(func(error) {}))
		if err := b.client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		<-entered
		if after := time.Since(began); after != 48*time.Second {
			t.Errorf("the fresh token was asked for after %s of 60 s", after)
		}
		if err := b.client.Close(); err != nil {
			t.Fatal(err)
		}
		if time.Since(began) > 50*time.Second {
			t.Errorf("Close took %s", time.Since(began)-48*time.Second)
		}
	})
}

// Strings that are not plain are escaped in the envelope.
func TestAppendString(t *testing.T) {
	for in, want := range map[string]string{"": `""`, "tasks.create": `"tasks.create"`, "a\"b\\\n": `"a\"b\\\n"`, "é": `"é"`, "\xff": `"\ufffd"`} {
		if got := appendString(nil, in); !bytes.Equal(got, []byte(want)) {
			t.Errorf("%q becomes %s", in, got)
		}
	}
}

// After 2^32 commands the numbers begin again, without the one that stands for
// no number.
func TestCommandNumbersSkipZero(t *testing.T) {
	var l link
	l.lastID.Store(1<<32 - 2)
	if a, b := l.nextID(), l.nextID(); a != 1<<32-1 || b != 1 {
		t.Errorf("%d, %d", a, b)
	}
}

// A reader that is always behind must not make the inbox keep a place for every
// item that there ever was.
func TestAnInboxThatIsNeverEmptyStaysSmall(t *testing.T) {
	in := newInbox()
	for seq := range uint64(100_000) {
		in.put(seq, []byte("x"))
		if seq < 200 {
			continue
		}
		if got := in.take(); got.item == nil {
			t.Fatal("nothing to take")
		}
	}
	if n := cap(in.ready); n > 4*maxAhead {
		t.Errorf("it has room for %d items", n)
	}
}
