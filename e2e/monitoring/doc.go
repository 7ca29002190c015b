// Package monitoring holds the tests of deploy/grafana and deploy/prometheus: that
// their expressions are PromQL, that a server serves what they ask for, and when
// the alerts fire. It is a module of its own, so that nobody else needs Prometheus.
package monitoring
