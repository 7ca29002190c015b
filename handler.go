package centrirpc

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

// Handle registers a handler: an ordinary function or method. P is a struct, or
// struct{} for a method without params; R is any type that can be described, or
// struct{} for a method that only succeeds or fails. Handlers run concurrently.
//
// It panics, like http.Handle, on a wrong registration: a bad or repeated name,
// or a type that cannot be described. The message names the method, the path to
// the field, its type and the fix.
func Handle[P, R any](reg Registrar, method string, handler func(context.Context, P) (R, error), opts ...MethodOption) {
	register(reg, registration{
		method: Method{Name: method, Kind: contract.Call, Params: reflect.TypeFor[P](), Result: reflect.TypeFor[R]()},
		symbol: symbolOf(handler), missing: handler == nil,
		bind: func(decode *decoder) Invoker {
			return func(ctx context.Context, req *Request) (any, error) {
				params, err := decodeParams[P](ctx, decode, req.Params)
				if err != nil {
					return nil, err
				}
				return handler(ctx, params)
			}
		},
	}, opts)
}

// HandleNotify registers a handler for notifications: the client learns that the
// server accepted them, and nothing of how the handler fared. Errors and panics
// are logged. It panics on a wrong registration; see Handle.
func HandleNotify[P any](reg Registrar, method string, handler func(context.Context, P) error, opts ...MethodOption) {
	register(reg, registration{
		method: Method{Name: method, Kind: contract.Notify, Params: reflect.TypeFor[P]()},
		symbol: symbolOf(handler), missing: handler == nil,
		bind: func(decode *decoder) Invoker {
			return func(ctx context.Context, req *Request) (any, error) {
				params, err := decodeParams[P](ctx, decode, req.Params)
				if err != nil {
					return nil, err
				}
				return nil, handler(ctx, params)
			}
		},
	}, opts)
}

// registration is one method as it is being registered.
type registration struct {
	method  Method
	errors  []ErrorDeclaration
	symbol  string // the handler's name at run time
	where   string // file and line of the registration
	missing bool   // the handler is nil
	within  Registrar
	bind    func(*decoder) Invoker

	forwarded *forwarding // where it is served, instead of bind; else nil
	remote    string      // its name there
}

func (reg *registration) fail(format string, args ...any) {
	panic(fmt.Sprintf("centrirpc: method %q, registered at %s: %s", reg.method.Name, reg.where, fmt.Sprintf(format, args...)))
}

// refuse panics with problems, which need not name the method again.
func (reg *registration) refuse(problems contract.Problems) {
	for i := range problems {
		problems[i].Method = ""
	}
	refuse(fmt.Sprintf("method %q, registered at %s", reg.method.Name, reg.where), problems)
}

func register(within Registrar, reg registration, opts []MethodOption) {
	defer keepRefusal()
	if g, ok := within.(*Group); ok && g.refused() {
		return // the group is told already, and its methods have no names
	}
	reg.within = within
	reg.method.Name = within.prefix() + reg.method.Name
	reg.where = registeredAt()
	if err := wire.CheckMethod(reg.method.Name); err != nil {
		reg.fail("%v", err)
	}
	if reserved(reg.method.Name) {
		reg.fail("names that begin with \"centrirpc.\" are reserved; give the method another name")
	}
	if reg.missing {
		reg.fail("the handler is nil; give a function")
	}
	for i, opt := range opts {
		if opt == nil {
			reg.fail("option %d is nil; leave it out", i+1)
		}
		opt(&reg)
	}
	within.router().add(&reg)
}

// reserved reports whether a method's name is the protocol's own.
func reserved(name string) bool { return strings.HasPrefix(name, "centrirpc.") }

var noStruct = reflect.TypeFor[struct{}]()

// describedType is the type as the contract sees it: nil for struct{}, nothing.
func describedType(t reflect.Type) reflect.Type {
	if t == noStruct {
		return nil
	}
	return t
}

func symbolOf(handler any) string {
	v := reflect.ValueOf(handler)
	if v.IsNil() {
		return ""
	}
	return runtime.FuncForPC(v.Pointer()).Name()
}

// registeredAt is the file and line, outside this package, of the registration.
func registeredAt() string {
	var pcs [8]uintptr
	n := runtime.Callers(3, pcs[:])
	frames := runtime.CallersFrames(pcs[:n])
	for {
		frame, more := frames.Next()
		if !inThisPackage(frame.Function) || !more {
			return fmt.Sprintf("%s:%d", frame.File, frame.Line)
		}
	}
}

const packagePath = "github.com/centrirpc/centrirpc."

func inThisPackage(function string) bool {
	return len(function) > len(packagePath) && function[:len(packagePath)] == packagePath
}

// decodeParams turns raw params into P, checked against the contract and by the
// validator. Its error is an *Error that lists all faults.
func decodeParams[P any](ctx context.Context, d *decoder, raw json.RawMessage) (P, error) {
	var params P
	if d.none {
		return params, nil
	}
	if err := d.decode(ctx, raw, &params); err != nil {
		return params, err
	}
	return params, nil
}
