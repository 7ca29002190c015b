package api

import (
	"context"
	"errors"
	"sync"

	"github.com/centrirpc/centrirpc"
)

// notes keep what notifications said, so that a call can ask for it.
type notes struct {
	mu     sync.Mutex
	byUser map[string]*userNotes
}

type userNotes struct {
	topics map[string][]Note
	grown  chan struct{} // closed at the next note
}

// Note is said once and not answered.
type Note struct {
	Topic string `json:"topic"`
	Text  string `json:"text" validate:"max=100"`
	// Fail makes the handler fail after it has kept the note.
	Fail bool `json:"fail,omitempty"`
}

// Topic asks for the notes on a topic, once there are so many.
type Topic struct {
	Topic string `json:"topic"`
	Count int    `json:"count"`
}

// Notes are the notes on a topic.
type Notes struct {
	Notes []Note `json:"notes"`
}

func registerNotes(r *centrirpc.Router, n *notes) {
	centrirpc.HandleNotify(r, "notes.say", n.say)
	centrirpc.HandleNotify(r, "notes.tick", n.tick)
	centrirpc.Handle(r, "notes.heard", n.heard)
}

func (n *notes) of(ctx context.Context) *userNotes {
	user := centrirpc.ConnFromContext(ctx).UserID
	if n.byUser[user] == nil {
		n.byUser[user] = &userNotes{topics: map[string][]Note{}, grown: make(chan struct{})}
	}
	return n.byUser[user]
}

func (n *notes) keep(ctx context.Context, note Note) {
	n.mu.Lock()
	defer n.mu.Unlock()
	of := n.of(ctx)
	of.topics[note.Topic] = append(of.topics[note.Topic], note)
	close(of.grown)
	of.grown = make(chan struct{})
}

// say keeps a note.
func (n *notes) say(ctx context.Context, p Note) error {
	n.keep(ctx, p)
	if p.Fail {
		return errors.New("the note asked for it")
	}
	return nil
}

// tick is a notification without params.
func (n *notes) tick(ctx context.Context, _ struct{}) error {
	n.keep(ctx, Note{Topic: "tick", Text: "tick"})
	return nil
}

// heard returns the notes on a topic as soon as there are so many.
func (n *notes) heard(ctx context.Context, p Topic) (Notes, error) {
	for {
		n.mu.Lock()
		of := n.of(ctx)
		list, grown := append([]Note(nil), of.topics[p.Topic]...), of.grown
		n.mu.Unlock()
		if len(list) >= p.Count {
			return Notes{list}, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return Notes{}, ctx.Err()
		}
	}
}
