package centrirpc

import (
	"bytes"
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/gotypes"
	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"
)

// Router holds methods and turns a method and its params into a result. Methods
// are registered first; its first use (Call, Methods, Contract …) closes it, and
// from then on it is safe for use by any number of goroutines without locks.
type Router struct {
	name, doc string
	strict    bool
	logger    *slog.Logger
	validate  *validator.Validate
	// ownValidator says that validate is the application's.
	ownValidator bool
	words        ut.Translator // the validator's messages
	ownRules     []ownRule
	messages     map[string]string  // of ownRules
	recorded     *contract.Contract // as read by WithContract

	mu            sync.Mutex
	registrations map[string]*registration
	forwards      []*forwarding
	channels      []*channel
	errors        map[int]ErrorDeclaration
	builder       *gotypes.Builder
	mw            []Middleware
	ready         atomic.Pointer[table]

	publishersMu sync.Mutex
	publishers   atomic.Pointer[[]*Publisher] // replaced, never changed
}

// table is a router that takes no more registrations.
type table struct {
	endpoints map[string]*endpoint
	methods   []Method
	channels  []*channel // by name
	reflected *contract.Contract
	contract  *contract.Contract

	channelInfos []ChannelInfo
}

type endpoint struct {
	method Method
	invoke Invoker
}

// RouterOption sets up a router.
type RouterOption func(*Router)

// Name names the API in lower-case words ("tasks"); generated packages are named
// after it. The default is "api".
func Name(name string) RouterOption {
	return func(r *Router) {
		if !validName(name) {
			panic(fmt.Sprintf("centrirpc: Name(%q): write lower-case letters, digits and \"_\", starting with a letter, such as \"tasks\"", name))
		}
		r.name = name
	}
}

// Doc describes the API as a whole, for documentation and generated packages.
func Doc(text string) RouterOption { return func(r *Router) { r.doc = text } }

// Strict refuses params with keys that the method does not know. By default they
// are ignored, so that newer clients can talk to older servers.
func Strict() RouterOption { return func(r *Router) { r.strict = true } }

// Logger takes what a router has to log: panics with their stacks, the real text
// of errors that clients see as "internal", a stale contract. The default is
// slog.Default.
func Logger(logger *slog.Logger) RouterOption { return func(r *Router) { r.logger = logger } }

// Validator replaces the validator of params, for one that is set up in ways that
// Rule cannot. The router registers English messages with it.
func Validator(v *validator.Validate) RouterOption {
	return func(r *Router) { r.validate, r.ownValidator = v, v != nil }
}

// WithContract gives the router the contract.json that was generated from it,
// usually embedded in the program: what reflection cannot see (doc comments and
// the constants of enum types) is taken from there, so that a binary without its
// source serves documented methods and refuses values that are not in an enum:
// without it, enums are not checked. A file that does not fit the router's methods
// and types is reported in the log as stale; that a constant was added or removed
// cannot be seen from here, so let go generate or continuous integration run
// centrirpc contract, which has a flag -check. It panics on data that is no
// contract; empty data, as before the first generation, is none.
func WithContract(data []byte) RouterOption {
	return func(r *Router) {
		if len(bytes.TrimSpace(data)) == 0 {
			return // not generated yet
		}
		recorded, err := contract.Decode(data)
		if err != nil {
			panic(fmt.Sprintf("centrirpc: WithContract: %v; generate it with: centrirpc generate", err))
		}
		r.recorded = recorded
	}
}

// NewRouter makes a router without methods.
func NewRouter(opts ...RouterOption) *Router {
	r := &Router{
		name:          "api",
		registrations: map[string]*registration{},
		errors:        map[int]ErrorDeclaration{},
		messages:      map[string]string{},
		builder:       gotypes.NewBuilder(),
	}
	r.builder.FindUnions(findUnion)
	for i, opt := range opts {
		r.apply(i, opt)
	}
	if r.logger == nil {
		r.logger = slog.Default()
	}
	if r.validate == nil {
		r.validate = validator.New(validator.WithRequiredStructEnabled())
	}
	r.words = newTranslator(r.validate)
	r.registerRules()
	return r
}

func (r *Router) apply(i int, opt RouterOption) {
	defer keepRefusal()
	if opt == nil {
		panic(fmt.Sprintf("centrirpc: NewRouter: option %d is nil; leave it out", i+1))
	}
	opt(r)
}

func (r *Router) router() *Router          { return r }
func (r *Router) prefix() string           { return "" }
func (r *Router) middleware() []Middleware { return r.mw }

// Use adds middleware around all methods, whether they are registered already or
// not; the first added is the outermost. It panics once the router is in use.
func (r *Router) Use(mw ...Middleware) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mustBeOpen("Router.Use")
	mustNotBeNil("Router.Use", mw)
	r.mw = append(r.mw, mw...)
}

func (r *Router) mustBeOpen(what string) {
	if r.ready.Load() != nil {
		panic("centrirpc: " + what + " after the router's first use; set the router up before it serves calls")
	}
}

// add takes a registration, or panics with what is wrong with it.
func (r *Router) add(reg *registration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ready.Load() != nil {
		reg.fail("the router is in use already; register all methods before it serves calls")
	}
	first := r.registrations[reg.method.Name]
	if first != nil && first.forwarded != nil {
		panic("centrirpc: " + taken(reg, first))
	}
	if first != nil {
		reg.fail("the name is taken by the method registered at %s; give one of them another name", first.where)
	}
	var problems contract.Problems
	for i, declaration := range reg.errors {
		if declaration == nil {
			reg.fail("error %d of its Errors is nil; leave it out", i+1)
		}
		if declaration.number() == 0 && keepRefusals != "" {
			continue // its declaration is refused
		}
		problems = append(problems, r.declareError(reg, declaration)...)
	}
	params, result := describedType(reg.method.Params), describedType(reg.method.Result)
	if reg.method.Kind == contract.Stream {
		problems = append(problems, r.builder.AddStream(reg.describe(), params, describedType(reg.method.Item), result)...)
	} else {
		problems = append(problems, r.builder.AddMethod(reg.describe(), params, result)...)
	}
	problems = append(problems, r.checkRules(reg.method.Params, "params")...)
	if len(problems) > 0 {
		reg.refuse(problems)
	}
	r.registrations[reg.method.Name] = reg
}

func (r *Router) declareError(reg *registration, declaration ErrorDeclaration) contract.Problems {
	if known := r.errors[declaration.number()]; known != nil {
		if known != declaration {
			reg.fail("the error code %d is declared twice, as %q and as %q; give one of them another code", declaration.number(), known.name(), declaration.name())
		}
		return nil
	}
	problems := declaration.declare(r.builder)
	if len(problems) == 0 {
		r.errors[declaration.number()] = declaration
	}
	return problems
}

// open is the router's table; the first call closes the router.
func (r *Router) open() *table {
	if t := r.ready.Load(); t != nil {
		return t
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if t := r.ready.Load(); t != nil {
		return t
	}
	t := r.compile()
	r.ready.Store(t)
	return t
}

func (r *Router) compile() *table {
	reflected, problems := r.builder.Contract(r.name, r.doc)
	if len(problems) == 0 {
		problems = r.mergeForwarded(reflected)
	}
	if len(problems) > 0 {
		refuse("the router cannot be described", problems)
	}
	tellRefusals()
	t := &table{endpoints: make(map[string]*endpoint, len(r.registrations)), reflected: reflected, contract: reflected}
	if r.recorded != nil {
		t.contract = adopt(reflected, r.recorded)
		if reflected.StructureHash() != r.recorded.StructureHash() {
			r.logger.Warn("the contract given to the router is stale: it was generated from other methods or types; write it anew with: centrirpc contract PKG -o FILE", "api", r.name)
		}
		r.warnOfEnums(t.contract)
	}
	shapes := newShapes(t.contract, r.strict)
	for name, reg := range r.registrations {
		described := t.contract.Method(name)
		reg.method.Doc, reg.method.Deprecated = described.Doc, described.Deprecated
		invoke := chain(reg.within.middleware(), r.bind(reg, shapes, described))
		reg.method.Params, reg.method.Result = describedType(reg.method.Params), describedType(reg.method.Result)
		t.endpoints[name] = &endpoint{method: reg.method, invoke: invoke}
		t.methods = append(t.methods, reg.method)
	}
	slices.SortFunc(t.methods, func(a, b Method) int { return cmp.Compare(a.Name, b.Name) })
	r.compileChannels(t, shapes)
	return t
}

// bind is the registration's own invoker, without middleware.
func (r *Router) bind(reg *registration, shapes *shapes, described *contract.Method) Invoker {
	if reg.forwarded != nil {
		return reg.forwarded.bind(r, reg)
	}
	return reg.bind(newDecoder(r, shapes.of(described.Params), reg.method.Params))
}

// Methods lists the router's methods by name.
func (r *Router) Methods() []Method { return slices.Clone(r.open().methods) }

// Lookup finds a method by name.
func (r *Router) Lookup(method string) (*Method, bool) {
	if e := r.open().endpoints[method]; e != nil {
		return &e.method, true
	}
	return nil, false
}

// Contract describes the router: its types by reflection, with the doc comments
// and enum constants of the contract.json given to WithContract. The result is
// the router's own and must not be changed.
func (r *Router) Contract() *contract.Contract { return r.open().contract }

// ReflectContract describes the router by reflection alone. Sources are the run
// time names of the handlers. The result is the router's own and must not be
// changed.
func (r *Router) ReflectContract() *contract.Contract { return r.open().reflected }

// Log is where the router logs.
func (r *Router) Log() *slog.Logger { return r.logger }
