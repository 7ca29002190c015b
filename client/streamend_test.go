package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// Items that do not fit end the stream with an error of the client's own.
func TestAStreamOfAnotherType(t *testing.T) {
	inBubble(t, func(p *peer, _ int) {
		r, _ := p.next()
		p.ack(r)
		p.item(r, 0)
		p.push(wire.EncodeItem(r.CorrelationID, 1, json.RawMessage(`"x"`)))
		p.control()
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		s := Stream[int, string](t.Context(), c, "m", nil)
		items, err := collect(s)
		if !slices.Equal(items, []int{0}) || !errors.Is(err, ErrInvalidReply) {
			t.Errorf("%v, %v", items, err)
		}
		if _, err := s.Result(); !errors.Is(err, ErrInvalidReply) {
			t.Errorf("result: %v", err)
		}
	})
}

// Whoever wants the result alone has the items dropped.
func TestResultWithoutItems(t *testing.T) {
	inBubble(t, func(p *peer, _ int) {
		r, _ := p.next()
		p.ack(r)
		for seq := range uint64(64) {
			p.item(r, seq)
		}
		for {
			again, ok := p.next()
			if !ok {
				return
			}
			if again.Op == wire.OpAck && *again.Seq == 63 {
				p.end(r, 64)
			}
		}
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		if result, err := Stream[int, string](t.Context(), c, "m", nil).Result(); err != nil || result != "done" {
			t.Errorf("%q, %v", result, err)
		}
	})
}

// A stream that cannot begin says so, and one that nobody looks at ends with its
// time.
func TestStreamsThatNobodyReads(t *testing.T) {
	inBubble(t, func(p *peer, _ int) {
		r, _ := p.next()
		p.ack(r)
		p.item(r, 0)
		p.control()
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		if _, err := Stream[int, string](t.Context(), c, "m", make(chan int)).Result(); !errors.Is(err, ErrInvalidParams) {
			t.Errorf("error = %v", err)
		}
		s := Stream[int, string](t.Context(), c, "m", nil, WithTimeout(time.Minute))
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := c.Outstanding(); n > 0 {
			t.Errorf("%d are left", n)
		}
		items, err := collect(s)
		if !slices.Equal(items, []int{0}) || !errors.Is(err, ErrTimeout) {
			t.Errorf("%v, %v", items, err)
		}
	})
}

// Progress comes in order and before the end of the call, and what its handler
// does wrong is reported.
func TestProgress(t *testing.T) {
	faults := make([]error, 0, 1)
	inBubble(t, func(p *peer, _ int) {
		for {
			r, ok := p.next()
			if !ok {
				return
			}
			p.ack(r)
			for i := range 3 {
				time.Sleep(time.Second)
				total := 3.0
				told, _ := wire.EncodeProgress(r.CorrelationID, wire.Progress{Done: float64(i), Total: &total, Message: fmt.Sprint(i)})
				p.push(told)
			}
			p.end(r, 0)
		}
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		want := []Progress{{0, 3, "0"}, {1, 3, "1"}, {2, 3, "2"}}
		for name, do := range map[string]func(CallOption) error{
			"call": func(o CallOption) error { return c.Call(t.Context(), "m", nil, nil, o) },
			"stream": func(o CallOption) error {
				_, err := Stream[int, string](t.Context(), c, "m", nil, o).Result()
				return err
			},
		} {
			var told []Progress
			err := do(OnProgress(func(p Progress) {
				if told = append(told, p); len(told) == 1 {
					panic("the first one")
				}
			}))
			if err != nil || !slices.Equal(told, want) {
				t.Errorf("%s: told %v, %v", name, told, err)
			}
		}
		synctest.Wait()
	}, WithErrorHandler(func(err error) { faults = append(faults, err) }))
	if len(faults) != 2 {
		t.Errorf("faults %v", faults)
	}
}
