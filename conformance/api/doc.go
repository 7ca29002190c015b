// Package api is a router whose methods use everything the contract can say and
// provoke everything that can happen to a call. It exists to be called: the
// conformance suite generates a client for it in each language and runs the same
// cases through all of them. The names are of use to nobody else.
package api
