package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// Quota says how much is used.
type Quota struct {
	Used  int       `json:"used"`
	Limit int       `json:"limit"`
	Reset time.Time `json:"reset"`
}

var (
	errQuota = centrirpc.DeclareError[Quota](1001, "quota_exceeded", "No more this month. */ \"\"\"")
	errBare  = centrirpc.DeclareError[struct{}](1999, "bare", "An error without details.")
)

func registerFailures(r *centrirpc.Router) {
	fail := r.Group("fail")
	centrirpc.Handle(fail, "with", failWith)
	centrirpc.Handle(fail, "quota", failQuota, centrirpc.Errors(errQuota, errBare))
	centrirpc.Handle(fail, "bare", failBare, centrirpc.Errors(errBare))
	centrirpc.Handle(fail, "plainly", failPlainly)
	centrirpc.Handle(fail, "wrapped", failWrapped)
	centrirpc.Handle(fail, "panic", failPanic)
	centrirpc.Handle(fail, "nil_map", failNilMap)
	centrirpc.Handle(fail, "late", failLate, centrirpc.Timeout(150*time.Millisecond))
}

// Failure is an error to be had.
type Failure struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Details json.RawMessage `json:"details,omitempty"`
}

// failWith fails with the error asked for.
func failWith(_ context.Context, p Failure) (struct{}, error) {
	err := centrirpc.Errorf(wire.Code(p.Code), "%s", p.Message)
	if len(p.Details) > 0 {
		err = err.WithDetails(p.Details)
	}
	return struct{}{}, err
}

// failQuota fails with an error that the application declared.
func failQuota(context.Context, struct{}) (Point, error) {
	return Point{}, errQuota.New(Quota{Used: 11, Limit: 10, Reset: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}, "no more than %d", 10)
}

// failBare fails with a declared error that carries no details.
func failBare(context.Context, struct{}) (struct{}, error) {
	return struct{}{}, errBare.New(struct{}{}, "bare")
}

// failPlainly fails with an error that is none of the client's business.
func failPlainly(context.Context, struct{}) (Point, error) {
	return Point{}, errors.New("the password of the database is hunter2")
}

// failWrapped fails with an error for the client, wrapped in others.
func failWrapped(context.Context, struct{}) (Point, error) {
	return Point{}, fmt.Errorf("a text that stays here: %w", centrirpc.Errorf(wire.NotFound, "there is no such point"))
}

// failPanic panics.
func failPanic(context.Context, struct{}) (Point, error) { panic("hunter2") }

// failNilMap panics as programs do.
func failNilMap(context.Context, struct{}) (Point, error) {
	var counts map[string]int
	counts["a"]++
	return Point{}, nil
}

// failLate waits for longer than the method may take.
func failLate(ctx context.Context, _ struct{}) (Point, error) {
	<-ctx.Done()
	return Point{}, ctx.Err()
}

// resultNaN returns a number that JSON does not have.
func resultNaN(context.Context, struct{}) (Point, error) { return Point{X: math.NaN()}, nil }
