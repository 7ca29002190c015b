// Package centrifugoconfig makes the configuration of a Centrifugo 6 whose backend is
// package server/centrifugo, for a contract.
package centrifugoconfig
