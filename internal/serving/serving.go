// Package serving holds what every way of serving a router does in the same way:
// which channels there are and who may do what on them, how a client's contract
// stands to the server's, what a client is told at connect, whether it is ready, how
// it is stopped, and how its settings get their defaults.
package serving
