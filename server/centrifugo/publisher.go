package centrifugo

import (
	"context"
	"crypto/rand"
	"errors"
	"hash/maphash"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// publisher hands publications to Centrifugo. Those on one channel are in one lane,
// which sends them in order, one request at a time; what arrives meanwhile shares
// the lane's next request. A request that fails in a way that may pass is sent
// again, until its publications are too old.
//
// On one channel, what one goroutine publishes arrives in its order, with one
// exception: where Centrifugo takes a publication of a request and could not take one
// before it, because its broker failed in between, the earlier one arrives later. Only
// replies, items and progress share requests with others of their own call, and
// clients know their order by their numbers. An event shares none with a later one of
// its goroutine: its publisher waits until it was taken, or takes it back, or, when it
// is on its way by then, has left it in a request that ends before the next begins.
//
// A request that broke off may have been carried out, so a publication may arrive
// twice. Replies, items and progress may: clients know them by their correlation id
// and number. Events carry an idempotency key, by which Centrifugo drops the second.
// Replies have none, because Centrifugo remembers keys for minutes, one for each.
type publisher struct {
	api     *api
	lanes   []lane
	seed    maphash.Seed
	timeout time.Duration
	limit   int64
	queued  atomic.Int64 // bytes that wait or are under way
	log     *slog.Logger
	ailing  atomic.Bool // the latest request failed: it is logged when that changes
	lost    func()      // is told of a reply that was given up
	retries prometheus.Counter

	ctx    context.Context // ends requests when it is too late for them
	cancel context.CancelFunc
	mu     sync.Mutex
	closed bool
	busy   sync.WaitGroup // lanes that run; added to under mu while not closed
}

// lane is a part of the channels.
type lane struct {
	mu      sync.Mutex
	waiting []*publication
	sending int // so many of waiting, from the first, are on their way
	running bool
}

var (
	errQueueFull = errors.New("too much waits to be published: Centrifugo is slow, or out of reach (Config.PublishQueueSize)")
	errClosed    = errors.New("the backend is shut down")
)

func newPublisher(cfg *Config, lost func()) *publisher {
	p := &publisher{
		api: newAPI(cfg), lanes: make([]lane, cfg.PublishConnections), seed: maphash.MakeSeed(),
		timeout: cfg.PublishTimeout, limit: int64(cfg.PublishQueueSize), log: cfg.Logger, lost: lost,
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "centrirpc_publish_retries_total",
			Help: "Publications that were sent again, because Centrifugo did not take them, or did not say so.",
		}),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// reply publishes on a reply channel, later. It is the engine's way out.
func (p *publisher) reply(channel string, data []byte) error {
	return p.add(&publication{channel: channel, data: data, expires: time.Now().Add(p.timeout)})
}

// event publishes on a channel of the application, and waits until Centrifugo has
// taken it. When ctx ends first, it is sent only if it was on its way already.
func (p *publisher) event(ctx context.Context, channel string, data []byte) error {
	done := make(chan error, 1)
	pub := &publication{channel: channel, data: data, key: rand.Text(), expires: time.Now().Add(p.timeout), done: done}
	if err := p.add(pub); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		p.takeBack(pub)
		return ctx.Err()
	}
}

// laneOf is the lane of a channel.
func (p *publisher) laneOf(channel string) *lane {
	return &p.lanes[maphash.String(p.seed, channel)%uint64(len(p.lanes))]
}

// takeBack removes a publication that was never sent.
func (p *publisher) takeBack(pub *publication) {
	l := p.laneOf(pub.channel)
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := l.sending; i < len(l.waiting); i++ {
		if l.waiting[i] == pub {
			l.waiting = slices.Delete(l.waiting, i, i+1)
			p.queued.Add(-pub.size())
			return
		}
	}
}

func (p *publisher) add(pub *publication) error {
	if p.queued.Add(pub.size()) > p.limit {
		p.queued.Add(-pub.size())
		return errQueueFull
	}
	l := p.laneOf(pub.channel)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.queued.Add(-pub.size())
		return errClosed
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, pub)
	if !l.running {
		l.running = true
		p.busy.Add(1)
		go p.run(l)
	}
	return nil
}

// close takes no more publications and waits for those that there are, until ctx
// ends. It returns how many were given up.
func (p *publisher) close(ctx context.Context) (left int) {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	sent := make(chan struct{})
	go func() {
		p.busy.Wait()
		close(sent)
	}()
	select {
	case <-sent:
	case <-ctx.Done():
		for i := range p.lanes {
			p.lanes[i].mu.Lock()
			left += len(p.lanes[i].waiting)
			p.lanes[i].mu.Unlock()
		}
	}
	p.cancel()
	<-sent
	return left
}

// How much shares a request.
const (
	maxBatch      = 256
	maxBatchBytes = 1 << 20
)

// run sends what waits in a lane, until nothing does.
func (p *publisher) run(l *lane) {
	defer p.busy.Done()
	for {
		l.mu.Lock()
		if len(l.waiting) == 0 {
			l.running, l.waiting = false, nil
			l.mu.Unlock()
			return
		}
		var bytes int64
		n := 0
		for n < len(l.waiting) && n < maxBatch && (n == 0 || bytes+l.waiting[n].size() <= maxBatchBytes) {
			bytes += l.waiting[n].size()
			n++
		}
		batch := append([]*publication(nil), l.waiting[:n]...)
		l.sending = n
		l.mu.Unlock()
		p.send(batch)
		l.mu.Lock()
		clear(l.waiting[:n])
		l.waiting, l.sending = l.waiting[n:], 0
		l.mu.Unlock()
	}
}

// send sends a batch until each of its publications has been taken, refused, or
// become too old.
func (p *publisher) send(batch []*publication) {
	for tries := 0; ; tries++ {
		failed, err := p.api.publish(p.ctx, batch)
		if p.ctx.Err() != nil && (err != nil || failed == nil) {
			err = errClosed
		}
		p.tell(err)
		if err != nil && !errors.Is(err, errPassing) && len(batch) > 1 && !errors.Is(err, errClosed) {
			// Perhaps because of one of them.
			for _, pub := range batch {
				p.send([]*publication{pub})
			}
			return
		}
		var again []*publication
		for i, pub := range batch {
			why := err
			if err == nil {
				why = failed[i]
			}
			if errors.Is(why, errPassing) && time.Now().Before(pub.expires) {
				again = append(again, pub)
				continue
			}
			p.finish(pub, why)
		}
		if len(again) == 0 {
			return
		}
		batch = again
		p.retries.Add(float64(len(batch)))
		p.pause(tries, batch)
	}
}

// finish says what became of a publication.
func (p *publisher) finish(pub *publication, err error) {
	p.queued.Add(-pub.size())
	if pub.done != nil {
		pub.done <- err
		return
	}
	if err != nil {
		p.lost()
		p.log.Error("a reply could not be published; its client asks again", "channel", pub.channel, "error", err)
	}
}

// tell logs when Centrifugo begins to fail, and when it no longer does.
func (p *publisher) tell(err error) {
	failing := err != nil && !errors.Is(err, errClosed)
	if p.ailing.Swap(failing) == failing {
		return
	}
	if failing {
		p.log.Error("publishing through Centrifugo fails", "url", p.api.url, "error", err)
		return
	}
	if err == nil {
		p.log.Info("publishing through Centrifugo works again", "url", p.api.url)
	}
}

// The delay before the next try doubles up to a bound that keeps replies quick when
// Centrifugo is back.
const (
	minPause = 20 * time.Millisecond
	maxPause = time.Second
)

func (p *publisher) pause(tries int, batch []*publication) {
	delay := maxPause
	if tries < 6 {
		delay = min(delay, minPause<<tries)
	}
	for _, pub := range batch {
		delay = min(delay, max(time.Until(pub.expires), time.Millisecond))
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.ctx.Done():
	}
}
