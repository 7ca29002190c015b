package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/wire"
)

// remembering makes the server say at connect that it has a call store.
func remembering(s *server) { s.store = func() string { return "e1" } }

// Behind Centrifugo, a client with a token hears of the call store with its reply
// channel, and of the largest request.
func TestTheStoreComesWithTheReplyChannel(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		requests := make(chan *incoming, 4)
		s := newServer(t, func(s *server) {
			s.plain = true
			s.subscribeData = []byte(`{"centrirpc":{"version":1,"max_message_size":3000,"user_id":"456","store":"e1"}}`)
			s.onRequest = func(in *incoming) { requests <- in }
		})
		p := newProxy(t, s)
		c := connect(t, p.URL(), opts...)
		if err := c.Call(t.Context(), "pay", strings.Repeat("x", 3000), nil); !errors.Is(err, client.ErrRequestTooLarge) {
			t.Errorf("a large request: %v", err)
		}
		errs := make(chan error, 1)
		go func() { errs <- c.Call(t.Context(), "pay", greeting{N: 7}, nil) }()
		first := receive(t, "the request", requests)
		first.ack(nil)
		p.cut()
		again := receive(t, "the request, again", requests)
		if again.CorrelationID != first.CorrelationID || again.Store != "e1" {
			t.Errorf("first %+v, then %+v", first.Request, again.Request)
		}
		again.ack(nil)
		again.result("done")
		if err := receive(t, "the end", errs); err != nil {
			t.Error(err)
		}
	})
}

// A call that is out when the connection is cut, acknowledged or not, is sent
// again under its id and has one outcome, though the server answers twice.
func TestACallSurvivesACut(t *testing.T) {
	for _, acked := range []bool{false, true} {
		t.Run(fmt.Sprintf("acknowledged %v", acked), func(t *testing.T) {
			bothProtocols(t, func(t *testing.T, opts ...client.Option) {
				requests := make(chan *incoming, 4)
				s := newServer(t, func(s *server) {
					remembering(s)
					s.onRequest = func(in *incoming) { requests <- in }
				})
				p := newProxy(t, s)
				c := connect(t, p.URL(), opts...)
				frames := make(chan client.Frame, 16)
				c.OnFrame(func(f client.Frame) { frames <- f })
				for op, do := range map[wire.Op]func() error{
					wire.OpCall: func() error {
						var got string
						if err := c.Call(t.Context(), "pay", greeting{N: 7}, &got); err != nil || got != "done" {
							return fmt.Errorf("%q: %w", got, err)
						}
						return nil
					},
					wire.OpNotify: func() error { return c.Notify(t.Context(), "pay", greeting{N: 7}) },
				} {
					if op == wire.OpNotify && acked {
						continue // it has its outcome
					}
					errs := make(chan error, 1)
					go func() { errs <- do() }()
					first := receive(t, "the request", requests)
					want := []client.FrameKind{client.FramePublish, client.FrameResend, client.FrameAck}
					if acked {
						first.ack(nil)
						expectFrame(t, frames, client.FramePublish)
						expectFrame(t, frames, client.FrameAck)
						want = want[1:]
					}
					p.cut()
					again := receive(t, "the request, again", requests)
					if again.CorrelationID != first.CorrelationID || again.Op != first.Op || again.TimeoutMS < 1 || again.TimeoutMS > first.TimeoutMS ||
						string(again.Params) != string(first.Params) || first.Store != "" || again.Store != "e1" {
						t.Errorf("first %+v, then %+v", first.Request, again.Request)
					}
					again.ack(nil)
					if op == wire.OpCall {
						again.result("done")
						again.result("twice")
						want = append(want, client.FrameReply)
					}
					if err := receive(t, "the end", errs); err != nil {
						t.Errorf("%s: %v", op, err)
					}
					for _, kind := range want {
						expectFrame(t, frames, kind)
					}
				}
			})
		})
	}
}

func expectFrame(t *testing.T, frames <-chan client.Frame, kind client.FrameKind) {
	t.Helper()
	if f := receive(t, "the frame "+string(kind), frames); f.Kind != kind {
		t.Errorf("frame %+v; want %s", f, kind)
	}
}

// A reply that comes on the new connection before the call went out again is the
// call's.
func TestAReplyBeforeTheCallIsSentAgain(t *testing.T) {
	requests := make(chan *incoming, 64)
	s := newServer(t, func(s *server) {
		remembering(s)
		s.onRequest = func(in *incoming) { requests <- in }
	})
	p := newProxy(t, s)
	c := connect(t, p.URL())
	const calls = 40 // more than go out at a time
	errs := make(chan error, calls)
	for range calls {
		go func() { errs <- c.Call(t.Context(), "pay", nil, nil) }()
	}
	first := map[string]*incoming{}
	for range calls {
		in := receive(t, "a request", requests)
		first[in.CorrelationID] = in
	}
	p.cut()
	receive(t, "a request, again", requests)
	for _, in := range first {
		in.result("done")
	}
	for range calls {
		if err := receive(t, "the end", errs); err != nil {
			t.Error(err)
		}
	}
}

// What a server with another store says of a call that is sent again is the
// outcome: it is told which store the call was sent to.
func TestAnotherStore(t *testing.T) {
	requests := make(chan *incoming, 4)
	var life atomic.Int64
	s := newServer(t, func(s *server) {
		s.store = func() string { return fmt.Sprint("e", life.Add(1)) }
		s.onRequest = func(in *incoming) { requests <- in }
	})
	p := newProxy(t, s)
	c := connect(t, p.URL())
	errs := make(chan error, 1)
	go func() { errs <- c.Call(t.Context(), "pay", nil, nil) }()
	receive(t, "the request", requests).ack(nil)
	p.cut()
	again := receive(t, "the request, again", requests)
	if again.Store != "e1" {
		t.Errorf("it names the store %q", again.Store)
	}
	again.ack(nil)
	again.fail(&wire.Error{Code: wire.OutcomeUnknown, Reason: "outcome_unknown", Message: "nobody knows"})
	if err := receive(t, "the end", errs); client.CodeOf(err) != wire.OutcomeUnknown {
		t.Errorf("error = %v", err)
	}
}

// A server that has no store any more cannot be asked about calls that it may
// have run.
func TestAStoreThatIsGone(t *testing.T) {
	requests := make(chan *incoming, 4)
	var connects atomic.Int64
	s := newServer(t, func(s *server) {
		s.store = func() string {
			if connects.Add(1) > 1 {
				return ""
			}
			return "e1"
		}
		s.onRequest = func(in *incoming) { requests <- in }
	})
	p := newProxy(t, s)
	c := connect(t, p.URL())
	errs := make(chan error, 1)
	go func() { errs <- c.Call(t.Context(), "pay", nil, nil) }()
	receive(t, "the request", requests)
	p.cut()
	if err := receive(t, "the end", errs); !errors.Is(err, client.ErrConnectionLost) {
		t.Errorf("error = %v", err)
	}
}

// A volatile call fails with its connection, unless it may run again.
func TestVolatileCalls(t *testing.T) {
	requests := make(chan *incoming, 4)
	s := newServer(t, func(s *server) {
		remembering(s)
		s.onRequest = func(in *incoming) { requests <- in }
	})
	p := newProxy(t, s)
	c := connect(t, p.URL())
	errs, stream, read := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() { errs <- c.Call(t.Context(), "watch", nil, nil, client.Volatile()) }()
	go func() {
		_, err := client.Stream[int, int](t.Context(), c, "watch", nil, client.Volatile()).Result()
		stream <- err
	}()
	go func() { read <- c.Call(t.Context(), "read", nil, nil, client.Volatile(), client.Idempotent()) }()
	for range 3 {
		receive(t, "the request", requests)
	}
	p.cut()
	for _, ch := range []chan error{errs, stream} {
		if err := receive(t, "the end", ch); !errors.Is(err, client.ErrConnectionLost) || client.CodeOf(err) != 0 {
			t.Errorf("error = %v", err)
		}
	}
	again := receive(t, "the request, again", requests)
	if again.Method != "read" {
		t.Errorf("again: %+v", again.Request)
	}
	again.ack(nil)
	again.result(1)
	if err := receive(t, "the end", read); err != nil {
		t.Error(err)
	}
}

// A connection that is half open swallows what is sent: the calls go again by the
// next one.
func TestAHalfOpenConnection(t *testing.T) {
	runs := map[string]int{}
	var mu sync.Mutex
	s := newServer(t, func(s *server) {
		remembering(s)
		s.onRequest = func(in *incoming) {
			mu.Lock()
			runs[in.CorrelationID]++
			mu.Unlock()
			echo(in)
		}
	})
	p := newProxy(t, s)
	c := connect(t, p.URL(), client.WithSilence(20*time.Millisecond))
	p.stalled.Store(true)
	resent := make(chan struct{}, 1024)
	c.OnFrame(func(f client.Frame) {
		if f.Kind == client.FrameResend {
			resent <- struct{}{}
		}
	})
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() { errs <- c.Call(t.Context(), "m", greeting{}, nil) }()
	}
	for range 2 * cap(errs) {
		receive(t, "a repetition", resent)
	}
	p.stalled.Store(false)
	p.cut()
	for range cap(errs) {
		if err := receive(t, "the end", errs); err != nil {
			t.Error(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(runs) != cap(errs) {
		t.Errorf("%d calls arrived", len(runs))
	}
}

// However much is under way when the connection is lost, each call has its answer
// afterwards, and no frame is over the server's limit.
func TestManyCallsSurviveCuts(t *testing.T) {
	bothProtocols(t, func(t *testing.T, opts ...client.Option) {
		const calls = 500
		var mu sync.Mutex
		arrived := map[string]int{}
		all := make(chan struct{})
		s := newServer(t, func(s *server) {
			remembering(s)
			s.maxSize = 8192
			s.onRequest = func(in *incoming) {
				mu.Lock()
				defer mu.Unlock()
				arrived[in.CorrelationID]++
				if len(arrived) == calls && arrived[in.CorrelationID] == 1 {
					close(all)
				}
				if arrived[in.CorrelationID] > 1 {
					go echo(in)
				}
			}
		})
		p := newProxy(t, s)
		c := connect(t, p.URL(), opts...)
		errs := make(chan error, calls)
		for i := range calls {
			go func() {
				want := greeting{Text: string(slices.Repeat([]byte("x"), 3*i)), N: i}
				var got greeting
				err := c.Call(t.Context(), "m", want, &got)
				if err == nil && got != want {
					err = fmt.Errorf("call %d was answered with %d", want.N, got.N)
				}
				errs <- err
			}()
		}
		receive(t, "all requests", all)
		p.cut()
		for range calls {
			if err := receive(t, "the end", errs); err != nil {
				t.Error(err)
			}
		}
		if n := s.connects.Load(); n != 2 {
			t.Errorf("it took %d connections", n)
		}
		eventually(t, "nothing is left", func() bool { return c.Outstanding() == 0 })
	})
}

// Close ends whatever a call is waiting for, at once.
func TestCloseEndsWhatIsToBeSentAgain(t *testing.T) {
	requests := make(chan *incoming, 256)
	s := newServer(t, func(s *server) {
		remembering(s)
		s.onRequest = func(in *incoming) {
			requests <- in
			if in.Method == "refused" {
				in.ack(&centrifuge.Error{Code: 503, Message: "draining"})
			}
		}
	})
	p := newProxy(t, s)
	c := connect(t, p.URL())
	const calls = 100
	errs := make(chan error, calls+2)
	for range calls {
		go func() { errs <- c.Call(t.Context(), "m", nil, nil) }()
	}
	stream := client.Stream[int, int](t.Context(), c, "m", nil)
	go func() { _, err := stream.Result(); errs <- err }()
	go func() { errs <- c.Call(t.Context(), "refused", nil, nil) }()
	for range calls + 2 {
		receive(t, "a request", requests)
	}
	p.cut()
	for range 32 { // the others wait for their turn
		receive(t, "a request, again", requests)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	for range calls + 2 {
		if err := receive(t, "the end", errs); !errors.Is(err, client.ErrClosed) {
			t.Errorf("error = %v", err)
		}
	}
	if n := c.Outstanding(); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// Streams leave no goroutine, however they end.
func TestStreamsLeaveNoGoroutine(t *testing.T) {
	s := newServer(t, func(s *server) {
		remembering(s)
		s.onRequest = func(in *incoming) {
			in.ack(nil)
			if in.Op != wire.OpCall {
				return
			}
			for i := range 3 {
				s.publish(in.ReplyTo, wire.EncodeItem(in.CorrelationID, uint64(i), json.RawMessage("1")))
			}
			if in.Method == "ends" {
				s.publish(in.ReplyTo, wire.EncodeStreamEnd(wire.EncodeResult(in.CorrelationID, json.RawMessage("1")), 3))
			}
		}
	})
	before := clientGoroutines()
	c := connect(t, s.URL)
	own := clientGoroutines()
	for range 5 {
		if _, err := client.Stream[int, int](t.Context(), c, "ends", nil).Result(); err != nil {
			t.Error(err)
		}
		for range client.Stream[int, int](t.Context(), c, "hangs", nil).Items() {
			break
		}
		if _, err := client.Stream[int, int](t.Context(), c, "hangs", nil, client.WithTimeout(time.Millisecond)).Result(); !errors.Is(err, client.ErrTimeout) {
			t.Error(err)
		}
	}
	eventually(t, "the streams' goroutines have ended", func() bool { return clientGoroutines() <= own })
	eventually(t, "nothing is left", func() bool { return c.Outstanding() == 0 })
	client.Stream[int, int](t.Context(), c, "hangs", nil)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	eventually(t, "no goroutine is left", func() bool { return clientGoroutines() <= before })
}
