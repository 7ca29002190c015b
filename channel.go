package centrirpc

import (
	"cmp"
	"context"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strconv"

	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

// TypedChannel is a declared channel, or a pattern of them, whose events are E
// and whose name has the parameters A. It is safe for use by any number of
// goroutines.
type TypedChannel[A, E any] struct {
	router  *Router
	channel *channel
}

// ChannelInfo is what a router knows of one of its typed channels.
type ChannelInfo struct {
	// Pattern is its name as it was declared: "tasks:{project_id}".
	Pattern string
	// Params is the Go type of its parameters; nil if its name has none.
	Params reflect.Type
	// Event is the Go type of what is published.
	Event reflect.Type
	// Doc describes it: from the ChannelDescription option, or from the
	// contract.json that the router was given.
	Doc string
	// Deprecated says what to use instead; empty means not deprecated.
	Deprecated string
	// Presence tells that subscribers may see who else is subscribed.
	Presence bool
}

// ChannelOption describes a channel further, at its declaration.
type ChannelOption func(*channel)

// Channel declares a typed channel of the router. Its name may have parameters:
// "tasks:{project_id}" stands for one channel for each project. A is a struct
// with a field for each of them, a string or an integer under the parameter's
// name in JSON, or struct{} for a name without any; E is any type that can be
// described, such as a union (see RegisterUnion).
//
//	type ProjectChannel struct {
//		ProjectID string `json:"project_id"`
//	}
//
//	events := centrirpc.Channel[ProjectChannel, TaskEvent](router, "tasks:{project_id}",
//		centrirpc.AuthorizeSubscribe(func(ctx context.Context, c ProjectChannel) error {
//			return members.Check(c.ProjectID, centrirpc.ConnFromContext(ctx).UserID)
//		}))
//	…
//	err := events.Publish(ctx, ProjectChannel{"7"}, Created{Task: task}) // on "tasks:7"
//
// Without AuthorizeSubscribe every client that the server lets in may subscribe,
// whatever the parameters are. Only the server publishes.
//
// It panics, like Handle, on a wrong declaration: among others, where a name
// could be both this channel's and that of one declared before.
func Channel[A, E any](r *Router, pattern string, opts ...ChannelOption) *TypedChannel[A, E] {
	defer keepRefusal()
	c := &channel{
		info:   ChannelInfo{Pattern: pattern, Params: reflect.TypeFor[A](), Event: reflect.TypeFor[E]()},
		where:  registeredAt(),
		symbol: declaredIn(),
		decode: func(ctx context.Context, d *decoder, raw json.RawMessage) (any, error) {
			return decodeParams[A](ctx, d, raw)
		},
	}
	for i, opt := range opts {
		if opt == nil {
			c.fail("option %d is nil; leave it out", i+1)
		}
		opt(c)
	}
	r.addChannel(c)
	return &TypedChannel[A, E]{router: r, channel: c}
}

// ChannelDescription describes the channel for those who subscribe.
func ChannelDescription(text string) ChannelOption {
	return func(c *channel) { c.info.Doc = text }
}

// ChannelDeprecated marks the channel as on its way out and says what to use
// instead.
func ChannelDeprecated(instead string) ChannelOption {
	return func(c *channel) {
		if instead == "" {
			c.fail("ChannelDeprecated needs a text that says what to use instead")
		}
		c.info.Deprecated = instead
	}
}

// ChannelPresence lets clients that are subscribed see who else is, on all nodes: by
// presence(channel) and presenceStats(channel) of their SDK, which give the user id,
// the client id and what the server calls the info of each connection. Without it
// nobody can. Those of a node that was killed are seen a minute longer. Behind
// Centrifugo its configuration must allow it: centrirpc centrifugo-config -presence.
func ChannelPresence() ChannelOption {
	return func(c *channel) { c.info.Presence = true }
}

// AuthorizeSubscribe says who may subscribe: A is the channel's parameters, as
// the client named them, decoded and checked by their `validate` tags. ctx says
// who asks (ConnFromContext) and ends some seconds after the connection at the
// latest. An error refuses it as permission_denied; its text goes to the log. An
// *Error with the code wire.Unavailable has the client try again later.
func AuthorizeSubscribe[A any](may func(ctx context.Context, args A) error) ChannelOption {
	return func(c *channel) {
		switch {
		case may == nil:
			c.fail("the function of AuthorizeSubscribe is nil; leave the option out if every client may subscribe")
		case c.authorize != nil:
			c.fail("AuthorizeSubscribe is given twice; give one function")
		case reflect.TypeFor[A]() != c.info.Params:
			c.fail("AuthorizeSubscribe takes the parameters %v, but the channel's are %v; use the same type", reflect.TypeFor[A](), c.info.Params)
		}
		c.authorize = func(ctx context.Context, args any) error { return may(ctx, args.(A)) }
	}
}

// Name is the name of the channel with these parameters. Values must not be
// empty, and be printable ASCII without space and without : , # * $ / { }; nor
// may one hold what ends it in the pattern. The name has at most 255 bytes. The
// error names the parameter.
func (t *TypedChannel[A, E]) Name(args A) (string, error) {
	return t.channel.name(reflect.ValueOf(args))
}

// Publish sends an event to everyone subscribed to the channel with these
// parameters, at all servers of the router. It does not wait for the receivers.
// An error says what is wrong with the parameters, that the event cannot be
// encoded or is larger than the server allows, that ctx has ended, or that there
// is no server: none was made with the router, or all were shut down. With
// several servers, some may have sent it in spite of an error.
func (t *TypedChannel[A, E]) Publish(ctx context.Context, args A, event E) error {
	name, err := t.Name(args)
	if err != nil {
		return fmt.Errorf("centrirpc: publish: %w", err)
	}
	encoded, err := EncodeJSON(asDeclared(t.channel.info.Event, event))
	if err != nil {
		return fmt.Errorf("centrirpc: publish on %q: %w", name, err)
	}
	return t.router.publish(ctx, name, encoded)
}

// Publisher sends data, which is JSON, to everyone subscribed to a channel.
type Publisher func(ctx context.Context, channel string, data json.RawMessage) error

// AddPublisher has the events of the router's typed channels published by p, too,
// until remove is called. Servers use it, and tests that want to see the events.
func (r *Router) AddPublisher(p Publisher) (remove func()) {
	entry := &p
	r.changePublishers(func(all []*Publisher) []*Publisher { return append(slices.Clone(all), entry) })
	return func() {
		r.changePublishers(func(all []*Publisher) []*Publisher {
			return slices.DeleteFunc(slices.Clone(all), func(other *Publisher) bool { return other == entry })
		})
	}
}

func (r *Router) changePublishers(change func([]*Publisher) []*Publisher) {
	r.publishersMu.Lock()
	defer r.publishersMu.Unlock()
	var all []*Publisher
	if known := r.publishers.Load(); known != nil {
		all = *known
	}
	all = change(all)
	r.publishers.Store(&all)
}

func (r *Router) publish(ctx context.Context, channel string, data json.RawMessage) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("centrirpc: publish on %q: %w", channel, err)
	}
	all := r.publishers.Load()
	if all == nil || len(*all) == 0 {
		return fmt.Errorf("centrirpc: publish on %q: no server serves the router: make one with server.New before events are published", channel)
	}
	var failed []error
	for _, p := range *all {
		failed = append(failed, (*p)(ctx, channel, data))
	}
	return errors.Join(failed...)
}

// channel is a declared channel without its types.
type channel struct {
	info    ChannelInfo
	pattern *contract.ChannelPattern
	fields  [][]int // of the parameters, in order
	symbol  string  // the function that declares it, by its name at run time
	where   string  // file and line of the declaration
	decode  func(ctx context.Context, d *decoder, raw json.RawMessage) (any, error)
	decoder *decoder // once the router is in use
	// authorize is nil if every client may subscribe.
	authorize func(ctx context.Context, args any) error
}

func (c *channel) fail(format string, args ...any) {
	panic(fmt.Sprintf("centrirpc: channel %q, declared at %s: %s", c.info.Pattern, c.where, fmt.Sprintf(format, args...)))
}

// declaredIn is the function, outside of this package, that declares a channel.
func declaredIn() string {
	var pcs [8]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		frame, more := frames.Next()
		if !inThisPackage(frame.Function) || !more {
			return frame.Function
		}
	}
}

// addChannel takes a declaration, or panics with what is wrong with it.
func (r *Router) addChannel(c *channel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ready.Load() != nil {
		c.fail("the router is in use already; declare all channels before it serves calls")
	}
	if c.info.Params.Kind() != reflect.Struct {
		c.fail("its parameters are a %v; make them a struct, or struct{} for none", c.info.Params)
	}
	pattern, err := contract.ParseChannelPattern(c.info.Pattern)
	if err != nil {
		c.fail("%v", err)
	}
	c.pattern = pattern
	if requests, _ := contract.ParseChannelPattern(wire.RequestsChannel); requests.Overlaps(pattern) {
		c.fail("it covers %s, which is the protocol's own; let its name begin with another word", wire.RequestsChannel)
	}
	for _, other := range r.channels {
		if other.pattern.Overlaps(pattern) {
			c.fail("a channel's name can be both this one's and that of %q, declared at %s; give one of them another beginning", other.info.Pattern, other.where)
		}
	}
	described := contract.Channel{Name: c.info.Pattern, Doc: c.info.Doc, Deprecated: c.info.Deprecated, Source: c.symbol}
	problems := r.builder.AddChannel(described, describedType(c.info.Params), describedType(c.info.Event))
	problems = append(problems, r.checkRules(c.info.Params, "channels."+c.info.Pattern+".params")...)
	if len(problems) > 0 {
		refuse(fmt.Sprintf("channel %q, declared at %s", c.info.Pattern, c.where), problems)
	}
	for _, name := range pattern.Params() {
		c.fields = append(c.fields, c.fieldOf(name))
	}
	r.channels = append(r.channels, c)
}

// fieldOf finds the field that is the parameter. The builder has seen to it that
// there is one, which has the parameter's name at the least depth.
func (c *channel) fieldOf(name string) []int {
	var found reflect.StructField
	for _, field := range reflect.VisibleFields(c.info.Params) {
		if field.IsExported() && jsonNameOf(field) == name && (found.Index == nil || len(field.Index) < len(found.Index)) {
			found = field
		}
	}
	v := reflect.New(found.Type)
	if _, marshals := v.Interface().(encoding.TextMarshaler); marshals || v.Elem().Kind() != reflect.String && !v.Elem().CanInt() && !v.Elem().CanUint() {
		c.fail("the parameter %q is a %v; make it a string or an integer without a text form of its own", name, found.Type)
	}
	return found.Index
}

// name is the channel's name with the parameters in args.
func (c *channel) name(args reflect.Value) (string, error) {
	values := make([]string, len(c.fields))
	for i, index := range c.fields {
		switch v := args.FieldByIndex(index); {
		case v.Kind() == reflect.String:
			values[i] = v.String()
		case v.CanInt():
			values[i] = strconv.FormatInt(v.Int(), 10)
		default:
			values[i] = strconv.FormatUint(v.Uint(), 10)
		}
	}
	return c.pattern.Name(values)
}

// args are the parameters with these values, checked like the params of a
// method.
func (c *channel) args(ctx context.Context, name string, values []string) (any, error) {
	raw := []byte{'{'}
	for i, param := range c.pattern.Params() {
		if i > 0 {
			raw = append(raw, ',')
		}
		raw = append(strconv.AppendQuote(raw, param), ':')
		if c.info.Params.FieldByIndex(c.fields[i]).Type.Kind() == reflect.String {
			raw = strconv.AppendQuote(raw, values[i]) // printable ASCII
		} else {
			raw = append(raw, values[i]...)
		}
	}
	args, err := c.decode(ctx, c.decoder, append(raw, '}'))
	if err != nil {
		return nil, err
	}
	// One channel has one name, or its subscribers would miss events.
	if again, err := c.name(reflect.ValueOf(args)); err != nil || again != name {
		return nil, Errorf(wire.InvalidParams, "the channel's name is written as %q", again)
	}
	return args, nil
}

// compileChannels readies the channels for a table.
func (r *Router) compileChannels(t *table, s *shapes) {
	t.channels = slices.SortedFunc(slices.Values(r.channels), func(a, b *channel) int { return cmp.Compare(a.info.Pattern, b.info.Pattern) })
	for _, c := range t.channels {
		described := t.contract.Channel(c.info.Pattern)
		c.info.Doc, c.info.Deprecated = described.Doc, described.Deprecated
		c.decoder = newDecoder(r, s.of(described.Params), c.info.Params)
		info := c.info
		info.Params = describedType(info.Params)
		t.channelInfos = append(t.channelInfos, info)
	}
}

// Channels lists the router's typed channels by name.
func (r *Router) Channels() []ChannelInfo { return slices.Clone(r.open().channelInfos) }

// LookupChannel finds the typed channel that a channel's name belongs to:
// "tasks:{project_id}" for "tasks:7".
func (r *Router) LookupChannel(name string) (*ChannelInfo, bool) {
	c, _ := r.open().channel(name)
	if c == nil {
		return nil, false
	}
	info := c.info
	info.Params = describedType(info.Params)
	return &info, true
}

// MaySubscribe asks whether who asks by ctx may subscribe to the channel of that
// name, which must be one of the router's typed channels: its parameters must fit
// their types, and AuthorizeSubscribe must agree. The error says why not; it is
// for the log. Transports call it, and tests.
func (r *Router) MaySubscribe(ctx context.Context, name string) error {
	c, values := r.open().channel(name)
	if c == nil {
		return Errorf(wire.NotFound, "there is no typed channel %.300q", name)
	}
	args, err := c.args(ctx, name, values)
	if err != nil || c.authorize == nil {
		return err
	}
	return c.authorize(ctx, args)
}

// channel finds a channel by the name of one that it stands for; nil if there is
// none.
func (t *table) channel(name string) (c *channel, values []string) {
	for _, c := range t.channels {
		if values, ok := c.pattern.Match(name); ok {
			return c, values
		}
	}
	return nil, nil
}
