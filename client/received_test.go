package client

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// sent are requests in the order in which they came.
type sent struct {
	mu  sync.Mutex
	all []published
}

func (s *sent) add(r published) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, r)
}

func (s *sent) list() []published {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// answering answers each call at once and keeps what it was sent.
func answering(all *sent) func(p *peer, _ int) {
	return func(p *peer, _ int) {
		for {
			r, ok := p.next()
			if !ok {
				return
			}
			all.add(r)
			p.ack(r)
			if r.Op == wire.OpCall {
				p.result(r, "1")
			}
		}
	}
}

// The next request names the calls whose replies have come; what is left goes by
// itself after a second. Calls that the server does not keep are not named.
func TestReceived(t *testing.T) {
	var requests sent
	var at time.Duration
	inBubble(t, answering(&requests), func(t *testing.T, c *CentrifugoRPCClient) {
		for _, opts := range [][]CallOption{nil, nil, {Volatile()}, nil} {
			if err := c.Call(t.Context(), "m", nil, nil, opts...); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Notify(t.Context(), "n", nil); err != nil {
			t.Fatal(err)
		}
		if err := c.Call(t.Context(), "m", nil, nil); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for synctest.Wait(); len(requests.list()) < 7; synctest.Wait() {
			time.Sleep(10 * time.Millisecond)
		}
		at = time.Since(began)
		time.Sleep(time.Minute)
		synctest.Wait()
	})
	all := requests.list()
	if len(all) != 7 || at < time.Second || at > time.Second+20*time.Millisecond {
		t.Fatalf("%d requests, the last one after %s", len(all), at)
	}
	id := func(i int) string { return all[i].CorrelationID }
	for i, want := range [][]string{nil, {id(0)}, {id(1)}, nil, {id(3)}, nil, {id(5)}} {
		if !slices.Equal(all[i].Received, want) {
			t.Errorf("request %d names %v; want %v", i, all[i].Received, want)
		}
	}
	if last := all[6]; last.Op != wire.OpAck || last.CorrelationID != id(5) || last.Seq != nil {
		t.Errorf("the last one is %+v", last.Request)
	}
}

// A whole request's worth of ids does not wait for a second, and one request names
// 64 at most.
func TestManyReceived(t *testing.T) {
	var all []published
	inBubble(t, func(p *peer, _ int) {
		var calls []published
		for range 150 {
			r, ok := p.next()
			if !ok {
				return
			}
			calls = append(calls, r)
		}
		for _, r := range calls {
			p.result(r, "1")
		}
		all = p.control()
	}, func(t *testing.T, c *CentrifugoRPCClient) {
		errs := make(chan error, 150)
		for range cap(errs) {
			go func() { errs <- c.Call(t.Context(), "m", nil, nil) }()
		}
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		time.Sleep(receivedFull)
		synctest.Wait()
		c.received.mu.Lock()
		left := c.received.count
		c.received.mu.Unlock()
		if left != 150-2*wire.MaxReceived {
			t.Errorf("%d are left", left)
		}
		time.Sleep(receivedIdle)
		synctest.Wait()
	})
	var counts []int
	named := map[string]bool{}
	for _, r := range all {
		counts = append(counts, len(r.Received))
		for _, id := range r.Received {
			named[id] = true
		}
	}
	if fmt.Sprint(counts) != "[64 64 22]" || len(named) != 150 {
		t.Errorf("%v are named, %d different ones", counts, len(named))
	}
}

// The ids outlive a connection, but not the store that they are for; and there is
// a bound to them.
func TestReceivedOfAnotherStore(t *testing.T) {
	for _, same := range []bool{true, false} {
		var all []published
		inBubbleOf(t, func(connection int) string {
			if same {
				return "e1"
			}
			return fmt.Sprint("e", connection)
		}, func(p *peer, connection int) {
			if connection > 1 {
				all = p.control()
				return
			}
			r, _ := p.next()
			p.result(r, "1")
		}, func(t *testing.T, c *CentrifugoRPCClient) {
			if err := c.Call(t.Context(), "m", nil, nil); err != nil {
				t.Error(err)
			}
			time.Sleep(2 * receivedIdle)
			synctest.Wait()
		})
		if same != (len(all) == 1 && len(all[0].Received) == 1) || !same && len(all) > 0 {
			t.Errorf("same store %v: %+v", same, all)
		}
	}
	var r received
	r.flush = func() {}
	r.connected("e1")
	for range 3 * maxReceivedKept {
		r.add(newCorrelationID())
	}
	if r.count != maxReceivedKept {
		t.Errorf("%d are kept", r.count)
	}
	r.connected("e1")
	if r.count != maxReceivedKept {
		t.Errorf("%d are kept for the same store", r.count)
	}
	r.connected("e2")
	if r.count != 0 || len(r.appendTo(nil, 1<<20)) > 0 {
		t.Errorf("%d are kept for another store", r.count)
	}
	r.stop()
}

// A request is not made too large by what it names.
func TestReceivedFitsIntoTheRequest(t *testing.T) {
	var r received
	r.flush = func() {}
	r.connected("e1")
	defer r.stop()
	for range wire.MaxReceived {
		r.add(newCorrelationID())
	}
	for room := range 200 {
		before := r.count
		b := r.appendTo(nil, room)
		if len(b) > room || room < 50 && len(b) > 0 || r.count == before && room > 60 && before > 0 {
			t.Errorf("%d bytes in %d: %s", len(b), room, b)
		}
	}
}
