package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/centrirpc/centrirpc"
)

// journal takes one line for each beginning and end of a handler. Lines of several
// processes do not mix: each is one write to a file opened to append.
type journal struct{ file *os.File }

func (j journal) write(ctx context.Context, what, key string) {
	_, _ = fmt.Fprintf(j.file, "%s %s %s\n", what, centrirpc.ConnFromContext(ctx).UserID, key)
}

// Work asks for a call.
type Work struct {
	// MS is how long it takes.
	MS int `json:"ms" validate:"min=0"`
	// Say is the call's key. It comes back, to tell replies apart.
	Say string `json:"say"`
	// File holds the call up until there is a file of that name. Empty means that it is not held up.
	File string `json:"file,omitempty"`
	// N is how many items a stream sends at least. It goes on after them until there is the file.
	N int `json:"n,omitempty" validate:"min=0"`
	// Pad is how many bytes each item of a stream has besides.
	Pad int `json:"pad,omitempty" validate:"min=0"`
}

// Did is what came of it.
type Did struct {
	Say  string `json:"say"`
	Sent int    `json:"sent"`
}

// Place is the subject of a channel with news.
type Place struct {
	Place string `json:"place"`
}

// Item is one of a stream.
type Item struct {
	I   int    `json:"i"`
	Pad string `json:"pad,omitempty"`
}

func newRouter(file *os.File, log *slog.Logger) *centrirpc.Router {
	j := journal{file}
	r := centrirpc.NewRouter(centrirpc.Name("faults"), centrirpc.Logger(log))
	centrirpc.Handle(r, "work.once", j.work, centrirpc.Timeout(5*time.Minute))
	centrirpc.Handle(r, "work.again", j.work, centrirpc.Idempotent())
	centrirpc.Handle(r, "work.volatile", j.work, centrirpc.Volatile())
	centrirpc.HandleNotify(r, "work.note", func(ctx context.Context, p Work) error {
		_, err := j.work(ctx, p)
		return err
	})
	news := centrirpc.Channel[Place, Did](r, "news:{place}")
	centrirpc.Handle(r, "work.tell", func(ctx context.Context, p Work) (Did, error) {
		return Did{Say: p.Say}, news.Publish(ctx, Place{p.File}, Did{Say: p.Say})
	})
	centrirpc.HandleStream(r, "work.count", j.count, centrirpc.Timeout(5*time.Minute))
	return r
}

// work takes its time, or as long as it is asked for.
func (j journal) work(ctx context.Context, p Work) (Did, error) {
	j.write(ctx, "start", p.Say)
	if p.MS > 0 {
		select {
		case <-time.After(time.Duration(p.MS) * time.Millisecond):
		case <-ctx.Done():
			j.write(ctx, "ended", p.Say)
			return Did{}, ctx.Err()
		}
	}
	if p.File != "" {
		poll := time.NewTicker(5 * time.Millisecond)
		defer poll.Stop()
		for !exists(p.File) {
			select {
			case <-poll.C:
			case <-ctx.Done():
				j.write(ctx, "ended", p.Say)
				return Did{}, ctx.Err()
			}
		}
	}
	j.write(ctx, "done", p.Say)
	return Did{Say: p.Say}, nil
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func (j journal) count(ctx context.Context, p Work, send func(Item) error) (Did, error) {
	j.write(ctx, "start", p.Say)
	pad, sent := strings.Repeat("x", p.Pad), 0
	for ; sent < p.N || p.File != "" && !exists(p.File); sent++ {
		if err := send(Item{sent, pad}); err != nil {
			j.write(ctx, "ended", p.Say)
			return Did{Sent: sent}, err
		}
		if p.MS > 0 {
			time.Sleep(time.Duration(p.MS) * time.Millisecond)
		}
	}
	j.write(ctx, "done", p.Say)
	return Did{Say: p.Say, Sent: sent}, nil
}
