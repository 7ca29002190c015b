// Package observing counts calls for Prometheus and traces them for OpenTelemetry, in
// the same way for every way of serving. OPERATIONS.md says what the numbers and the
// spans mean.
package observing
