package server

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// Publish sends data, encoded as JSON, to everyone subscribed to the channel,
// which must be one of Config.Channels: on typed channels publish with what
// centrirpc.Channel returned. It does not wait for the receivers. An error means
// that nothing was sent: an undeclared channel, data that cannot be encoded or is
// larger than Config.MaxResultSize, or ctx has ended.
func (s *Server) Publish(ctx context.Context, channel string, data any) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("server: publish on %q: %w", channel, err)
	}
	if err := s.channels.CheckPublish(channel); err != nil {
		return fmt.Errorf("server: publish on %q: %w", channel, err)
	}
	encoded, err := centrirpc.EncodeJSON(data)
	if err != nil {
		return fmt.Errorf("server: publish on %q: %w", channel, err)
	}
	return s.publishEncoded(channel, s.channels.Find(channel).Name, encoded)
}

// publishTyped is the way out of the router's typed channels.
func (s *Server) publishTyped(_ context.Context, channel string, encoded json.RawMessage) error {
	return s.publishEncoded(channel, s.channels.Pattern(channel), encoded)
}

// publishEncoded is Publish for what is encoded, on a channel that there is.
func (s *Server) publishEncoded(channel, declared string, encoded json.RawMessage) error {
	if len(encoded) > s.cfg.MaxResultSize {
		return fmt.Errorf("server: publish on %q: %s: the data takes %d bytes, over Config.MaxResultSize, %d", channel, wire.PayloadTooLarge.Reason(), len(encoded), s.cfg.MaxResultSize)
	}
	if _, err := s.node.Publish(channel, encoded); err != nil {
		return fmt.Errorf("server: publish on %q: %w", channel, err)
	}
	s.metrics.Published(declared)
	return nil
}
