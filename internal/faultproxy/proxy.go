// Package faultproxy is a TCP proxy for tests that does to connections what
// networks do: cut them, stall them, lose what one side sends, delay it.
package faultproxy

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// Direction is one of the two ways through a proxy.
type Direction int

// The directions.
const (
	Up   Direction = iota // from the client to the server
	Down                  // from the server to the client
)

// Proxy forwards connections to a server. Its methods may be used from several
// goroutines.
type Proxy struct {
	listener net.Listener
	done     sync.WaitGroup

	mu      sync.Mutex
	changed *sync.Cond
	target  string
	pairs   map[*pair]struct{}
	refuses bool
	closed  bool
	ways    [2]way
}

// way is what happens in one direction.
type way struct {
	stalled bool
	lost    bool
	delay   time.Duration
	trap    []byte        // cut when this is about to be forwarded
	sprung  chan struct{} // closed then
}

// pair is one connection through the proxy.
type pair struct {
	client, server *net.TCPConn
	// Guarded by the proxy's mu:
	cut      bool
	vanished [2]bool
}

// Start starts a proxy in front of a server's address. It ends with the test.
func Start(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, target: target, pairs: map[*pair]struct{}{}}
	p.changed = sync.NewCond(&p.mu)
	p.done.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Addr is the proxy's own address, "127.0.0.1:port".
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// SetTarget sends connections from now on to another address.
func (p *Proxy) SetTarget(addr string) { p.change(func() { p.target = addr }) }

// Redirect sends connections that would go to one address to another from now on.
func (p *Proxy) Redirect(from, to string) {
	p.change(func() {
		if p.target == from {
			p.target = to
		}
	})
}

// Cut ends all connections at once, with a reset. It returns how many there were.
func (p *Proxy) Cut() (connections int) {
	p.change(func() {
		connections = len(p.pairs)
		for pair := range p.pairs {
			p.cutLocked(pair)
		}
	})
	return connections
}

// Refuse ends new connections at once, or lets them in again. Present ones stay.
func (p *Proxy) Refuse(refuses bool) { p.change(func() { p.refuses = refuses }) }

// Stall holds everything up in one direction, or lets it go on: nothing is lost.
func (p *Proxy) Stall(d Direction, stalled bool) { p.change(func() { p.ways[d].stalled = stalled }) }

// Lose swallows everything in one direction, as a half-open connection does, or
// stops doing so.
func (p *Proxy) Lose(d Direction, lost bool) { p.change(func() { p.ways[d].lost = lost }) }

// Vanish makes the present connections half open for good: nothing comes through
// any more in the given directions, both if there are none, and neither side is
// told. New ones are as usual.
func (p *Proxy) Vanish(directions ...Direction) {
	if len(directions) == 0 {
		directions = []Direction{Up, Down}
	}
	p.change(func() {
		for pair := range p.pairs {
			for _, d := range directions {
				pair.vanished[d] = true
			}
		}
	})
}

// Delay holds everything in one direction up for that long.
func (p *Proxy) Delay(d Direction, delay time.Duration) { p.change(func() { p.ways[d].delay = delay }) }

// CutAt cuts the connection on which text is about to be forwarded, once, before
// it is. The channel is closed when that has happened. What clients send over a
// WebSocket is masked, so only what servers send can be found.
func (p *Proxy) CutAt(d Direction, text string) (cut <-chan struct{}) {
	sprung := make(chan struct{})
	p.change(func() { p.ways[d].trap, p.ways[d].sprung = []byte(text), sprung })
	return sprung
}

// Connections is how many there are now.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pairs)
}

func (p *Proxy) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	p.changed.Broadcast()
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.change(func() { p.closed = true })
	p.Cut()
	p.done.Wait()
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		client, ok := conn.(*net.TCPConn)
		if !ok {
			return
		}
		p.done.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client *net.TCPConn) {
	p.mu.Lock()
	target, refuses := p.target, p.refuses || p.closed
	p.mu.Unlock()
	var server *net.TCPConn
	if !refuses {
		if conn, err := net.DialTimeout("tcp", target, 5*time.Second); err == nil {
			server, _ = conn.(*net.TCPConn)
		}
	}
	if server == nil {
		_ = client.Close()
		return
	}
	c := &pair{client: client, server: server}
	p.mu.Lock()
	if p.closed || p.refuses {
		p.cutLocked(c)
	} else {
		p.pairs[c] = struct{}{}
	}
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pump(c, Up, client, server) })
	both.Go(func() { p.pump(c, Down, server, client) })
	both.Wait()
	p.change(func() { delete(p.pairs, c) })
}

// pump forwards one direction until the connection ends.
func (p *Proxy) pump(c *pair, d Direction, from, to *net.TCPConn) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && p.pass(c, d, buffer[:n]) {
			_, err = to.Write(buffer[:n])
		}
		if err != nil {
			break
		}
	}
	// An end is an end for both sides, but it is held up as everything else.
	p.pass(c, d, nil)
	p.mu.Lock()
	for (p.ways[d].lost || c.vanished[d]) && !c.cut && !p.closed { // a half-open connection does not end either
		p.changed.Wait()
	}
	if !c.cut {
		c.cut = true
		_ = c.client.Close()
		_ = c.server.Close()
	}
	p.mu.Unlock()
}

// pass waits as long as it must and says whether the data is to be forwarded.
func (p *Proxy) pass(c *pair, d Direction, data []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &p.ways[d]
	if w.trap != nil && bytes.Contains(data, w.trap) {
		w.trap = nil
		p.cutLocked(c)
		close(w.sprung)
		return false
	}
	if delay := w.delay; delay > 0 {
		p.mu.Unlock()
		time.Sleep(delay)
		p.mu.Lock()
	}
	for w.stalled && !c.cut {
		p.changed.Wait()
	}
	return !w.lost && !c.vanished[d] && !c.cut
}

func (p *Proxy) cutLocked(c *pair) {
	if c.cut {
		return
	}
	c.cut = true
	delete(p.pairs, c)
	reset(c.client)
	reset(c.server)
	p.changed.Broadcast()
}

func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}
