package client

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// wall is a wall clock that a test sets, while the monotonic one goes on.
type wall struct{ ahead atomic.Int64 }

func (w *wall) set(ahead time.Duration) { w.ahead.Store(int64(ahead)) }

func (w *wall) option() Option {
	return optionFunc(func(c *config) {
		c.wallClock = func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	})
}

// While a computer sleeps, the monotonic clock may stand still. A call whose time
// has passed meanwhile is not sent again, for the server has forgotten it: it has
// timed out.
func TestSleepPastTheDeadline(t *testing.T) {
	for _, cut := range []bool{true, false} {
		for _, byContext := range []bool{false, true} {
			t.Run(fmt.Sprintf("cut %v, by its context %v", cut, byContext), func(t *testing.T) {
				var clock wall
				var ops []wire.Op
				inBubble(t, func(p *peer, connection int) {
					for {
						r, ok := p.next()
						if !ok {
							return
						}
						ops = append(ops, r.Op)
						p.ack(r)
						if r.Op == wire.OpCall {
							clock.set(time.Hour)
							if cut {
								return
							}
						}
					}
				}, func(t *testing.T, c *CentrifugoRPCClient) {
					ctx, timeout, want := t.Context(), 30*time.Second, ErrTimeout
					if byContext {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, timeout)
						defer cancel()
						timeout, want = time.Minute, context.DeadlineExceeded
					}
					began := time.Now()
					err := c.Call(ctx, "pay", nil, nil, WithTimeout(timeout))
					if took := time.Since(began); !errors.Is(err, want) || errors.Is(err, ErrTimeout) == byContext || took > 11*time.Second {
						t.Errorf("after %s: %v", took, err)
					}
					synctest.Wait()
				}, clock.option())
				if fmt.Sprint(ops) != "[call cancel]" {
					t.Errorf("the server was sent %v", ops)
				}
			})
		}
	}
}

// A sleep that ends before the deadline leaves the call its time by the wall clock.
func TestSleepBeforeTheDeadline(t *testing.T) {
	var clock wall
	var left []int64
	inBubble(t, func(p *peer, connection int) {
		r, ok := p.next()
		if !ok {
			return
		}
		left = append(left, r.TimeoutMS)
		if connection == 1 {
			clock.set(20 * time.Second)
			return
		}
		p.result(r, "1")
		p.control()
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		if err := c.Call(t.Context(), "pay", nil, nil, WithTimeout(30*time.Second)); err != nil {
			t.Error(err)
		}
	}, clock.option())
	if len(left) != 2 || left[0] != 30_000 || left[1] > 10_000 || left[1] < 9_990 {
		t.Errorf("said to be left: %v ms", left)
	}
}

// A clock that is set does no harm to calls that cannot have been claimed, and set
// back it gives no call more time.
func TestTheWallClockIsSet(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		for _, refuses := range []bool{true, false} {
			if !refuses && ahead > 0 {
				continue // that is a sleep
			}
			t.Run(fmt.Sprint(ahead, refuses), func(t *testing.T) {
				var clock wall
				requests := 0
				inBubble(t, func(p *peer, connection int) {
					for {
						r, ok := p.next()
						if !ok {
							return
						}
						if r.TimeoutMS > 30_000 || r.TimeoutMS < 29_000 {
							t.Errorf("%d ms are left", r.TimeoutMS)
						}
						switch requests++; {
						case requests > 1:
							p.result(r, "1")
						case refuses:
							clock.set(2 * ahead)
							p.refuse(r, 503)
						default:
							clock.set(2 * ahead)
							return
						}
					}
				}, func(t *testing.T, c *CentrifugoRPCClient) {
					clock.set(ahead) // before the call is made
					if err := c.Call(t.Context(), "pay", nil, nil, WithTimeout(30*time.Second)); err != nil || requests != 2 {
						t.Errorf("after %d requests: %v", requests, err)
					}
				}, clock.option())
			})
		}
	}
}
