// Package loopback finds places where servers of tests can listen.
package loopback

import (
	"net"
	"testing"
)

// FreeAddress is an address of 127.0.0.1, "127.0.0.1:port", where nobody listens. It
// is for who cannot listen on port 0, such as a program that is told its address.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
