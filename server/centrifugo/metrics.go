package centrifugo

import (
	"fmt"
	"net/http"

	"github.com/centrirpc/centrirpc/internal/observing"
)

// register puts the metrics into the registry, or into a new one.
func (b *Backend) register() error {
	err := b.metrics.Register(b.cfg.Registry, b.engine, b.cfg.MaxInFlight, b.readiness)
	if err == nil {
		err = b.metrics.Add(
			observing.Gauge("centrirpc_publish_queue_bytes", "What waits for Centrifugo to take it, or is under way, in bytes.", func() float64 { return float64(b.publisher.queued.Load()) }),
			observing.Gauge("centrirpc_publish_queue_bytes_limit", "How much may: Config.PublishQueueSize.", func() float64 { return float64(b.cfg.PublishQueueSize) }),
			b.publisher.retries,
		)
	}
	if err != nil {
		return fmt.Errorf("centrifugo: %w", err)
	}
	return nil
}

// MetricsHandler serves the metrics in Prometheus' formats, on whatever path it is
// mounted. Of clients and connections Centrifugo's own metrics tell.
func (b *Backend) MetricsHandler() http.Handler { return b.metrics.Handler() }
