// Package wire is the JSON that travels inside Centrifuge publications: the
// request and reply envelopes, the closed list of error codes and the names of
// the channels they travel on. PROTOCOL.md is its specification; the vectors in
// testdata are read by the Go, TypeScript and Python tests alike.
//
// The package imports the standard library only, so that a program which only
// calls, or only serves, links nothing it does not need.
package wire
