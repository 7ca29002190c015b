package faults

import (
	"fmt"
	"syscall"
	"testing"
)

// An event that one node publishes reaches the subscribers on all, in each language.
func TestEventsCrossNodes(t *testing.T) {
	s := newSite(t, nil)
	var clients []*rig
	for i, language := range languages {
		clients = append(clients, s.connect(language, fmt.Sprint("u", i)))
	}
	for _, n := range s.nodes { // nginx chooses the node that has the fewest
		if got := n.connections(); got != 1 {
			t.Fatalf("the node at %s has %d connections; want 1 of 3", n.addr, got)
		}
	}
	for _, r := range clients {
		r.client.tell(map[string]string{"subscribe": "news:here"})
		if got := r.client.outcome("news:here").String(); got != "result subscribed" {
			t.Fatalf("subscribing: %s", got)
		}
	}
	for i, r := range clients {
		keys := r.start(order{Key: fmt.Sprintf("tell%d-", i), Method: "work.tell", Params: work{File: "here"}}, 10)
		elsewhere := r.start(order{Key: fmt.Sprintf("elsewhere%d-", i), Method: "work.tell", Params: work{File: "there"}}, 1)
		r.want(append(keys, elsewhere...), itself, 0)
		for _, hears := range clients {
			for _, key := range keys {
				hears.client.frame("event", key)
			}
			hears.client.nothing("event", elsewhere)
		}
	}
}

// The node that runs the calls drains. Its client goes to another one, and there it
// gets the replies and the rest of the stream, and from there it cancels.
func TestADrainingNodeEndsWhatItRuns(t *testing.T) {
	inEachLanguage(t, func(t *testing.T, language string) {
		s := newSite(t, []string{"-drain", "30s"})
		r := s.connect(language, "u1")
		held := r.start(order{Key: "h", Method: "work.once", Params: work{File: s.gate}, TimeoutMS: 60_000}, inFlight)
		left := r.start(order{Key: "l", Method: "work.once", Params: work{File: s.gate}, TimeoutMS: 60_000}, inFlight)
		stream := r.start(order{Start: "stream", Key: "s", Method: "work.count", Params: work{N: 5_000}, TimeoutMS: 60_000}, 2)
		s.starts(held)
		s.starts(left)
		s.starts(stream)
		runs := -1
		for i, n := range s.nodes {
			if n.connections() == 1 {
				runs = i
			}
		}
		if runs < 0 {
			t.Fatal("the client is connected to no node")
		}
		s.nodes[runs].signal(syscall.SIGTERM)
		for _, key := range left {
			r.client.frame("resend", key)
			r.client.cancel(key)
		}
		for _, key := range left { // the draining node hears of it through another one
			s.journal.await("ended", key)
		}
		r.want(left, always("CallAbortedError"), 1)
		r.want(r.start(order{Key: "n", Method: "work.once"}, inFlight), itself, 1) // by another node
		r.want(stream, itself, 1)
		if got := r.client.outcome("s0").Items; got != 5_000 {
			t.Errorf("%d items", got)
		}
		s.open()
		r.want(held, itself, 1)
		s.nodes[runs].wait()
		for i, n := range s.nodes {
			if i != runs {
				n.connections() // it is there still
			}
		}
		r.finish()
	})
}
