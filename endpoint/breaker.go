package endpoint

import (
	"errors"
	"log/slog"
	"time"

	"github.com/sony/gobreaker/v2"
)

// breaker leaves an endpoint alone that fails. When it was alone for a while, calls
// try it, one at a time, and the first that is answered lets all in again.
type breaker struct {
	circuit *gobreaker.TwoStepCircuitBreaker[struct{}]
	rest    time.Duration // how long the endpoint is left alone
	log     *slog.Logger
}

func newBreaker(cfg Config) *breaker {
	b := &breaker{rest: cfg.BreakFor, log: cfg.Logger}
	b.circuit = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        cfg.URL,
		MaxRequests: 1, // at a time; and so many answers in a row end the trial
		Timeout:     cfg.BreakFor,
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return int64(counts.ConsecutiveFailures) >= int64(cfg.BreakAfter)
		},
		OnStateChange: b.tell,
		IsSuccessful:  func(err error) bool { return !counts(err) },
		IsExcluded:    saysNothing,
	})
	return b
}

// errUnended is the outcome of a call that has none yet.
var errUnended = errors.New("the call has not ended")

// saysNothing reports whether an outcome is neither for the endpoint nor against it.
func saysNothing(outcome error) bool { return errors.Is(outcome, errUnended) || excluded(outcome) }

// admit lets a call in, or not: that is the error. What is returned takes the call's
// outcome.
//
// A call that tries the endpoint may take long by its nature. So that it does not keep
// all others out meanwhile, it gives its turn to the next one after a while; its outcome
// holds all the same when it comes, if no other has decided.
func (b *breaker) admit() (ended func(error), err error) {
	done, err := b.circuit.Allow()
	if err != nil {
		return nil, err
	}
	if b.circuit.State() != gobreaker.StateHalfOpen {
		return done, nil
	}
	turn := time.AfterFunc(b.rest, func() { done(errUnended) })
	return func(outcome error) {
		if turn.Stop() || !saysNothing(outcome) { // a turn is given back once only
			done(outcome)
		}
	}, nil
}

func (b *breaker) tell(url string, from, to gobreaker.State) {
	switch to {
	case gobreaker.StateOpen:
		b.log.Error("an endpoint fails and is left alone for a while: its calls are answered with unavailable", "url", url, "for", b.rest)
	case gobreaker.StateClosed:
		if from != to {
			b.log.Info("an endpoint answers again", "url", url)
		}
	}
}
