package api

import (
	"context"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// NewsChannel is the channel that anybody may subscribe to. Events on it are of
// type News.
const NewsChannel = "news"

// News is an event.
type News struct {
	// For names who asked for it: cases of other languages run beside.
	For  string `json:"for"`
	Text string `json:"text"`
}

func registerEvents(r *centrirpc.Router, publish func(ctx context.Context, channel string, event any) error) {
	// news.publish sends an event to everybody who subscribed.
	centrirpc.Handle(r, "news.publish", func(ctx context.Context, p News) (struct{}, error) {
		if publish == nil {
			return struct{}{}, centrirpc.Errorf(wire.Unavailable, "nobody listens")
		}
		p.For = centrirpc.ConnFromContext(ctx).UserID
		return struct{}{}, publish(ctx, NewsChannel, p)
	})
}
