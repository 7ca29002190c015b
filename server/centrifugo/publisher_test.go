package centrifugo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
)

// taker is a server API that keeps what is published, by channel.
type taker struct {
	*httptest.Server
	mu          sync.Mutex
	byChannel   map[string][]int
	batches     int
	connections atomic.Int64
	gate        chan struct{} // answers wait for it
}

func newTaker(t *testing.T) *taker {
	k := &taker{byChannel: map[string][]int{}, gate: make(chan struct{})}
	k.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		type command struct {
			Channel string
			Data    int
		}
		var body struct {
			command
			Commands []struct{ Publish command }
		}
		_ = json.NewDecoder(r.Body).Decode(&body)
		<-k.gate
		k.mu.Lock()
		defer k.mu.Unlock()
		if r.URL.Path == "/api/publish" {
			k.byChannel[body.Channel] = append(k.byChannel[body.Channel], body.Data)
			_, _ = w.Write([]byte(`{"result":{}}`))
			return
		}
		k.batches++
		answer := `{"replies":[`
		for i, c := range body.Commands {
			if i > 0 {
				answer += ","
			}
			// Every tenth fails once.
			if c.Publish.Data%10 == 9 && k.batches == 1 {
				answer += `{"error":{"code":100,"message":"internal server error"}}`
				continue
			}
			k.byChannel[c.Publish.Channel] = append(k.byChannel[c.Publish.Channel], c.Publish.Data)
			answer += `{"publish":{}}`
		}
		_, _ = w.Write([]byte(answer + "]}"))
	}))
	k.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			k.connections.Add(1)
		}
	}
	k.Start()
	t.Cleanup(k.Close)
	return k
}

func (k *taker) publisher(t *testing.T, cfg Config) *publisher {
	t.Helper()
	cfg.APIURL, cfg.APIKey, cfg.Secret, cfg.Logger = k.URL+"/api", "key", "a secret of sixteen", slog.New(slog.DiscardHandler)
	cfg, err := cfg.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return newPublisher(&cfg, func() {})
}

// What waits shares requests, over few connections, and nothing is lost or doubled;
// on one channel it keeps its order.
func TestPublisherBatches(t *testing.T) {
	k := newTaker(t)
	p := k.publisher(t, Config{PublishConnections: 3})
	const channels, each = 20, 100
	var all sync.WaitGroup
	for c := range channels {
		all.Go(func() {
			for i := range each {
				if err := p.reply(fmt.Sprintf("user#%d", c), fmt.Appendf(nil, "%d", i*10)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	close(k.gate)
	if left := p.close(t.Context()); left != 0 {
		t.Errorf("%d are left", left)
	}
	requests := 0
	for c := range channels {
		got := k.byChannel[fmt.Sprintf("user#%d", c)]
		requests += len(got)
		for i, n := range got {
			if n != i*10 {
				t.Fatalf("channel %d: number %d is %d", c, i, n)
			}
		}
	}
	if requests != channels*each || k.batches == 0 || k.batches > channels*each/10 {
		t.Errorf("%d publications arrived in %d batches", requests, k.batches)
	}
	if n := k.connections.Load(); n > 6 { // the client may dial one for a request that then finds another idle
		t.Errorf("%d connections; want about 3 that are used again", n)
	}
	if p.queued.Load() != 0 {
		t.Errorf("%d bytes are counted still", p.queued.Load())
	}
}

// Of a batch, those that fail for now are sent again, and only those.
func TestPublisherSendsAgainWhatFailed(t *testing.T) {
	k := newTaker(t)
	p := k.publisher(t, Config{PublishConnections: 1})
	for i := range 21 {
		if err := p.reply("user#1", fmt.Appendf(nil, "%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	close(k.gate)
	p.close(t.Context())
	seen := map[int]int{}
	for _, n := range k.byChannel["user#1"] {
		seen[n]++
	}
	for i := range 21 {
		if seen[i] != 1 {
			t.Errorf("%d arrived %d times", i, seen[i])
		}
	}
}

func TestPublisherBounds(t *testing.T) {
	k := newTaker(t)
	p := k.publisher(t, Config{PublishQueueSize: 1 << 20})
	var err error
	accepted := 0
	for err == nil && accepted < 10 {
		if err = p.reply("user#1", bytes.Repeat([]byte("1"), 200<<10)); err == nil {
			accepted++
		}
	}
	if !errors.Is(err, errQueueFull) || accepted != 5 {
		t.Errorf("%d accepted, then %v", accepted, err)
	}
	if err := p.event(t.Context(), "news", bytes.Repeat([]byte("1"), 200<<10)); !errors.Is(err, errQueueFull) {
		t.Errorf("an event: %v", err)
	}
	p.cancel()
	close(k.gate)
	p.close(t.Context())
	if err := p.reply("user#1", []byte("1")); !errors.Is(err, errClosed) {
		t.Errorf("after the end: %v", err)
	}
}

// The caller of a connection is one, follows its meta, and is never another user's.
func TestCallers(t *testing.T) {
	b, err := New(centrirpc.NewRouter(), Config{APIURL: "http://127.0.0.1:1/api", APIKey: "key", Secret: "a secret of sixteen"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Shutdown(t.Context()) }()
	conn := func(user, meta string) *request {
		return &request{Client: "c", User: user, Meta: json.RawMessage(meta)}
	}
	first := b.callers.of(conn("1", `{"a":1}`).conn())
	if again := b.callers.of(conn("1", `{"a":1}`).conn()); again != first {
		t.Error("a second caller of one connection: its calls would not be counted together")
	}
	if b.callers.of(conn("1", `{"a":2}`).conn()); string(first.Conn().Meta) != `{"a":2}` {
		t.Errorf("after a refresh: %s", first.Conn().Meta)
	}
	if other := b.callers.of(conn("2", `{"a":2}`).conn()); other == first || other.Conn().UserID != "2" || first.Conn().UserID != "1" {
		t.Error("a user became another")
	}
	deadline := time.Now().Add(time.Minute)
	for i := range maxCallers + 1000 {
		b.callers.of((&request{Client: fmt.Sprint(i), User: "1"}).conn())
	}
	for b.callers.byID.EstimatedSize() > maxCallers && time.Now().Before(deadline) {
		b.callers.byID.CleanUp()
	}
	if n := b.callers.byID.EstimatedSize(); n > maxCallers {
		t.Errorf("%d callers are kept", n)
	}
}
