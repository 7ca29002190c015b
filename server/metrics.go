package server

import (
	"fmt"
	"net/http"

	"github.com/centrifugal/centrifuge"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/calls"
	"github.com/centrirpc/centrirpc/internal/observing"
	"github.com/centrirpc/centrirpc/internal/serving"
)

// metrics are those of calls and events, and of the clients that are connected.
type metrics struct {
	*observing.Metrics
	clients *prometheus.GaugeVec
}

func newMetrics(router *centrirpc.Router, declared []Channel) *metrics {
	names := make([]string, len(declared))
	for i := range declared {
		names[i] = declared[i].Name
	}
	return &metrics{observing.NewMetrics(router, names), prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "centrirpc_client_connections",
		Help: "Clients that are connected, by transport and by what their SDK calls itself: js, python, go, or other.",
	}, []string{"transport", "client"})}
}

// register puts the metrics into the registry, or into a new one.
func (m *metrics) register(registry *prometheus.Registry, engine *calls.Engine, maxInFlight int, ready func() serving.Readiness) error {
	err := m.Register(registry, engine, maxInFlight, ready)
	if err == nil {
		err = m.Add(m.clients)
	}
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// watch adds the number of connections. The library counts them too, but only
// every minute.
func (m *metrics) watch(node *centrifuge.Node) error {
	err := m.Add(observing.Gauge("centrirpc_connections", "Clients that are connected.", func() float64 { return float64(node.Hub().NumClients()) }))
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// connections is the gauge of connections like that one.
func (m *metrics) connections(transport, client string) prometheus.Gauge {
	switch client {
	case "js", "python":
	case "centrirpc-go":
		client = "go"
	default:
		client = "other"
	}
	return m.clients.WithLabelValues(transport, client)
}

// MetricsHandler serves the metrics in Prometheus' formats, on whatever path it
// is mounted.
func (s *Server) MetricsHandler() http.Handler { return s.metrics.Handler() }
