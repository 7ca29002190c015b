package centrifugo

import (
	"encoding/json"
	"net/http"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/internal/serving"
	"github.com/centrirpc/centrirpc/wire"
)

// subscribed is the answer to a subscription that is allowed. What it overrides are the
// channel's options in Centrifugo's configuration, which has none for a channel of its
// own, but for all of a namespace.
type subscribed struct {
	Data     json.RawMessage `json:"data,omitempty"`
	Override override        `json:"override"`
}

type override struct {
	Presence struct {
		Value bool `json:"value"`
	} `json:"presence"`
}

// subscribed is how a client is subscribed to a channel.
func (b *Backend) subscribed(channel string) (s subscribed) {
	s.Override.Presence.Value = b.channels.ShowsPresence(channel)
	return s
}

// subscribe lets a client subscribe to reply channels of its own user, and to the
// application's channels as they allow. With its reply channel a client is told what
// the embedded server tells at connect: where Centrifugo verified a token, the
// connect proxy was not asked.
func (b *Backend) subscribe(r *http.Request, asked *request) response {
	if wire.CheckUserID(asked.User) != nil {
		return response{Error: errPermissionDenied}
	}
	if wire.CheckReplyTo(asked.Channel, asked.User) == nil {
		own := b.subscribed(asked.Channel)
		own.Data = b.connectData(asked.User)
		return response{Result: own}
	}
	ctx := centrirpc.ContextWithConn(r.Context(), asked.conn())
	if err := b.channels.MaySubscribe(ctx, asked.Channel); err != nil {
		return response{Error: b.refusedOnChannel("subscribe", asked, err)}
	}
	return response{Result: b.subscribed(asked.Channel)}
}

func (b *Backend) connectData(userID string) json.RawMessage {
	return serving.ConnectData(b.cfg.MaxMessageSize, userID, b.engine.Epoch(userID), "")
}
