package server

import (
	"errors"
	"fmt"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/server/token"
)

// maxExpiry is the longest that the library lets a connection go unrefreshed.
const maxExpiry = 365 * 24 * time.Hour

// onRefresh takes a connection's new token. It must speak for the same user.
func (c *connection) onRefresh(e centrifuge.RefreshEvent, answer centrifuge.RefreshCallback) {
	if !e.ClientSideRefresh {
		// The time of an identity without a token is up. The client comes again,
		// and is authenticated again.
		answer(centrifuge.RefreshReply{Expired: true}, nil)
		return
	}
	if !c.refreshing.CompareAndSwap(false, true) {
		answer(centrifuge.RefreshReply{}, centrifuge.ErrorTooManyRequests)
		return
	}
	// A key may have to be fetched, and Authenticate may block: other commands
	// of the connection need not wait.
	go func() {
		defer c.server.recovered("refresh", func() {})
		reply, err := c.refresh(e.Token) // which recovers
		// Before the answer: a client may answer it with the next refresh.
		c.refreshing.Store(false)
		answer(reply, err)
	}()
}

func (c *connection) refresh(text string) (reply centrifuge.RefreshReply, err error) {
	s := c.server
	defer s.recovered("authentication", func() { reply, err = centrifuge.RefreshReply{}, centrifuge.ErrorInternal })
	id, err := s.identify(c.client.Context(), c.request, text)
	if err == nil && id.UserID != c.userID() {
		err = fmt.Errorf("the new token is for the user %q", id.UserID)
	}
	switch {
	case err == nil:
		c.caller.SetConn(newConn(c.client, id))
		if id.ExpiresAt.IsZero() {
			// To the library, zero here means "as before", not "never".
			id.ExpiresAt = time.Now().Add(maxExpiry)
		}
		return centrifuge.RefreshReply{ExpireAt: id.ExpiresAt.Unix(), Info: id.Info}, nil
	case errors.Is(err, token.ErrExpired), errors.Is(err, token.ErrNotYetValid):
		s.log.Info("a client refreshed with an expired token", "client", c.client.ID(), "user", c.userID())
		return centrifuge.RefreshReply{Expired: true}, nil
	}
	s.log.Info("a client's new token was refused", "client", c.client.ID(), "user", c.userID(), "reason", err)
	return centrifuge.RefreshReply{}, refusedIdentity(err)
}
