package centrirpc

import (
	"errors"
	"sync"

	"github.com/centrirpc/centrirpc/contract"
)

// keepRefusals is set by the linker (-X) in the program that centrirpc generate
// builds to read a router, and nowhere else. There a wrong registration does not
// panic: all of them are kept, and the first use of any router panics with them
// joined, so that they are told in one run.
var keepRefusals string

var refusals struct {
	mu  sync.Mutex
	all []error
}

// refusal is a wrong registration whose problems are at places in Go code.
type refusal struct {
	subject  string // `method "tasks.create", registered at api.go:7`
	problems contract.Problems
}

func (r *refusal) Error() string {
	return "centrirpc: " + r.subject + ": " + r.problems.Error()
}

// Refusal is for the program of centrirpc generate, which turns the problems'
// positions into files and lines.
func (r *refusal) Refusal() (subject string, problems contract.Problems) {
	return r.subject, r.problems
}

// refuse panics with the problems of what was registered.
func refuse(subject string, problems contract.Problems) {
	r := &refusal{subject: subject, problems: problems}
	if keepRefusals != "" {
		panic(r)
	}
	panic(r.Error())
}

// keepRefusal, deferred, takes the panic of a wrong registration.
func keepRefusal() {
	if keepRefusals == "" {
		return
	}
	var refused error
	switch p := recover().(type) {
	case nil:
		return
	case string:
		refused = errors.New(p)
	case *refusal:
		refused = p
	default:
		panic(p)
	}
	refusals.mu.Lock()
	defer refusals.mu.Unlock()
	refusals.all = append(refusals.all, refused)
}

// tellRefusals panics if any are kept.
func tellRefusals() {
	refusals.mu.Lock()
	defer refusals.mu.Unlock()
	if err := errors.Join(refusals.all...); err != nil {
		panic(err)
	}
}
