package calls_test

import (
	"testing"

	"github.com/centrirpc/centrirpc/calls"
)

// The items of one run must not be continued with those of another.
func TestAVolatileStreamThatWasReadInPartIsNotRunAgain(t *testing.T) {
	withStreams(t, calls.Config{}, func(t *testing.T, r *streamRig) {
		r.accepted(stream("a", "fleeting", 3, `,"seq":2,"store":"any"`))
		wantLines(t, r.take(), "#456 outcome_unknown")
		r.accepted(stream("a", "fleeting", 1, `,"seq":0,"store":"any"`))
		wantLines(t, r.take(), "#456 0: 0", "#456 1: result 1")
		r.accepted(`{"op":"ack","correlation_id":"a","seq":0}`)
		if runs, _ := r.ran(); runs != 1 {
			t.Errorf("%d runs", runs)
		}
	})
}
