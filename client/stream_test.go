package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

func (p *peer) item(r published, seq uint64) {
	p.push(wire.EncodeItem(r.CorrelationID, seq, json.RawMessage(fmt.Sprint(seq))))
}

func (p *peer) end(r published, items uint64) {
	p.push(wire.EncodeStreamEnd(wire.EncodeResult(r.CorrelationID, json.RawMessage(`"done"`)), items))
}

// control takes the requests that follow the first one.
func (p *peer) control() []published {
	var all []published
	for {
		r, ok := p.next()
		if !ok {
			return all
		}
		all = append(all, r)
	}
}

func collect(s *RPCStream[int, string]) (items []int, err error) {
	for item, failed := range s.Items() {
		if failed != nil {
			return items, failed
		}
		items = append(items, item)
	}
	return items, nil
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// However the messages of a stream arrive, its items come once and in order, and
// then the end.
func TestStreamOrder(t *testing.T) {
	serverError := func(p *peer, r published, items uint64) {
		p.push(wire.EncodeStreamEnd(wire.EncodeError(r.CorrelationID, &wire.Error{Code: 404, Reason: "not_found", Message: "gone"}), items))
	}
	for _, test := range []struct {
		name  string
		serve func(p *peer, r published)
		items int
		code  Code
	}{
		{"in order", func(p *peer, r published) { p.item(r, 0); p.item(r, 1); p.end(r, 2) }, 2, 0},
		{"before the acknowledgement", func(p *peer, r published) { p.item(r, 0); p.end(r, 1); p.ack(r) }, 1, 0},
		{"no items", func(p *peer, r published) { p.end(r, 0) }, 0, 0},
		{"duplicates", func(p *peer, r published) {
			p.item(r, 0)
			p.item(r, 0)
			p.item(r, 1)
			p.item(r, 0)
			p.item(r, 1)
			p.end(r, 2)
			p.end(r, 2)
			p.item(r, 1)
		}, 2, 0},
		{"backwards", func(p *peer, r published) { p.end(r, 3); p.item(r, 2); p.item(r, 1); p.item(r, 0) }, 3, 0},
		{"the last one after the end", func(p *peer, r published) { p.item(r, 0); p.end(r, 2); p.item(r, 1) }, 2, 0},
		{"items beyond the end", func(p *peer, r published) { p.end(r, 2); p.item(r, 7); p.item(r, 0); p.item(r, 1); p.item(r, 2) }, 2, 0},
		{"an error after items", func(p *peer, r published) { p.item(r, 0); serverError(p, r, 2); p.item(r, 1) }, 2, 404},
		{"an error without a number", func(p *peer, r published) {
			p.item(r, 0)
			p.item(r, 2)
			p.push(wire.EncodeError(r.CorrelationID, &wire.Error{Code: 520, Reason: "outcome_unknown", Message: "x"}))
		}, 1, 520},
		{"an error without a number after the end", func(p *peer, r published) {
			p.item(r, 0)
			p.end(r, 3)
			p.push(wire.EncodeError(r.CorrelationID, &wire.Error{Code: 520, Reason: "outcome_unknown", Message: "x"}))
		}, 1, 520},
		{"a result without a number", func(p *peer, r published) { p.item(r, 0); p.result(r, `"done"`) }, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, func(p *peer, _ int) {
				if r, ok := p.next(); ok {
					test.serve(p, r)
					p.control()
				}
			}, func(t *testing.T, c *CentrifugoRPCClient) {
				s := Stream[int, string](t.Context(), c, "m", nil)
				items, err := collect(s)
				if !slices.Equal(items, upTo(test.items)) || CodeOf(err) != test.code {
					t.Errorf("items %v, %v", items, err)
				}
				result, err := s.Result()
				if CodeOf(err) != test.code || test.code == 0 && (err != nil || result != "done") {
					t.Errorf("result %q, %v", result, err)
				}
			})
		})
	}
}

// A missing item is asked for, at most every 250 ms, and what came after it is
// kept, up to a bound.
func TestStreamGap(t *testing.T) {
	var asked []time.Duration
	inBubble(t, func(p *peer, _ int) {
		r, _ := p.next()
		began := time.Now()
		p.ack(r)
		p.item(r, 0)
		for seq := range uint64(300) {
			p.item(r, seq+2)
		}
		p.end(r, 302)
		from := uint64(1)
		for {
			again, ok := p.next()
			if !ok {
				return
			}
			if again.Op != wire.OpResume {
				continue
			}
			if again.CorrelationID != r.CorrelationID || again.ReplyTo != r.ReplyTo || *again.Seq != from {
				t.Errorf("%+v, seq %d; want %d", again.Request, *again.Seq, from)
			}
			switch asked = append(asked, time.Since(began)); {
			case len(asked) == 3: // the others are lost
				p.item(r, 1)
				from = 258 // 257 of those after the gap were kept
			case len(asked) > 3:
				for seq := from; seq < 302; seq++ {
					p.item(r, seq)
				}
			}
		}
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		items, err := collect(Stream[int, string](t.Context(), c, "m", nil))
		if !slices.Equal(items, upTo(302)) || err != nil {
			t.Errorf("%d items, %v", len(items), err)
		}
	})
	if want := "[0s 250ms 500ms 750ms]"; fmt.Sprint(asked) != want {
		t.Errorf("asked at %v; want %s", asked, want)
	}
}

// The server is told of items that the application has taken, every 64 or 250 ms
// after one, and of no others, until all are there.
func TestStreamAcknowledgements(t *testing.T) {
	var acks []string
	inBubble(t, func(p *peer, _ int) {
		r, _ := p.next()
		began := time.Now()
		p.ack(r)
		for seq := range uint64(200) {
			p.item(r, seq)
		}
		for {
			again, ok := p.next()
			if !ok {
				return
			}
			if again.Op == wire.OpAck && again.CorrelationID == r.CorrelationID && again.Seq != nil {
				acks = append(acks, fmt.Sprint(*again.Seq, " at ", time.Since(began)))
			}
			if len(acks) == 4 {
				p.end(r, 200)
			}
		}
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		s := Stream[int, string](t.Context(), c, "m", nil)
		n := 0
		for range s.Items() {
			switch n++; n {
			case 1: // and then nothing for a second
				time.Sleep(time.Second)
			case 65, 129:
				synctest.Wait() // the stream's goroutine sees 64 more
			case 150:
				time.Sleep(time.Second)
			}
		}
		if n != 200 {
			t.Errorf("%d items", n)
		}
		synctest.Wait()
	})
	if want := "[0 at 250ms 64 at 1s 128 at 1s 149 at 1.25s 199 at 1.25s]"; fmt.Sprint(acks) != want {
		t.Errorf("acknowledged %v; want %s", acks, want)
	}
}

// Who has taken several items, and all that came, says so soon: the server may wait at
// its bound of bytes.
func TestStreamAcknowledgesAllThatCame(t *testing.T) {
	var acks []string
	inBubble(t, func(p *peer, _ int) {
		r, _ := p.next()
		began := time.Now()
		p.ack(r)
		for seq := range uint64(4) {
			for next := range uint64(10) {
				p.item(r, 10*seq+next)
			}
			again, ok := p.next()
			if !ok {
				return
			}
			acks = append(acks, fmt.Sprint(*again.Seq, " at ", time.Since(began)))
		}
		p.end(r, 40)
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		if items, err := collect(Stream[int, string](t.Context(), c, "m", nil)); len(items) != 40 || err != nil {
			t.Errorf("%d items, %v", len(items), err)
		}
		synctest.Wait()
	})
	if want := "[9 at 20ms 19 at 40ms 29 at 60ms 39 at 80ms]"; fmt.Sprint(acks) != want {
		t.Errorf("acknowledged %v; want %s", acks, want)
	}
}

// A stream goes on over a lost connection: what is missing is asked for with the
// call itself, and what was taken is acknowledged again.
func TestStreamOverALostConnection(t *testing.T) {
	var second []published
	inBubble(t, func(p *peer, connection int) {
		r, _ := p.next()
		if connection == 1 {
			if r.Seq != nil || r.Store != "" {
				t.Errorf("first %+v", r.Request)
			}
			p.ack(r)
			p.item(r, 0)
			p.item(r, 1)
			p.item(r, 3)
			for { // until the taken items are acknowledged
				again, ok := p.next()
				if !ok || again.Op == wire.OpAck && *again.Seq == 1 {
					return
				}
			}
		}
		ack, _ := p.next()
		second = []published{r, ack}
		for seq := uint64(1); seq < 5; seq++ {
			p.item(r, seq)
		}
		p.end(r, 5)
		p.control()
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		s := Stream[int, string](t.Context(), c, "m", map[string]int{"n": 1})
		items, err := collect(s)
		if !slices.Equal(items, upTo(5)) || err != nil {
			t.Errorf("%v, %v", items, err)
		}
	})
	call, ack := second[0], second[1]
	if call.Op != wire.OpCall || call.Seq == nil || *call.Seq != 2 || call.Store != "e1" || string(call.Params) != `{"n":1}` {
		t.Errorf("again: %+v", call.Request)
	}
	if ack.Op != wire.OpAck || *ack.Seq != 1 {
		t.Errorf("then: %+v", ack.Request)
	}
}

// A server that has as many items out as may be waits until they are acknowledged.
// If just that acknowledgement is lost with its connection, is lost without it, or is
// refused, it is said again.
func TestALostAcknowledgement(t *testing.T) {
	const window = 256
	for _, test := range []struct {
		name string
		lose func(p *peer, ack published) (stays bool)
		// It is said again after so long.
		least, most time.Duration
	}{
		{"with the connection", func(*peer, published) bool { return false }, 0, 10 * time.Millisecond},
		{"alone", func(*peer, published) bool { return true }, DefaultSilence - ackAfter, DefaultSilence},
		{"refused", func(p *peer, ack published) bool { p.refuse(ack, 111); return true }, ackAfter, ackAfter},
	} {
		t.Run(test.name, func(t *testing.T) {
			var told []time.Time
			inBubble(t, func(p *peer, connection int) {
				r, _ := p.next()
				p.ack(r)
				for seq := uint64(0); connection == 1 && seq < window; seq++ {
					p.item(r, seq)
				}
				if connection == 2 && (r.Seq == nil || *r.Seq != window) {
					t.Errorf("again: %+v", r.Request)
				}
				for {
					ack, ok := p.next()
					if !ok {
						return
					}
					if ack.Op != wire.OpAck || ack.Seq == nil || *ack.Seq != window-1 {
						continue
					}
					told = append(told, time.Now())
					switch {
					case len(told) == 2:
						p.item(r, window)
						p.end(r, window+1)
					case len(told) == 1 && !test.lose(p, ack):
						return
					}
				}
			}, func(t *testing.T, c *CentrifugoRPCClient) {
				items, err := collect(Stream[int, string](t.Context(), c, "m", nil))
				if !slices.Equal(items, upTo(window+1)) || err != nil {
					t.Errorf("%d items, %v", len(items), err)
				}
			})
			if len(told) != 2 {
				t.Fatalf("acknowledged %d times", len(told))
			}
			if after := told[1].Sub(told[0]); after < test.least || after > test.most {
				t.Errorf("said again after %s", after)
			}
		})
	}
}

// Who leaves a stream, in whatever way, cancels it once and leaves nothing behind.
func TestLeavingAStream(t *testing.T) {
	for name, leave := range map[string]func(t *testing.T, s *RPCStream[int, string], cancel func()) error{
		"break": func(_ *testing.T, s *RPCStream[int, string], _ func()) error {
			for range s.Items() {
				break
			}
			_, err := s.Result()
			return err
		},
		"panic": func(_ *testing.T, s *RPCStream[int, string], _ func()) (err error) {
			defer func() {
				_ = recover()
				_, err = s.Result()
			}()
			for range s.Items() {
				panic("x")
			}
			return nil
		},
		"Close": func(_ *testing.T, s *RPCStream[int, string], _ func()) error {
			s.Close()
			s.Close()
			_, err := collect(s)
			return err
		},
		"the context": func(_ *testing.T, s *RPCStream[int, string], cancel func()) error {
			cancel()
			_, err := collect(s)
			if !errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		},
		"while it waits": func(_ *testing.T, s *RPCStream[int, string], cancel func()) error {
			time.AfterFunc(time.Second, cancel)
			items, err := collect(s)
			if !slices.Equal(items, []int{0}) {
				return nil
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			cancels := 0
			inBubble(t, func(p *peer, _ int) {
				r, _ := p.next()
				p.ack(r)
				p.item(r, 0)
				for _, again := range p.control() {
					if again.Op == wire.OpCancel && again.CorrelationID == r.CorrelationID {
						cancels++
					}
				}
			}, func(t *testing.T, c *CentrifugoRPCClient) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				s := Stream[int, string](ctx, c, "m", nil)
				synctest.Wait()
				want := "streaming m: aborted: the stream was left"
				if name == "the context" || name == "while it waits" {
					want = "streaming m: aborted: the caller's context was cancelled"
				}
				if err := leave(t, s, cancel); !errors.Is(err, ErrAborted) || !errors.Is(err, context.Canceled) || err.Error() != want {
					t.Errorf("error = %v", err)
				}
				if n := c.Outstanding(); n > 0 {
					t.Errorf("%d are left", n)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			})
			if cancels != 1 {
				t.Errorf("%d cancels", cancels)
			}
		})
	}
}
