package centrifugo

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// consumed is the answer to a request that was claimed. Centrifugo broadcasts what
// clients publish; in place of a request it gets an empty object, on a channel that
// nobody can subscribe to.
type consumed struct {
	Data        struct{} `json:"data"`
	SkipHistory bool     `json:"skip_history"`
}

// publish takes what a client published: a request, or something on a channel of
// the application. Centrifugo asks for every channel, so all others are refused.
func (b *Backend) publish(r *http.Request, asked *request) response {
	if wire.CheckUserID(asked.User) != nil {
		return response{Error: errPermissionDenied}
	}
	if asked.Channel == wire.RequestsChannel {
		return b.submit(r, asked)
	}
	return b.publishOnChannel(r, asked)
}

// submit answers as soon as the request is claimed, or refused. The call belongs to
// the engine then: neither this request's end nor the client's disconnect ends it.
func (b *Backend) submit(r *http.Request, asked *request) response {
	acks := make(chan error, 1)
	b.callers.of(asked.conn()).Submit(asked.data(), func(refusal error) { acks <- refusal })
	select {
	case refusal := <-acks:
		if refusal != nil {
			b.log.Info("a request was refused", "user", asked.User, "client", asked.Client, "reason", refusal)
			return response{Error: refused(refusal)}
		}
		return response{Result: consumed{SkipHistory: true}}
	case <-r.Context().Done():
		return response{Error: errUnavailable} // to nobody
	}
}

// publishOnChannel lets a client publish on a channel of the application, as its
// rule says. Centrifugo publishes it, then.
func (b *Backend) publishOnChannel(r *http.Request, asked *request) response {
	conn, data := asked.conn(), asked.data()
	if !json.Valid(data) {
		// What is not JSON would disconnect every JSON client of the channel for good.
		return response{Error: errBadRequest}
	}
	if err := b.channels.MayPublish(centrirpc.ContextWithConn(r.Context(), conn), asked.Channel, data); err != nil {
		return response{Error: b.refusedOnChannel("publish", asked, err)}
	}
	b.metrics.Published(b.channels.Find(asked.Channel).Name) // Centrifugo publishes it
	return response{Result: struct{}{}}
}

func (b *Backend) refusedOnChannel(what string, asked *request, reason error) *refusal {
	b.log.Info("a client may not "+what, "channel", asked.Channel, "user", asked.User, "client", asked.Client, "reason", reason)
	if errors.Is(reason, ErrUnavailable) || errors.Is(reason, &centrirpc.Error{Code: wire.Unavailable}) {
		return errUnavailable
	}
	return errPermissionDenied
}
