package centrifugo

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// Publish sends data, encoded as JSON, to everyone subscribed to the channel,
// which must be one of Config.Channels: on typed channels publish with what
// centrirpc.Channel returned. It returns when Centrifugo has taken it. An error
// means that it has not, as far as is known: an undeclared channel, data that cannot
// be encoded or is larger than Config.MaxResultSize, what Centrifugo says, or
// Config.PublishTimeout has passed. When ctx ends first, it is sent only if it was on
// its way to Centrifugo by then, and arrives before what is published after it.
func (b *Backend) Publish(ctx context.Context, channel string, data any) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("centrifugo: publish on %q: %w", channel, err)
	}
	if err := b.channels.CheckPublish(channel); err != nil {
		return fmt.Errorf("centrifugo: publish on %q: %w", channel, err)
	}
	encoded, err := centrirpc.EncodeJSON(data)
	if err != nil {
		return fmt.Errorf("centrifugo: publish on %q: %w", channel, err)
	}
	return b.publishEncoded(ctx, channel, b.channels.Find(channel).Name, encoded)
}

// publishTyped is the way out of the router's typed channels.
func (b *Backend) publishTyped(ctx context.Context, channel string, encoded json.RawMessage) error {
	return b.publishEncoded(ctx, channel, b.channels.Pattern(channel), encoded)
}

// publishEncoded is Publish for what is encoded, on a channel that there is.
func (b *Backend) publishEncoded(ctx context.Context, channel, declared string, encoded json.RawMessage) error {
	if len(encoded) > b.cfg.MaxResultSize {
		return fmt.Errorf("centrifugo: publish on %q: %s: the data takes %d bytes, over Config.MaxResultSize, %d", channel, wire.PayloadTooLarge.Reason(), len(encoded), b.cfg.MaxResultSize)
	}
	if err := b.publisher.event(ctx, channel, encoded); err != nil {
		return fmt.Errorf("centrifugo: publish on %q: %w", channel, err)
	}
	b.metrics.Published(declared)
	return nil
}
