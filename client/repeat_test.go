package client

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/centrirpc/centrirpc/wire"
)

// inBubble runs a test with a client that is connected to a server written out by
// the test; serve gets one connection after another.
func inBubble(t *testing.T, serve func(p *peer, connection int), test func(t *testing.T, c *CentrifugoRPCClient), opts ...Option) {
	inBubbleOf(t, func(int) string { return "e1" }, serve, test, opts...)
}

func inBubbleOf(t *testing.T, store func(connection int) string, serve func(p *peer, connection int), test func(t *testing.T, c *CentrifugoRPCClient), opts ...Option) {
	t.Helper()
	freshPools()
	defer freshPools()
	synctest.Test(t, func(t *testing.T) {
		connections := 0
		b := newBubble(t, func(ctx context.Context, ws *websocket.Conn) {
			connections++
			n := connections
			if p, ok := accept(ctx, t, ws, store(n)); ok {
				serve(p, n)
			}
		}, append([]Option{WithReconnectDelay(time.Millisecond, time.Millisecond), WithErrorHandler(func(error) {})}, opts...)...)
		if err := b.client.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		test(t, b.client)
		if n := b.client.Outstanding(); n > 0 {
			synctest.Wait()
			if n = b.client.Outstanding(); n > 0 {
				t.Errorf("%d calls or commands are left", n)
			}
		}
	})
}

// A call of which the server gives no sign is sent again after 10 s, then 20 s
// more, then 40, then 60, under its id and with the store it was first sent to. The
// first acknowledgement is a sign, and so are progress and a new connection: from
// then on it is 10 s again. What is acknowledged once more is still silent.
func TestSilence(t *testing.T) {
	var at []time.Duration
	var first published
	began := time.Time{}
	inBubble(t, func(p *peer, _ int) {
		for {
			r, ok := p.next()
			if !ok {
				return
			}
			if began.IsZero() {
				began = time.Now()
			}
			at = append(at, time.Since(began).Round(time.Second))
			n := len(at)
			switch {
			case n == 1:
				first = r
				if r.Store != "" {
					t.Errorf("the first request names the store %q", r.Store)
				}
			case r.CorrelationID != first.CorrelationID || r.Method != "pay" || string(r.Params) != `{"n":1}` || r.ReplyTo != first.ReplyTo || r.Store != "e1":
				t.Errorf("sent again: %+v; first %+v", r.Request, first.Request)
			case r.TimeoutMS != (time.Until(began.Add(time.Hour)) + time.Millisecond - 1).Milliseconds():
				t.Errorf("after %s the timeout is %d ms", time.Since(began), r.TimeoutMS)
			}
			if n >= 4 {
				p.ack(r)
			}
			switch n {
			case 9:
				p.progress(r)
			case 12:
				return
			case 14:
				p.result(r, `"done"`)
				p.result(r, `"twice"`)
			}
		}
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		var got string
		if err := c.Call(t.Context(), "pay", map[string]int{"n": 1}, &got, WithTimeout(time.Hour)); err != nil || got != "done" {
			t.Errorf("%q, %v", got, err)
		}
	})
	if want := "[0s 10s 30s 1m10s 1m20s 1m40s 2m20s 3m20s 4m20s 4m30s 4m50s 5m30s 5m30s 5m40s]"; fmt.Sprint(at) != want {
		t.Errorf("sent at %v; want %s", at, want)
	}
}

// A silence that is allowed from the start is not shortened by the bound of the
// doubling.
func TestALongSilence(t *testing.T) {
	var at []time.Duration
	inBubble(t, func(p *peer, _ int) {
		began := time.Now()
		for {
			r, ok := p.next()
			if !ok {
				return
			}
			if at = append(at, time.Since(began)); len(at) == 3 {
				p.result(r, "1")
			}
		}
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		if err := c.Call(t.Context(), "m", nil, nil, WithTimeout(time.Hour)); err != nil {
			t.Error(err)
		}
	}, WithSilence(2*time.Minute))
	if want := "[0s 2m0s 4m0s]"; fmt.Sprint(at) != want {
		t.Errorf("sent at %v; want %s", at, want)
	}
}

// What is not to be sent again is not, however silent the server is.
func TestSilenceOfAVolatileCallAndOfAnOlderServer(t *testing.T) {
	for _, test := range []struct {
		name, store string
		opts        []CallOption
		requests    int
	}{
		{"volatile", "e1", []CallOption{Volatile()}, 1},
		{"volatile and idempotent", "e1", []CallOption{Volatile(), Idempotent()}, 2},
		{"of a server without a store", "", nil, 1},
		{"idempotent, without a store", "", []CallOption{Idempotent()}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests := 0
			inBubbleOf(t, func(int) string { return test.store }, func(p *peer, _ int) {
				for {
					r, ok := p.next()
					if !ok {
						return
					}
					if r.Op == wire.OpCall {
						requests++
					}
					p.ack(r)
				}
			}, func(t *testing.T, c *CentrifugoRPCClient) {
				err := c.Call(t.Context(), "m", nil, nil, append(test.opts, WithTimeout(15*time.Second))...)
				if !errors.Is(err, ErrTimeout) {
					t.Error(err)
				}
				synctest.Wait()
			})
			if requests != test.requests {
				t.Errorf("%d requests; want %d", requests, test.requests)
			}
		})
	}
}

// A server that refuses for now is asked again, with backoff, and what it refused
// it has not claimed: the next request is a first one. It is the error of the call
// if that is all that was heard until the deadline.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		refusal int
		code    wire.Code
	}{{111, wire.ResourceExhausted}, {429, wire.ResourceExhausted}, {503, wire.Unavailable}} {
		for _, op := range []wire.Op{wire.OpCall, wire.OpNotify} {
			t.Run(fmt.Sprint(test.refusal, op), func(t *testing.T) {
				accepts := 4
				requests, cancels := 0, 0
				inBubble(t, func(p *peer, _ int) {
					for {
						r, ok := p.next()
						switch {
						case !ok:
							return
						case r.Store != "":
							t.Errorf("it names the store: %+v", r.Request)
						case r.Op == wire.OpCancel:
							cancels++
							continue
						}
						if requests++; requests == accepts {
							p.ack(r)
							p.result(r, "7")
							continue
						}
						p.refuse(r, test.refusal)
					}
				}, func(t *testing.T, c *CentrifugoRPCClient) {
					do := func(ctx context.Context, d time.Duration) (err error) {
						if op == wire.OpNotify {
							return c.Notify(ctx, "m", nil, WithTimeout(d))
						}
						return c.Call(ctx, "m", nil, nil, WithTimeout(d))
					}
					if err := do(t.Context(), time.Minute); err != nil {
						t.Error(err)
					}
					accepts, requests = -1, 0
					began := time.Now()
					err := do(t.Context(), time.Minute)
					if CodeOf(err) != test.code || time.Since(began) != time.Minute || errors.Is(err, ErrTimeout) {
						t.Errorf("after %s: %v", time.Since(began), err)
					}
					// On average a request every 2.5 s, once the bound is reached.
					if requests < 12 || requests > 60 {
						t.Errorf("%d requests in a minute", requests)
					}
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					if err := do(ctx, 0); CodeOf(err) != test.code || !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("by the context's deadline: %v", err)
					}
					synctest.Wait()
					if cancels > 0 {
						t.Errorf("%d cancels of calls that the server never took", cancels)
					}
				})
			})
		}
	}
}

// A server between the client and ours says 100 when it does not know what became of
// a request. It may have been claimed: so the next one names the store, of which one
// that has forgotten the call can tell.
func TestAFaultInBetween(t *testing.T) {
	for _, op := range []wire.Op{wire.OpCall, wire.OpNotify} {
		for _, store := range []string{"e1", ""} {
			t.Run(fmt.Sprintf("%v %q", op, store), func(t *testing.T) {
				requests := 0
				inBubbleOf(t, func(int) string { return store }, func(p *peer, _ int) {
					for {
						r, ok := p.next()
						switch {
						case !ok:
							return
						case r.Op == wire.OpCancel:
							continue
						}
						if requests++; requests > 1 && r.Store != store || requests == 1 && r.Store != "" {
							t.Errorf("request %d names the store %q", requests, r.Store)
						}
						if requests == 3 {
							p.ack(r)
							p.result(r, "7")
							continue
						}
						p.refuse(r, codeInternal)
					}
				}, func(t *testing.T, c *CentrifugoRPCClient) {
					do := func() error {
						if op == wire.OpNotify {
							return c.Notify(t.Context(), "m", nil, WithTimeout(time.Minute))
						}
						return c.Call(t.Context(), "m", nil, nil, WithTimeout(time.Minute))
					}
					if err := do(); err != nil || requests != 3 {
						t.Errorf("%d requests: %v", requests, err)
					}
					requests = -1_000 // until the end of its time
					if err := do(); store != "" && !errors.Is(err, ErrTimeout) {
						t.Errorf("a call that may run: %v", err)
					} else if store == "" && CodeOf(err) != codeInternal {
						t.Errorf("a server that remembers nothing: %v", err)
					}
				})
			})
		}
	}
}

// A call that may have been claimed before it was refused has timed out.
func TestARefusalOfACallThatMayRun(t *testing.T) {
	requests := 0
	inBubble(t, func(p *peer, connection int) {
		for {
			r, ok := p.next()
			if !ok {
				return
			}
			if r.Op != wire.OpCall {
				continue
			}
			requests++
			if connection == 1 {
				return
			}
			if r.Store != "e1" {
				t.Errorf("it names the store %q", r.Store)
			}
			p.refuse(r, 503)
		}
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		err := c.Call(t.Context(), "m", nil, nil, WithTimeout(5*time.Second))
		if !errors.Is(err, ErrTimeout) || CodeOf(err) != 0 {
			t.Error(err)
		}
	})
	if requests < 3 {
		t.Errorf("%d requests", requests)
	}
}

// What many calls send again goes in turns, be it acknowledged or not.
func TestPacing(t *testing.T) {
	const calls = 500
	for _, acknowledges := range []bool{true, false} {
		t.Run(fmt.Sprintf("acknowledged %v", acknowledges), func(t *testing.T) {
			perSecond := map[time.Duration]int{}
			inBubble(t, func(p *peer, connection int) {
				began, out, most := time.Now(), 0, 0
				var open []published
				for n := 1; ; n++ {
					r, ok := p.next()
					if !ok {
						return
					}
					if connection == 1 {
						if n == calls {
							return
						}
						continue
					}
					perSecond[time.Since(began).Truncate(time.Second)]++
					out++
					most = max(most, out)
					open = append(open, r)
					if !acknowledges {
						p.result(r, "1")
						continue
					}
					if out < 32 && n < calls-32 {
						continue
					}
					for _, r := range open {
						p.ack(r)
						p.result(r, "1")
					}
					open, out = nil, 0
					if most > 32 {
						t.Errorf("%d were out", most)
					}
				}
			}, func(t *testing.T, c *CentrifugoRPCClient) {
				errs := make(chan error, calls)
				for range calls {
					go func() { errs <- c.Call(t.Context(), "m", nil, nil, WithTimeout(time.Minute)) }()
				}
				for range calls {
					if err := <-errs; err != nil {
						t.Error(err)
					}
				}
			})
			if acknowledges && perSecond[0] != calls {
				t.Errorf("requests by the second: %v", perSecond)
			}
		})
	}
}

// Where nothing is acknowledged or answered, the next ones go after a second.
func TestPacingWithoutAcknowledgements(t *testing.T) {
	const calls = 100
	perSecond := map[time.Duration]int{}
	inBubble(t, func(p *peer, connection int) {
		began := time.Now()
		for n := 1; ; n++ {
			r, ok := p.next()
			if !ok {
				return
			}
			if connection == 1 && n == calls {
				return
			}
			if connection == 2 && r.Op == wire.OpCall {
				perSecond[time.Since(began).Truncate(time.Second)]++
			}
		}
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		errs := make(chan error, calls)
		for range calls {
			go func() { errs <- c.Call(t.Context(), "m", nil, nil, WithTimeout(9*time.Second)) }()
		}
		for range calls {
			if err := <-errs; !errors.Is(err, ErrTimeout) {
				t.Error(err)
			}
		}
	})
	if want := "map[0s:32 1s:32 2s:32 3s:4]"; fmt.Sprint(perSecond) != want {
		t.Errorf("requests by the second: %v; want %s", perSecond, want)
	}
}
