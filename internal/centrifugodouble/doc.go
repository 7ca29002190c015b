// Package centrifugodouble stands in for a Centrifugo 6 in tests: a server made with
// the Centrifuge library that reads a part of Centrifugo's configuration and does
// what Centrifugo 6.9.1 does with it: JWTs, channel options and namespaces, proxies
// over HTTP, server-sent events and HTTP streaming, and the publish and batch methods of the server API. The test of the
// package replays an exchange that was recorded with the real one.
//
// Where CENTRIFUGO_BIN names a real Centrifugo, Start runs that instead.
package centrifugodouble
