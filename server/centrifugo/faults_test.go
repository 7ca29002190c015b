package centrifugo_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/client"
	"github.com/centrirpc/centrirpc/internal/centrifugoconfig"
	"github.com/centrirpc/centrirpc/server/centrifugo"
	"github.com/centrirpc/centrirpc/wire"
)

// Whatever becomes of a request between Centrifugo and the backend, the call runs
// once and has its result, once the backend can be reached.
func TestFaultsBetweenCentrifugoAndTheBackend(t *testing.T) {
	for name, test := range map[string]struct {
		times int64 // more than one only where the backend hears of none
		fault func(http.ResponseWriter, *http.Request, http.Handler)
	}{
		"down":               {3, abort},
		"slow":               {2, hang},
		"an error":           {3, status(http.StatusInternalServerError, "a stack")},
		"rubbish":            {3, status(http.StatusOK, "<html>")},
		"nothing":            {3, status(http.StatusOK, "")},
		"the answer is lost": {1, loseAnswer},
		"an answer that waits": {1, func(_ http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(discard{}, r.Clone(context.WithoutCancel(r.Context())))
			<-r.Context().Done()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounting()
			s := newSystem(t, c.router, centrifugoconfig.Options{})
			s.serve(c.router, centrifugo.Config{})
			rpc := s.connect("456")
			misbehaving, over := first(test.times, test.fault)
			s.proxies.misbehave(misbehaving)
			var got int64
			if err := rpc.Call(t.Context(), "count", nil, &got, client.WithTimeout(20*time.Second)); err != nil || got != 1 {
				t.Errorf("the call: %d, %v", got, err)
			}
			wait(t, "the faults", over)
			if n := c.runs.Load(); n != 1 {
				t.Errorf("%d runs", n)
			}
		})
	}
}

// discard is an answer that goes nowhere.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// A backend that dies with what it remembers leaves a call that may have run: whether
// Centrifugo heard of the claim or not, the call is not run again unless it may be.
func TestABackendThatDies(t *testing.T) {
	for _, acknowledged := range []bool{true, false} {
		for _, idempotent := range []bool{true, false} {
			t.Run(map[bool]string{true: "acknowledged", false: "unheard"}[acknowledged]+map[bool]string{true: " idempotent"}[idempotent], func(t *testing.T) {
				t.Parallel()
				var options []centrirpc.MethodOption
				var how []client.CallOption
				if idempotent {
					options, how = append(options, centrirpc.Idempotent()), append(how, client.Idempotent())
				}
				dying := newCounting(options...)
				dying.gate = make(chan struct{}) // it never ends
				s := newSystem(t, dying.router, centrifugoconfig.Options{})
				s.serve(dying.router, centrifugo.Config{})
				rpc := s.connect("456", client.WithSilence(300*time.Millisecond))
				if !acknowledged {
					misbehaving, _ := first(1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
						go next.ServeHTTP(discard{}, r.Clone(context.Background()))
						for deadline := time.Now().Add(10 * time.Second); dying.runs.Load() == 0 && time.Now().Before(deadline); {
							time.Sleep(time.Millisecond)
						}
						panic(http.ErrAbortHandler)
					})
					s.proxies.misbehave(misbehaving)
				}
				outcome := make(chan error, 1)
				var got int64
				go func() {
					outcome <- rpc.Call(t.Context(), "count", nil, &got, append(how, client.WithTimeout(20*time.Second))...)
				}()
				wait(t, "the handler", dying.began)
				next := newCounting(options...)
				s.serve(next.router, centrifugo.Config{})
				err := <-outcome
				switch {
				case idempotent && (err != nil || got != 1 || next.runs.Load() != 1):
					t.Errorf("%d after %d runs: %v", got, next.runs.Load(), err)
				case !idempotent && (client.CodeOf(err) != wire.OutcomeUnknown || next.runs.Load() != 0):
					t.Errorf("after %d runs: %v", next.runs.Load(), err)
				}
			})
		}
	}
}

// However the server API fails, a reply arrives once it works again, and a call is
// answered once.
func TestFaultsOfTheAPI(t *testing.T) {
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"refuses connections":   abort,
		"fails":                 status(http.StatusBadGateway, "<html>"),
		"is busy":               status(http.StatusTooManyRequests, ""),
		"an error in a 200":     status(http.StatusOK, `{"error":{"code":100,"message":"internal server error"}}`),
		"rubbish":               status(http.StatusOK, "<html>"),
		"neither":               status(http.StatusOK, "{}"),
		"published, and unsaid": loseAnswer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounting()
			s := newSystem(t, c.router, centrifugoconfig.Options{})
			s.serve(c.router, centrifugo.Config{})
			rpc := s.connect("456")
			misbehaving, over := first(3, fault)
			s.api.misbehave(misbehaving)
			for want := range int64(3) {
				var got int64
				if err := rpc.Call(t.Context(), "count", nil, &got, client.WithTimeout(20*time.Second)); err != nil || got != want+1 {
					t.Errorf("the call: %d, %v", got, err)
				}
			}
			wait(t, "the faults", over)
		})
	}
}

// A reply that was given up is not lost: the client asks again, and gets it from the
// store.
func TestAReplyThatWasGivenUp(t *testing.T) {
	c := newCounting()
	s := newSystem(t, c.router, centrifugoconfig.Options{})
	s.serve(c.router, centrifugo.Config{PublishTimeout: time.Millisecond})
	rpc := s.connect("456", client.WithSilence(200*time.Millisecond))
	misbehaving, _ := first(2, status(http.StatusBadGateway, ""))
	s.api.misbehave(misbehaving)
	var got int64
	if err := rpc.Call(t.Context(), "count", nil, &got, client.WithTimeout(20*time.Second)); err != nil || got != 1 || c.runs.Load() != 1 {
		t.Errorf("%d after %d runs: %v", got, c.runs.Load(), err)
	}
}

// A failure that no retry can mend is not tried again, and an event's publisher hears
// of it.
func TestFaultsOfTheAPIThatStay(t *testing.T) {
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"a wrong key":      status(http.StatusUnauthorized, ""),
		"a wrong path":     status(http.StatusNotFound, ""),
		"another address":  status(http.StatusFound, ""),
		"an unknown space": status(http.StatusOK, `{"error":{"code":102,"message":"unknown channel"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			api := newFront(t)
			asked := 0
			api.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				asked++
				fault(w, r, next)
			})
			b := start(t, centrirpc.NewRouter(), centrifugo.Config{APIURL: api.URL + "/api", Channels: []centrifugo.Channel{{Name: "news"}}})
			err := b.Publish(t.Context(), "news", 1)
			if err == nil || asked != 1 || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("asked %d times: %v", asked, err)
			}
		})
	}
}

// An event whose publication was carried out, and whose answer was lost, is sent
// again, and arrives once.
func TestAnEventIsNotDoubled(t *testing.T) {
	router := centrirpc.NewRouter()
	s := newSystem(t, router, centrifugoconfig.Options{})
	b := s.serve(router, centrifugo.Config{Channels: []centrifugo.Channel{{Name: "news"}}})
	rpc := s.connect("456")
	events := make(chan string, 8)
	if _, err := rpc.Subscribe(t.Context(), "news", func(e client.Event) { events <- string(e.Data) }); err != nil {
		t.Fatal(err)
	}
	misbehaving, over := first(2, loseAnswer)
	s.api.misbehave(misbehaving)
	for _, event := range []string{"one", "two"} {
		if err := b.Publish(t.Context(), "news", event); err != nil {
			t.Fatal(err)
		}
	}
	wait(t, "the faults", over)
	for _, want := range []string{`"one"`, `"two"`} {
		select {
		case got := <-events:
			if got != want {
				t.Fatalf("got %s; want %s", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no event %s", want)
		}
	}
}

// Nor are the events of a request that many share, over more than one channel, where
// Centrifugo's answer to it is lost.
func TestEventsThatShareARequestAreNotDoubled(t *testing.T) {
	router := centrirpc.NewRouter()
	s := newSystem(t, router, centrifugoconfig.Options{})
	channels := []string{"news", "talk"}
	b := s.serve(router, centrifugo.Config{Channels: []centrifugo.Channel{{Name: "news"}, {Name: "talk"}}, PublishConnections: 1})
	rpc := s.connect("456")
	events := make(chan string, 64)
	for _, channel := range channels {
		if _, err := rpc.Subscribe(t.Context(), channel, func(e client.Event) { events <- channel + " " + string(e.Data) }); err != nil {
			t.Fatal(err)
		}
	}
	// The first request is held until all others wait, and the first that they share is
	// carried out without an answer.
	const each = 5
	began, gate := make(chan struct{}), make(chan struct{})
	var requests, lost atomic.Int64
	s.api.misbehave(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		switch {
		case requests.Add(1) == 1:
			close(began)
			<-gate
		case r.URL.Path == "/api/batch" && lost.Add(1) == 1:
			loseAnswer(w, r, next)
		}
		next.ServeHTTP(w, r)
	})
	var publishing sync.WaitGroup
	publish := func(channel, event string) {
		publishing.Go(func() {
			if err := b.Publish(t.Context(), channel, event); err != nil {
				t.Errorf("%s on %s: %v", event, channel, err)
			}
		})
	}
	publish("news", "first")
	wait(t, "the first request", began)
	want := map[string]int{`news "first"`: 1}
	for _, channel := range channels {
		for i := range each {
			event := fmt.Sprint("event ", i)
			publish(channel, event)
			want[fmt.Sprintf("%s %q", channel, event)] = 1
		}
	}
	const atLeast = 256 // bytes for which one counts
	until(t, "the events to wait", func() bool {
		bytes, err := strconv.ParseFloat(metric(t, b, "centrirpc_publish_queue_bytes"), 64)
		return err == nil && bytes >= (2*each+1)*atLeast
	})
	close(gate)
	publishing.Wait()
	if lost.Load() == 0 {
		t.Fatalf("none of %d requests was a batch: this test shows nothing", requests.Load())
	}
	for _, channel := range channels { // what comes last on each
		if err := b.Publish(t.Context(), channel, "end"); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]int{}
	for ends := 0; ends < len(channels); {
		select {
		case event := <-events:
			if strings.HasSuffix(event, `"end"`) {
				ends++
				continue
			}
			got[event]++
		case <-time.After(20 * time.Second):
			t.Fatalf("after %v nothing comes", got)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("arrived so many times: %v", got)
	}
}

// A backend that is told to stop finishes its calls, hands their replies over, and
// takes no more.
func TestShutdown(t *testing.T) {
	c := newCounting()
	c.gate = make(chan struct{})
	s := newSystem(t, c.router, centrifugoconfig.Options{})
	b := s.serve(c.router, centrifugo.Config{})
	rpc := s.connect("456")
	outcome := make(chan error, 1)
	go func() { outcome <- rpc.Call(t.Context(), "count", nil, nil) }()
	wait(t, "the handler", c.began)
	misbehaving, _ := first(2, status(http.StatusBadGateway, "")) // the reply takes some tries
	s.api.misbehave(misbehaving)
	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		stopped <- b.Shutdown(ctx)
	}()
	draining := func() bool {
		status, _ := ask(t, b, "/centrifugo/publish", []byte(`{"user":"1","client":"c","channel":"rpc.requests","data":{"method":"count","correlation_id":"x","reply_to":"user#1"}}`))
		return status == http.StatusOK && readyOf(t, b) == http.StatusServiceUnavailable
	}
	for deadline := time.Now().Add(10 * time.Second); !draining() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if err := rpc.Call(t.Context(), "count", nil, nil, client.WithTimeout(200*time.Millisecond)); client.CodeOf(err) != wire.Unavailable {
		t.Errorf("a call during the drain: %v", err)
	}
	close(c.gate)
	if err := <-stopped; err != nil {
		t.Errorf("the stop: %v", err)
	}
	if err := <-outcome; err != nil {
		t.Errorf("the call that ran: %v", err)
	}
}

// A backend that must stop gives up what Centrifugo does not take.
func TestShutdownWithoutCentrifugo(t *testing.T) {
	c := newCounting()
	b := start(t, c.router, centrifugo.Config{})
	status, answer := ask(t, b, "/centrifugo/publish", []byte(`{"user":"1","client":"c","channel":"rpc.requests","data":{"method":"count","correlation_id":"x","reply_to":"user#1"}}`))
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	wait(t, "the handler", c.began)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := b.Shutdown(ctx); err == nil {
		t.Error("nothing is said of the reply that is lost")
	}
	if err := b.Shutdown(context.Background()); err != nil {
		t.Errorf("the second time: %v", err)
	}
}

func readyOf(t *testing.T, backend http.Handler) int {
	t.Helper()
	w := httptest.NewRecorder()
	backend.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/ready", nil))
	return w.Code
}
