package centrirpc

import (
	"reflect"
	"time"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes"
)

// Method is what a router knows of one of its methods.
type Method struct {
	// Name is what clients call: "tasks.get_stats".
	Name string
	// Kind says whether it is answered.
	Kind contract.MethodKind
	// Params is the Go type of its params; nil if it takes none.
	Params reflect.Type
	// Item is the Go type of a stream's items; nil for other kinds.
	Item reflect.Type
	// Result is the Go type of its result; nil if it has none.
	Result reflect.Type
	// Doc describes it: from the Description option, or from the contract.json
	// that the router was given.
	Doc string
	// Deprecated says what to use instead; empty means not deprecated.
	Deprecated string
	// Timeout bounds a call; zero leaves it to the server.
	Timeout time.Duration
	// Idempotent means that running a call twice does no harm.
	Idempotent bool
	// Volatile means that its calls are not remembered.
	Volatile bool
	// Forwarded means that it is served by an Endpoint: see Forward. Its Params and
	// Result are json.RawMessage then, or nil.
	Forwarded bool
}

// MethodOption describes a method further, at its registration.
type MethodOption func(*registration)

// Timeout bounds the method's calls: a caller may ask for less, never for more.
// It must be positive.
func Timeout(d time.Duration) MethodOption {
	return func(reg *registration) {
		if d <= 0 {
			reg.fail("the timeout is %v; give a positive one, or leave the option out for the server's default", d)
		}
		reg.method.Timeout = d
	}
}

// Description describes the method for its callers. Without it the description
// is the doc comment of the handler, read when the contract is generated.
func Description(text string) MethodOption {
	return func(reg *registration) { reg.method.Doc = text }
}

// Deprecated marks the method as on its way out and says what to use instead, in
// words that clients print as they are: "use tasks.list".
func Deprecated(instead string) MethodOption {
	return func(reg *registration) {
		if instead == "" {
			reg.fail("Deprecated needs a text that says what to use instead")
		}
		reg.method.Deprecated = instead
	}
}

// Idempotent declares that running a call twice does no harm. It is then run again
// where the server that ran it died, instead of being answered with
// outcome_unknown.
func Idempotent() MethodOption {
	return func(reg *registration) { reg.method.Idempotent = true }
}

// Volatile declares that the server need not remember the method's calls: the
// cheapest way to call. A reply may be lost with the connection; clients then
// report an unknown outcome, or, if the method is Idempotent too, send the call
// again. It suits reads, and notifications that come often.
func Volatile() MethodOption {
	return func(reg *registration) { reg.method.Volatile = true }
}

// ErrorDeclaration is an ErrorType of any details.
type ErrorDeclaration interface {
	declare(b *gotypes.Builder) contract.Problems
	number() int
	name() string
}

// Errors names the application errors the method may return, so that they are
// in its contract.
func Errors(declarations ...ErrorDeclaration) MethodOption {
	return func(reg *registration) { reg.errors = append(reg.errors, declarations...) }
}

func (t ErrorType[D]) declare(b *gotypes.Builder) contract.Problems {
	details := reflect.TypeFor[D]()
	if details == reflect.TypeFor[struct{}]() {
		details = nil
	}
	return b.AddError(contract.ErrorType{Code: int(t.code), Reason: t.reason, Doc: t.doc}, details)
}

func (t ErrorType[D]) number() int  { return int(t.code) }
func (t ErrorType[D]) name() string { return t.reason }
