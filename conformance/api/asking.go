package api

import (
	"context"
	"encoding/json"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// Asker is who asks.
type Asker struct {
	UserID    string `json:"user_id"`
	Transport string `json:"transport"`
	// HasClientID says whether the connection has an id.
	HasClientID bool `json:"has_client_id"`
	// Correlated says whether the call has a correlation id.
	Correlated bool `json:"correlated"`
	// TraceID names the trace that the call is part of.
	TraceID string          `json:"trace_id,omitempty"`
	Info    json.RawMessage `json:"info,omitempty"`
	Meta    json.RawMessage `json:"meta,omitempty"`
}

// whoAmI says who asks.
func whoAmI(ctx context.Context, _ struct{}) (Asker, error) {
	conn := centrirpc.ConnFromContext(ctx)
	return Asker{
		UserID: conn.UserID, Transport: conn.Transport, HasClientID: conn.ClientID != "",
		Correlated: centrirpc.CorrelationIDFromContext(ctx) != "",
		TraceID:    wire.TraceID(centrirpc.TraceparentFromContext(ctx)),
		Info:       conn.Info, Meta: conn.Meta,
	}, nil
}

// ping takes nothing, returns nothing, and has a name of one word.
func ping(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }

// UserByID asks for a user.
type UserByID struct {
	// UserID is the user's id.
	UserID UserID `json:"user_id"`
}

// User is a user.
type User struct {
	ID   UserID `json:"id"`
	Name string `json:"name"`
}

// getUserByID returns a user: there is one, "u1".
func getUserByID(_ context.Context, p UserByID) (User, error) {
	if p.UserID != "u1" {
		return User{}, centrirpc.Errorf(wire.NotFound, "there is no user %q", p.UserID).WithDetails(map[string]string{"user_id": string(p.UserID)})
	}
	return User{ID: "u1", Name: "Ada"}, nil
}
