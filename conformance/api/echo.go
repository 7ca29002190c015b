package api

import (
	"context"
	"encoding/json"

	"github.com/centrirpc/centrirpc"
)

func registerEcho(r *centrirpc.Router) {
	echo := r.Group("echo", keepParams)
	centrirpc.Handle(echo, "scalars", echoScalars)
	centrirpc.Handle(echo, "named", echoNamed)
	centrirpc.Handle(echo, "times", echoTimes)
	centrirpc.Handle(echo, "blobs", echoBlobs)
	centrirpc.Handle(echo, "containers", echoContainers)
	centrirpc.Handle(echo, "embedding", echoEmbedding)
	centrirpc.Handle(echo, "pages", echoPages)
	centrirpc.Handle(echo, "page", echoPage)
	centrirpc.Handle(echo, "tree", echoTree)
	centrirpc.Handle(echo, "anything", echoAnything)
	centrirpc.Handle(echo, "presence", echoPresence)
	centrirpc.Handle(echo, "awkward", echoAwkward)
	centrirpc.Handle(echo, "empty", echoEmpty)
}

type paramsKey struct{}

// keepParams lets a handler see the params as they came.
func keepParams(next centrirpc.Invoker) centrirpc.Invoker {
	return func(ctx context.Context, req *centrirpc.Request) (any, error) {
		return next(context.WithValue(ctx, paramsKey{}, req.Params), req)
	}
}

// echoScalars returns its params.
//
// Its comment is hostile: */ /* // """ ”' ` ${x} {@link x} \ \N{DASH} \u0041 \x %s %(x)s <script> --> and it
// ends with a quote"
func echoScalars(_ context.Context, p Scalars) (Scalars, error) { return p, nil }

// echoNamed returns its params.\
func echoNamed(_ context.Context, p Named) (Named, error) { return p, nil }

// echoTimes returns its params.
func echoTimes(_ context.Context, p Times) (Times, error) { return p, nil }

// echoBlobs returns its params.
func echoBlobs(_ context.Context, p Blobs) (Blobs, error) { return p, nil }

// echoContainers returns its params.
func echoContainers(_ context.Context, p Containers) (Containers, error) { return p, nil }

// echoEmbedding returns its params, given by pointer.
func echoEmbedding(_ context.Context, p *Embedding) (*Embedding, error) { return p, nil }

// echoPages returns its params.
func echoPages(_ context.Context, p Pages) (Pages, error) { return p, nil }

// echoPage returns its params, which are an instance of a generic type.
func echoPage(_ context.Context, p Page[Point]) (Page[Point], error) { return p, nil }

// echoTree returns its params.
func echoTree(_ context.Context, p Node) (Node, error) { return p, nil }

// echoAnything returns its params.
func echoAnything(_ context.Context, p Anything) (Anything, error) { return p, nil }

// echoPresence returns its params, and says how they came.
func echoPresence(ctx context.Context, p Presence) (PresenceReport, error) {
	sent, _ := ctx.Value(paramsKey{}).(json.RawMessage)
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(sent, &keys); err != nil {
		return PresenceReport{}, err
	}
	if string(keys["optional_nullable"]) == "null" { // decoding takes null for absent
		p.OptionalNullable = new(*string)
	}
	return PresenceReport{Sent: sent, Back: p}, nil
}

// echoAwkward returns its params.
func echoAwkward(_ context.Context, p Awkward) (Awkward, error) { return p, nil }

// echoEmpty takes and returns a struct that has no fields, which is not the same
// as taking and returning nothing.
func echoEmpty(_ context.Context, p Empty) (Empty, error) { return p, nil }

// echoPoint returns its params.
func echoPoint(_ context.Context, p Point) (Point, error) { return p, nil }
