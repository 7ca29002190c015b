package faults

import (
	"math"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc/conformance/process"
)

// The client's clock is an hour ahead of the server's, or behind. (Go programs read the
// clock past the C library, where it can be changed for others.)
func TestAClockThatIsAnHourOff(t *testing.T) {
	found, _ := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1")
	if len(found) == 0 {
		process.Missing(t, "libfaketime")
	}
	for _, language := range []string{"python", "typescript"} {
		for _, offset := range []string{"+1h", "-1h"} {
			t.Run(language+offset, func(t *testing.T) {
				t.Parallel()
				r := newRigWith(t, language, 10*time.Second, []string{"LD_PRELOAD=" + found[0], "FAKETIME=" + offset, "FAKETIME_DONT_FAKE_MONOTONIC=1"})
				keys := r.start(order{Key: "c", Method: "work.once", Params: work{File: r.gate}, TimeoutMS: 60_000}, inFlight)
				short := r.start(order{Key: "s", Method: "work.once", Params: work{File: r.gate}, TimeoutMS: 500}, 5)
				for _, key := range short { // the client's word or the server's, whichever is first
					if got := r.client.outcome(key).String(); got != "CallTimeoutError" && got != "deadline_exceeded" {
						t.Errorf("%s ended with %s", key, got)
					}
				}
				r.proxy.Cut()
				r.open()
				r.want(keys, itself, 1)
				if off := math.Abs(r.client.nothingLeft().Clock - float64(time.Now().Unix())); off < 3000 {
					t.Errorf("the client's clock is off by %v s only", off)
				}
			})
		}
	}
}

// The client sleeps past the time of its calls, and past what the server keeps.
func TestASleepPastTheDeadline(t *testing.T) {
	t.Parallel()
	inEachLanguage(t, func(t *testing.T, language string) {
		r := newRig(t, language, 10*time.Second, "-ping", "1s")
		keys := r.start(order{Key: "c", Method: "work.once", Params: work{File: r.gate}, TimeoutMS: 3_000}, inFlight)
		stream := r.start(order{Start: "stream", Key: "s", Method: "work.count", Params: work{N: 100_000}, PauseMS: 20, TimeoutMS: 3_000}, 2)
		for _, key := range append(keys, stream...) {
			r.journal.await("start", key)
		}
		_ = r.client.cmd.Process.Signal(syscall.SIGSTOP)
		for _, key := range append(keys, stream...) { // the server ends them at their deadline
			r.journal.await("ended", key)
		}
		r.proxy.Cut()
		r.open()
		time.Sleep(12 * time.Second) // how long the sleep lasts: more than the server keeps replies past their deadline
		_ = r.client.cmd.Process.Signal(syscall.SIGCONT)
		r.want(keys, always("CallTimeoutError"), 1)
		for _, key := range stream {
			if got := r.client.outcome(key).String(); got != "CallTimeoutError" && got != "deadline_exceeded" {
				t.Errorf("%s ended with %s", key, got)
			}
		}
		r.want(r.start(order{Key: "n", Method: "work.once"}, inFlight), itself, 1)
		r.finish()
	})
}
