package centrirpc

import (
	"errors"
	"sync"
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

// keepRefusal, deferred, takes the panic of registration.fail.
func keepRefusal() {
	if keepRefusals == "" {
		return
	}
	switch p := recover().(type) {
	case nil:
	case string:
		refusals.mu.Lock()
		defer refusals.mu.Unlock()
		refusals.all = append(refusals.all, errors.New(p))
	default:
		panic(p)
	}
}

// tellRefusals panics if any are kept.
func tellRefusals() {
	refusals.mu.Lock()
	defer refusals.mu.Unlock()
	if err := errors.Join(refusals.all...); err != nil {
		panic(err)
	}
}
