package main

import (
	"net"
	"net/http"
	"sync"
)

// namedConnections is a listener that can cut connections which gave themselves
// a name, "?connection=NAME" in the address they came by.
type namedConnections struct {
	net.Listener

	mu     sync.Mutex
	open   map[string]net.Conn // by remote address
	byName map[string]string   // remote address
}

func newNamedConnections(l net.Listener) *namedConnections {
	return &namedConnections{Listener: l, open: map[string]net.Conn{}, byName: map[string]string{}}
}

// Accept waits for the next connection and remembers it.
func (n *namedConnections) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open[conn.RemoteAddr().String()] = conn
	return &forgetting{Conn: conn, from: n}, nil
}

type forgetting struct {
	net.Conn
	from *namedConnections
}

// Close closes the connection and forgets it.
func (f *forgetting) Close() error {
	f.from.mu.Lock()
	delete(f.from.open, f.RemoteAddr().String())
	f.from.mu.Unlock()
	return f.Conn.Close()
}

func (n *namedConnections) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := r.URL.Query().Get("connection"); name != "" {
			n.mu.Lock()
			n.byName[name] = r.RemoteAddr
			n.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

// drop resets the named connection: no closing handshake, no last words.
func (n *namedConnections) drop(name string) bool {
	n.mu.Lock()
	conn := n.open[n.byName[name]]
	n.mu.Unlock()
	if conn == nil {
		return false
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	return conn.Close() == nil
}
