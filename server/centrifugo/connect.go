package centrifugo

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc/wire"
)

// connectResult lets a client in.
type connectResult struct {
	User     string                `json:"user"`
	ExpireAt int64                 `json:"expire_at,omitempty"` // seconds since 1970
	Info     json.RawMessage       `json:"info,omitempty"`
	Meta     json.RawMessage       `json:"meta,omitempty"`
	Data     json.RawMessage       `json:"data"`
	Subs     map[string]subscribed `json:"subs"`
}

// The numbers are Centrifuge's own for the same ends of a connection.
var (
	disconnectInvalidToken = &disconnect{Code: 3500, Reason: "invalid token"}
	disconnectInvalidUser  = &disconnect{Code: 3500, Reason: "invalid user id"}
)

// connect says who connects without a token.
func (b *Backend) connect(r *http.Request, asked *request) response {
	id, err := b.identify(r, asked)
	if err != nil {
		b.log.Info("a client was refused at connect", "client", asked.Client, "transport", asked.Transport, "reason", err)
		if errors.Is(err, ErrUnavailable) {
			return response{Error: errUnavailable}
		}
		return response{Disconnect: disconnectInvalidToken}
	}
	if err := id.check(); err != nil {
		b.log.Info("a client was refused at connect", "client", asked.Client, "transport", asked.Transport, "reason", err)
		return response{Disconnect: disconnectInvalidUser}
	}
	b.stated(asked)
	return response{Result: connectResult{
		User: id.UserID, ExpireAt: unix(id.ExpiresAt), Info: id.Info, Meta: packMeta(&id),
		Data: b.connectData(id.UserID), Subs: b.subscriptionsAtConnect(&id),
	}}
}

func (b *Backend) identify(r *http.Request, asked *request) (id Identity, err error) {
	if b.cfg.Authenticate != nil {
		forwarded := r.Clone(r.Context())
		forwarded.Header.Del(SecretHeader)
		forwarded.Body = http.NoBody
		if id, err = b.cfg.Authenticate(forwarded, asked.data()); err != nil {
			return id, err
		}
	}
	if id.UserID == "" && b.cfg.Anonymous {
		id.UserID = "anonymous-" + strings.ToLower(rand.Text())
	}
	if id.UserID == "" && b.cfg.Authenticate == nil {
		return id, errors.New("no token was sent, and neither Authenticate nor Anonymous is set")
	}
	return id, nil
}

// subscriptionsAtConnect are those that the connection need not ask for itself.
func (b *Backend) subscriptionsAtConnect(id *Identity) map[string]subscribed {
	reply := wire.ReplyChannel(id.UserID)
	all := map[string]subscribed{reply: b.subscribed(reply)}
	for _, name := range id.Channels {
		if b.channels.Find(name) == nil && !b.channels.Typed(name) {
			b.log.Warn("an identity names a channel that is neither in Config.Channels nor typed; it is not subscribed to", "channel", name, "user", id.UserID)
			continue
		}
		all[name] = b.subscribed(name)
	}
	return all
}

// stated counts clients by their contract, and names in the log each contract that clients were generated from and that is
// another than the backend's, once.
func (b *Backend) stated(asked *request) {
	hash, state, fresh, ok := b.contracts.Stated(asked.data())
	if !ok {
		return
	}
	b.metrics.ContractStated(state)
	if fresh {
		b.log.Info("clients of another contract connect; this is said once for each", "state", state, "contract", hash,
			"own_contract", b.contracts.Current(), "client", asked.Client, "name", asked.Name, "version", asked.Version)
	}
}

// refreshResult says how long a connection may go on.
type refreshResult struct {
	Expired  bool            `json:"expired,omitempty"`
	ExpireAt int64           `json:"expire_at,omitempty"`
	Info     json.RawMessage `json:"info,omitempty"`
	Meta     json.RawMessage `json:"meta,omitempty"`
}

// Centrifugo wants to be told when to ask again.
const (
	refreshNever = 365 * 24 * time.Hour
	refreshSoon  = time.Minute
)

// refresh says whether a connection whose identity has expired may go on. Where it
// may not, the client connects again, and is authenticated again.
func (b *Backend) refresh(r *http.Request, asked *request) response {
	if b.cfg.Refresh == nil {
		return response{Result: refreshResult{Expired: true}}
	}
	id, err := b.cfg.Refresh(r.Context(), asked.conn())
	if err == nil && id.UserID != asked.User {
		err = fmt.Errorf("the identity is that of the user %q", id.UserID)
	}
	if err == nil {
		err = id.check()
	}
	switch {
	case errors.Is(err, ErrUnavailable):
		b.log.Warn("an identity could not be refreshed; that is tried again", "user", asked.User, "client", asked.Client, "error", err)
		return response{Result: refreshResult{ExpireAt: time.Now().Add(refreshSoon).Unix()}}
	case err != nil:
		b.log.Info("an identity was not refreshed", "user", asked.User, "client", asked.Client, "reason", err)
		return response{Result: refreshResult{Expired: true}}
	}
	if id.ExpiresAt.IsZero() {
		id.ExpiresAt = time.Now().Add(refreshNever)
	}
	return response{Result: refreshResult{ExpireAt: unix(id.ExpiresAt), Info: id.Info, Meta: packMeta(&id)}}
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
