package api

import (
	"context"
	"fmt"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// streams are methods that send items before their result, and one that tells its
// progress.
type streams struct{ gates *gates }

// Count asks for numbered items.
type Count struct {
	// N is how many items are sent.
	N int `json:"n" validate:"min=0,max=100000"`
	// FailAfter ends the stream with not_found after so many items.
	FailAfter *int `json:"fail_after,omitempty"`
	// HoldAfter waits at the gate Key after so many items.
	HoldAfter *int   `json:"hold_after,omitempty"`
	Key       string `json:"key,omitempty" validate:"max=64"`
	// Size is the length of each item's text.
	Size int `json:"size,omitempty" validate:"min=0,max=100000"`
}

// Counted is one item.
type Counted struct {
	I    int    `json:"i"`
	Text string `json:"text,omitempty"`
}

// Sent is a stream's result.
type Sent struct {
	Sent int `json:"sent"`
}

// Step asks for progress.
type Step struct {
	Steps int `json:"steps" validate:"min=0,max=1000"`
}

func registerStreams(r *centrirpc.Router, s *streams) {
	group := r.Group("stream")
	centrirpc.HandleStream(group, "count", s.count)
	centrirpc.HandleStream(group, "words", s.words, centrirpc.Description("Sends each letter of the given words."))
	centrirpc.Handle(group, "steps", s.steps)
	centrirpc.Handle(r.Group("volatile"), "wait", s.gates.wait, centrirpc.Volatile(), centrirpc.Description("Waits as gate.wait does; its calls are not remembered."))
	centrirpc.Handle(r.Group("volatile"), "read", s.gates.wait, centrirpc.Volatile(), centrirpc.Idempotent(), centrirpc.Description("Waits as gate.wait does; may run twice, and is not remembered."))
}

// count sends {"i":0}, {"i":1} and so on.
func (s *streams) count(ctx context.Context, p Count, send func(Counted) error) (Sent, error) {
	text := make([]byte, p.Size)
	for i := range text {
		text[i] = 'x'
	}
	for i := range p.N {
		if p.FailAfter != nil && *p.FailAfter == i {
			return Sent{}, centrirpc.Errorf(wire.NotFound, "failed after %d items", i)
		}
		if p.HoldAfter != nil && *p.HoldAfter == i {
			if _, err := s.gates.wait(ctx, Key{p.Key}); err != nil {
				return Sent{i}, err
			}
		}
		if err := send(Counted{i, string(text)}); err != nil {
			return Sent{i}, err
		}
	}
	return Sent{p.N}, nil
}

// words sends texts, and has no result.
func (s *streams) words(_ context.Context, p Letters, send func(string) error) (struct{}, error) {
	for _, letter := range p.Text {
		if err := send(string(letter)); err != nil {
			return struct{}{}, err
		}
	}
	return struct{}{}, nil
}

// Letters is a text to be sent letter by letter.
type Letters struct {
	Text string `json:"text" validate:"max=1000"`
}

// steps tells its progress.
func (s *streams) steps(ctx context.Context, p Step) (Sent, error) {
	for i := range p.Steps {
		centrirpc.Progress(ctx, float64(i+1), float64(p.Steps), fmt.Sprintf("step %d", i+1))
	}
	return Sent{p.Steps}, nil
}
