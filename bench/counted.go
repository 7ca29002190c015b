package main

import (
	"net"
	"sync/atomic"
)

// clientBytes are what this process has read from its clients' sockets and written
// to them, as far as its listener counts.
var clientBytes struct{ in, out atomic.Uint64 }

// countedListener counts what its connections read and write in clientBytes.
type countedListener struct{ net.Listener }

func (l countedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countedConn{c}, nil
}

type countedConn struct{ net.Conn }

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	clientBytes.in.Add(uint64(n))
	return n, err
}

func (c countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	clientBytes.out.Add(uint64(n))
	return n, err
}
