package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/internal/serving"
	"github.com/centrirpc/centrirpc/server/token"
	"github.com/centrirpc/centrirpc/wire"
)

// connected is what onConnecting leaves for onConnect, in the client's context.
type connected struct {
	identity *Identity
	request  *http.Request
	// connection is what onConnect made of it, for a drain to find.
	connection atomic.Pointer[connection]
	name       string // what the client's SDK calls itself
	// works is closed when the channels of the connect reply are subscribed to.
	works chan struct{}
}

type connectedKey struct{}

// requestKey is the context key of the *http.Request a client connects with,
// behind a pointer: the context lives as long as the connection, the request
// should not.
type requestKey struct{}

// withRequest lets Authenticate see the request.
func (s *Server) withRequest(next http.Handler) http.Handler {
	if s.cfg.Authenticate == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		holder := new(*http.Request)
		*holder = r
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, holder)))
	})
}

// takeRequest takes the request out of its context.
func takeRequest(ctx context.Context) *http.Request {
	holder, ok := ctx.Value(requestKey{}).(**http.Request)
	if !ok {
		return nil
	}
	r := *holder
	*holder = nil
	return r
}

// onConnecting authenticates a client. Until it answers, the client can do
// nothing, and only this client waits.
func (s *Server) onConnecting(ctx context.Context, e centrifuge.ConnectEvent) (reply centrifuge.ConnectReply, err error) {
	defer s.recovered("authentication", func() { reply, err = centrifuge.ConnectReply{}, centrifuge.ErrorInternal })
	request := takeRequest(ctx)
	id, err := s.identify(ctx, request, e.Token)
	if err != nil {
		s.log.Info("a client was refused at connect", "client", e.ClientID, "transport", e.Transport.Name(), "reason", err)
		return centrifuge.ConnectReply{}, refusedIdentity(err)
	}
	s.onStated(e)
	// Only a client that came with a token has one to refresh. Another is
	// disconnected when its time is up, comes again and is authenticated again.
	refreshes := e.Token != "" && !id.ExpiresAt.IsZero()
	if !refreshes {
		request = nil
	}
	return centrifuge.ConnectReply{
		Context: context.WithValue(ctx, connectedKey{}, &connected{identity: id, request: request, name: e.Name, works: make(chan struct{})}),
		Credentials: &centrifuge.Credentials{
			UserID:   id.UserID,
			ExpireAt: unix(id.ExpiresAt),
			Info:     id.Info,
		},
		ClientSideRefresh: refreshes,
		Data:              s.connectData(id.UserID),
		Subscriptions:     s.subscriptionsAtConnect(id),
		QueueInitialCap:   1,
		// WriteDelay stays 0, which takes a writer goroutine for each connection.
		// A timer in its place (WriteWithTimer) would save 4 KiB of the 19 that an
		// idle connection takes, but a delay of 1 ms makes one call at a time 40
		// times slower (settings_test.go), and with any delay whoever publishes to a
		// client that stopped reading waits for that client's write to time out.
	}, nil
}

// identify says who sends the token. Its errors are for the log; by errors.Is
// they are those of the token package or ErrUnavailable, or else refuse for good.
func (s *Server) identify(ctx context.Context, r *http.Request, tokenText string) (*Identity, error) {
	var id Identity
	var err error
	switch {
	case s.cfg.Authenticate != nil:
		if r == nil {
			return nil, errors.New("there is no HTTP request to authenticate with")
		}
		// The request's own context has ended when its connection became a
		// WebSocket.
		id, err = s.cfg.Authenticate(r.WithContext(ctx), tokenText)
	case tokenText != "" && s.verifier != nil:
		id, err = s.identifyByToken(ctx, tokenText)
	case tokenText != "":
		err = errors.New("a token was sent, but there is no key to verify it with")
	case !s.cfg.Anonymous:
		err = errors.New("no token was sent")
	}
	if err != nil {
		return nil, err
	}
	if id.UserID == "" && s.cfg.Anonymous {
		id.UserID = "anonymous-" + strings.ToLower(rand.Text())
	}
	if err := wire.CheckUserID(id.UserID); err != nil {
		return nil, fmt.Errorf("%w: %w", errUserID, err)
	}
	return &id, nil
}

func (s *Server) identifyByToken(ctx context.Context, text string) (Identity, error) {
	claims, err := s.verifier.Verify(ctx, text)
	if err != nil {
		return Identity{}, err
	}
	return Identity{
		UserID:    claims.UserID,
		ExpiresAt: claims.ConnectionExpiresAt,
		Info:      claims.Info,
		Meta:      claims.Meta,
		Channels:  claims.Channels,
	}, nil
}

var errUserID = errors.New("the user id is not allowed")

// refusedIdentity is what a client hears of an identity that was refused. A
// token that is not valid yet counts as one that is valid no more, as it does in
// Centrifugo: a clock that is ahead is mended by a new token, not by giving up.
func refusedIdentity(err error) error {
	switch {
	case errors.Is(err, token.ErrExpired), errors.Is(err, token.ErrNotYetValid):
		return centrifuge.ErrorTokenExpired
	case errors.Is(err, ErrUnavailable), errors.Is(err, token.ErrUnavailable):
		return centrifuge.ErrorInternal
	case errors.Is(err, errUserID):
		return centrifuge.Disconnect{Code: centrifuge.DisconnectInvalidToken.Code, Reason: "invalid user id"}
	}
	return centrifuge.DisconnectInvalidToken
}

// connectData tells a client what it must know of this server. The user id is
// there for clients that cannot read it from a token.
func (s *Server) connectData(userID string) []byte {
	return serving.ConnectData(s.cfg.MaxMessageSize, userID, s.engine.Epoch(userID), s.cfg.NodeName)
}

func (s *Server) subscriptionsAtConnect(id *Identity) map[string]centrifuge.SubscribeOptions {
	subs := map[string]centrifuge.SubscribeOptions{wire.ReplyChannel(id.UserID): {}}
	for _, name := range id.Channels {
		if s.channels.Find(name) == nil && !s.channels.Typed(name) {
			s.log.Warn("an identity names a channel that is neither in Config.Channels nor typed; it is not subscribed to", "channel", name, "user", id.UserID)
			continue
		}
		subs[name] = s.channels.options(name)
	}
	return subs
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
