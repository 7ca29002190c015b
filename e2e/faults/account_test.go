package faults

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// verdict is what is wrong with how a call ended after so many runs; it is empty if
// nothing is. With which errors of the server a call may end is for mayFail to say.
func (c made) verdict(got outcome, runs int, mayFail func(reason string) bool) string {
	own := c.Key
	if c.Start == "notify" {
		own = "accepted"
	}
	switch {
	case runs > 1 && !c.Idempotent:
		return "it must not run twice"
	case got.ok() && got.Result != own:
		return "the result is another one's"
	case got.ok() && runs == 0 && c.Start != "notify": // one that was accepted may die with its node
		return "nothing has run that could have this result"
	case got.ok() && c.Start == "stream" && (got.Items != c.Params.N || got.Sent != c.Params.N):
		return "items are missing"
	case got.Fault != "":
		return "this is no outcome"
	case got.Error == "unavailable" && runs > 0:
		return "it did run"
	case got.Error != "" && !mayFail(got.Error) && !slices.Contains(c.ends, got.Error),
		got.ClientError != "" && !slices.Contains(c.ends, got.ClientError):
		return "nothing that happened explains this"
	}
	return ""
}

// account judges how each call has ended, by the runs of each, by user and key. Of the
// calls that nothing but a fault can keep from a result, at least that share must have
// one. It says how many did end in each way.
func (s *soak) account(starts map[string]int, mayFail func(call, reason string) bool, share float64, faults map[string]int, took time.Duration) {
	s.t.Helper()
	ends, total, sure, results := map[string]int{}, 0, 0, 0
	for _, client := range s.clients {
		for key, c := range client.calls {
			got := client.outcome(key)
			total++
			ends[c.kind()+": "+strings.TrimSuffix(got.String(), " "+key)]++
			if len(c.ends) == 0 {
				sure++
				if got.ok() {
					results++
				}
			}
			call := client.user + " " + key
			if wrong := c.verdict(got, starts[call], func(reason string) bool { return mayFail(call, reason) }); wrong != "" {
				s.t.Errorf("%s, a %s, ended with %v after %d of %d items and %d runs: %s", key, c.kind(), got, got.Items, c.Params.N, starts[call], wrong)
			}
		}
		client.once()
	}
	s.t.Logf("%d calls in %v; faults: %v", total, took.Round(time.Millisecond), faults)
	for end, n := range ends {
		s.t.Logf("%7d %s", n, end)
	}
	if float64(results) < share*float64(sure) || sure == 0 {
		s.t.Errorf("%d of %d calls have a result; want %.0f %%", results, sure, 100*share)
	}
}

// ranOnce fails the test where a call, of whatever kind, has not run exactly once.
func (s *soak) ranOnce(starts func() map[string]int) {
	s.t.Helper()
	for _, client := range s.clients {
		within(s.t, func() (bool, string) { // a notification is accepted before it runs
			counted := starts()
			for key, c := range client.calls {
				if counted[client.user+" "+key] == 0 {
					return false, fmt.Sprintf("%s, a %s, ended with %v and did not run", key, c.kind(), client.outcome(key))
				}
			}
			return true, ""
		})
	}
	counted := starts()
	for _, client := range s.clients {
		for key, c := range client.calls {
			if runs := counted[client.user+" "+key]; runs != 1 {
				s.t.Errorf("%s, a %s, was run %d times, and no node died", key, c.kind(), runs)
			}
		}
	}
}
