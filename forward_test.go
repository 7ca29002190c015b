package centrirpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/contract/diff"
	"github.com/centrirpc/centrirpc/wire"
)

// shopContract is what Python exported; endpoint's tests see to it that it is not stale.
func shopContract(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("endpoint/testdata/shop.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// answering is an endpoint that answers every call alike, and keeps the calls.
type answering struct {
	result string
	err    error
	calls  []centrirpc.ForwardedCall
}

func (a *answering) Call(_ context.Context, call centrirpc.ForwardedCall) (json.RawMessage, error) {
	a.calls = append(a.calls, call)
	return json.RawMessage(a.result), a.err
}

func TestForwardedMethodsAreTheRouters(t *testing.T) {
	a := &answering{result: `{"id":7,"item":"book","state":"open","more":1}`}
	r := centrirpc.NewRouter(centrirpc.Name("all"))
	var passed []string
	around := func(name string) centrirpc.Middleware {
		return func(next centrirpc.Invoker) centrirpc.Invoker {
			return func(ctx context.Context, req *centrirpc.Request) (any, error) {
				passed = append(passed, name)
				result, err := next(ctx, req)
				if _, raw := result.(json.RawMessage); err == nil && !raw {
					t.Errorf("middleware sees the result %T", result)
				}
				return result, err
			}
		}
	}
	r.Use(around("router"))
	centrirpc.Handle(r, "math.sum", sum)
	centrirpc.Forward(r.Group("shop", around("group")), shopContract(t), a, centrirpc.Except("orders.wait"))

	conn := &centrirpc.Conn{UserID: "456"}
	result, err := r.Call(centrirpc.ContextWithCall(t.Context(), conn, "c1"), "shop.orders.add", json.RawMessage(`{"item":"book"}`))
	if err != nil || string(result) != a.result {
		t.Fatalf("Call = %s, %v", result, err)
	}
	if !slices.Equal(passed, []string{"router", "group"}) {
		t.Errorf("passed through %q", passed)
	}
	want := []centrirpc.ForwardedCall{{Method: "orders.add", Params: json.RawMessage(`{"item":"book"}`), Conn: conn, CorrelationID: "c1"}}
	if !reflect.DeepEqual(a.calls, want) {
		t.Errorf("the endpoint was asked %+v", a.calls)
	}

	m, ok := r.Lookup("shop.orders.get")
	if !ok || !m.Idempotent || m.Timeout != 20*time.Second || m.Doc != "Find an order again." || !m.Forwarded {
		t.Errorf("Lookup = %+v, %v", m, ok)
	}
	if _, ok := r.Lookup("shop.orders.wait"); ok {
		t.Error("what was left out is served")
	}
	if m, _ := r.Lookup("shop.orders.who"); !m.Volatile {
		t.Error("a volatile method is not volatile")
	}
	if m, _ := r.Lookup("shop.orders.seen"); m.Kind != contract.Notify || m.Result != nil {
		t.Errorf("a notification is %+v", m)
	}
	c := r.Contract()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if m := c.Method("shop.orders.add"); m == nil || !slices.Equal(m.Errors, []int{1001}) || m.Source != "shop.py#add" {
		t.Errorf("the contract has %+v", m)
	}
	if c.Type("Order") == nil || c.Type("Stock") == nil || c.Type("Wait") != nil || c.Error(1001) == nil {
		t.Errorf("the contract has the types %v and errors %v", c.Types, c.Errors)
	}
}

func TestForwardedParamsAreChecked(t *testing.T) {
	a := &answering{result: `["parcel","5"]`}
	r := centrirpc.NewRouter()
	centrirpc.Forward(r, shopContract(t), a)
	for _, params := range []string{
		`{"what":{"kind":"parcel","grams":5},"to":5}`,
		`{"what":{"kind":"letter","pages":["a"]},"to":"me","at":[1,"x"],"labels":{"a":"b"},"speed":2,"unknown":1}`,
		`{"what":{"kind":"letter","pages":[]},"to":[1,2,123456789012345678901234567890],"at":null}`,
	} {
		if _, err := r.Call(t.Context(), "orders.send", json.RawMessage(params)); err != nil {
			t.Errorf("%s: %v", params, err)
		}
	}
	for _, c := range []struct{ method, params, want string }{
		{"orders.add", `{}`, "item required"},
		{"orders.add", `null`, "item required"},
		{"orders.add", `[]`, " type"},
		{"orders.add", `{"item":`, " json"},
		{"orders.add", `{"item":"a","item":"b"}`, "item json"},
		{"orders.add", `{"item":"","count":0,"state":"lost"}`, "item min, count gte, state enum"},
		{"orders.add", `{"item":"` + strings.Repeat("é", 41) + `","count":101}`, "item max, count lte"},
		{"orders.add", `{"item":"` + strings.Repeat("é", 40) + `","count":1.5}`, "count type"},
		{"orders.wait", `{"seconds":0}`, "seconds gt"},
		{"orders.send", `{"what":{"kind":"parcel","grams":0},"to":1.5}`, "what.grams gt, to type"},
		{"orders.send", `{"what":{"kind":"star"},"to":{}}`, "what.kind enum, to type"},
		{"orders.send", `{"what":{},"to":["a"],"at":[1]}`, "what.kind required, to[0] type, at type"},
		{"orders.send", `{"what":{"kind":"letter","pages":[1]},"to":1,"at":["x",1],"labels":{"a":"1","b":"2","c":"3"}}`, "what.pages[0] type, at[0] type, at[1] type, labels max"},
		{"orders.send", `{"what":{"kind":"letter","pages":[]},"to":null}`, "to type"},
		{"orders.send", `{"what":{"kind":"letter","pages":["a","b","c"]},"to":1}`, "what.pages max"},
		{"orders.send", `{"what":{"kind":"parcel","grams":7},"to":1,"speed":"fast"}`, "what.grams multiple_of, speed enum"},
		{"orders.send", `{"what":{"kind":"parcel","grams":5},"to":1,"speed":[2]}`, "speed type"},
	} {
		before := len(a.calls)
		_, err := r.Call(t.Context(), c.method, json.RawMessage(c.params))
		e := errorOf(t, err)
		faults, _ := e.Details.([]wire.Fault)
		var got []string
		for _, f := range faults {
			got = append(got, f.Field+" "+f.Rule)
		}
		if e.Code != wire.InvalidParams || strings.Join(got, ", ") != c.want {
			t.Errorf("%s(%s): %v, faults %q; want %q", c.method, c.params, e, got, c.want)
		}
		if len(a.calls) != before {
			t.Errorf("%s(%s) was sent", c.method, c.params)
		}
	}
	strict := centrirpc.NewRouter(centrirpc.Strict())
	centrirpc.Forward(strict, shopContract(t), a)
	_, err := strict.Call(t.Context(), "orders.get", json.RawMessage(`{"id":1,"more":2}`))
	if e := errorOf(t, err); e.Code != wire.InvalidParams {
		t.Errorf("a strict router lets an unknown key through: %v", e)
	}
}

// TestHostileParamsOfManyTypesCostLittle sends values that fit none of a union's
// types at each of many levels.
func TestHostileParamsOfManyTypesCostLittle(t *testing.T) {
	const source = `{"centrirpc":1,"name":"x","methods":[{"name":"walk","kind":"call","params":{"kind":"ref","ref":"Walk"},"result":{"kind":"ref","ref":"Node"}}],
	"types":[{"name":"A","kind":"struct","fields":[{"name":"n","type":{"kind":"ref","ref":"Node"},"required":true},{"name":"a","type":{"kind":"bool"},"required":true}]},
	{"name":"B","kind":"struct","fields":[{"name":"n","type":{"kind":"ref","ref":"Node"},"required":true},{"name":"b","type":{"kind":"bool"},"required":true}]},
	{"name":"Node","kind":"alias","base":{"kind":"union","items":[{"kind":"ref","ref":"A"},{"kind":"ref","ref":"B"},{"kind":"bool"}]}},
	{"name":"Walk","kind":"struct","fields":[{"name":"n","type":{"kind":"ref","ref":"Node"},"required":true}]}]}`
	r := centrirpc.NewRouter()
	a := &answering{result: "true"}
	centrirpc.Forward(r, []byte(source), a)
	const depth = 60 // 2^60 ways
	params := strings.Repeat(`{"n":`, depth) + "true" + strings.Repeat("}", depth)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = r.Call(t.Context(), "walk", json.RawMessage(params))
		result := &answering{result: params}
		r := centrirpc.NewRouter(centrirpc.Logger(slog.New(slog.DiscardHandler)))
		centrirpc.Forward(r, []byte(source), result)
		if _, _ = r.Call(t.Context(), "walk", json.RawMessage(`{"n":true}`)); len(result.calls) != 1 {
			t.Error("the result was not asked for")
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it takes too long to tell which types the values have")
	}
	_, err := r.Call(t.Context(), "walk", json.RawMessage(`{"n":{"n":true,"b":1}}`))
	if e := errorOf(t, err); e.Code != wire.InvalidParams {
		t.Errorf("a value of no type: %v", e)
	}
	if _, err := r.Call(t.Context(), "walk", json.RawMessage(`{"n":{"n":{"n":true,"a":true},"b":true}}`)); err != nil {
		t.Errorf("a value of the second type: %v", err)
	}
}

func TestForwardedResultsFitTheContract(t *testing.T) {
	for _, c := range []struct{ method, params, result, want string }{
		{"orders.get", `{"id":1}`, `{"id":1,"item":"a","state":"a newer one"}`, ""},
		{"orders.get", `{"id":1}`, `{"id":1,"item":"a"}`, "state is required"},
		{"orders.get", `{"id":1}`, `{"id":"1","item":"a","state":"open"}`, "id must be an integer"},
		{"orders.get", `{"id":1}`, `null`, "must not be null"},
		{"orders.get", `{"id":1}`, ``, "it is not there"},
		{"orders.get", `{"id":1}`, `{"id":1,`, "JSON"},
		{"orders.get", `{"id":1}`, "\"\xff\"", ""},
		{"orders.wait", `{"seconds":1}`, `null`, ""},
		{"orders.wait", `{"seconds":1}`, `"rubbish"`, ""},
		{"orders.send", `{"what":{"kind":"letter","pages":[]},"to":1}`, `["a",1]`, "[1] must be a string"},
	} {
		logger, log := quietLog()
		r := centrirpc.NewRouter(centrirpc.Logger(logger))
		centrirpc.Forward(r, shopContract(t), &answering{result: c.result})
		result, err := r.Call(t.Context(), c.method, json.RawMessage(c.params))
		switch {
		case strings.Contains(c.result, "\xff"):
			if errorOf(t, err).Code != wire.Internal {
				t.Errorf("what is no UTF-8 came through: %q", result)
			}
		case c.want == "":
			if want := map[bool]string{true: "{}", false: c.result}[c.method == "orders.wait"]; err != nil || string(result) != want {
				t.Errorf("%s answered with %s: %s, %v", c.method, c.result, result, err)
			}
		default:
			if e := errorOf(t, err); e.Code != wire.Internal || e.Message != "internal error" || !strings.Contains(log.String(), c.want) {
				t.Errorf("%s answered with %s: %v, and the log says %s", c.method, c.result, e, log)
			}
		}
	}
}

func TestForwardedErrors(t *testing.T) {
	logger, log := quietLog()
	call := func(err error) *centrirpc.Error {
		r := centrirpc.NewRouter(centrirpc.Logger(logger))
		centrirpc.Forward(r, shopContract(t), &answering{err: err})
		_, got := r.Call(t.Context(), "orders.add", json.RawMessage(`{"item":"a"}`))
		return errorOf(t, got)
	}
	e := &centrirpc.Error{Code: 1001, Reason: "out_of_stock", Message: "none", Details: json.RawMessage(`{"left":0}`)}
	if got := call(e).Wire(); got.Code != 1001 || got.Reason != "out_of_stock" || got.Message != "none" || string(got.Details) != `{"left":0}` {
		t.Errorf("a declared error is %+v", got)
	}
	if got := call(e.WithDetails(json.RawMessage(`{"left":"no"}`))).Wire(); got.Code != 1001 || got.Details != nil || !strings.Contains(log.String(), "left must be an integer") {
		t.Errorf("details of another type: %+v, log %s", got, log)
	}
	if got := call(&centrirpc.Error{Code: 1001, Message: "none"}); got.Code != 1001 || got.Reason != "out_of_stock" || got.Message != "none" {
		t.Errorf("a declared error without a reason is %+v", got)
	}
	if got := call(&centrirpc.Error{Code: 1001, Reason: "card_declined", Message: "none"}); got.Code != wire.Internal || got.Message == "none" || !strings.Contains(log.String(), "card_declined") || !strings.Contains(log.String(), "the contract of the version that runs") {
		t.Errorf("a declared code with another reason is %+v, log %s", got, log)
	}
	if got := call(&centrirpc.Error{Code: 1002, Reason: "card_declined", Message: "none"}); got.Code != 1002 || got.Reason != "card_declined" {
		t.Errorf("an error that is not declared is %+v", got)
	}
	if got := call(errors.New("10.0.0.7 is down")); got.Code != wire.Internal || strings.Contains(got.Message, "10.0.0.7") || !strings.Contains(log.String(), "10.0.0.7") {
		t.Errorf("another error: %v, log %s", got, log)
	}
	r := centrirpc.NewRouter(centrirpc.Logger(logger))
	centrirpc.Forward(r, shopContract(t), (*answering)(nil))
	_, err := r.Call(t.Context(), "orders.add", json.RawMessage(`{"item":"a"}`))
	if got := errorOf(t, err); got.Code != wire.Unavailable {
		t.Errorf("without an endpoint: %v", got)
	}
}

func TestWrongForwardsPanicWithTheFix(t *testing.T) {
	shop := shopContract(t)
	type Order struct {
		ID int `json:"id"`
	}
	type Stock struct {
		Left string `json:"left"`
	}
	handleGet := func(r *centrirpc.Router) { centrirpc.Handle(r, "orders.get", sum) }
	for name, c := range map[string]struct {
		set  func(r *centrirpc.Router)
		want []string
	}{
		"no contract":  {func(r *centrirpc.Router) { centrirpc.Forward(r, nil, nil) }, []string{"Forward, called at", "forward_test.go:", "empty", "export"}},
		"rubbish":      {func(r *centrirpc.Router) { centrirpc.Forward(r, []byte("{}"), nil) }, []string{"contract.json"}},
		"a nil option": {func(r *centrirpc.Router) { centrirpc.Forward(r, shop, nil, nil) }, []string{"option 1 is nil"}},
		"misspelt": {func(r *centrirpc.Router) { centrirpc.Forward(r, shop, nil, centrirpc.Except("orders.gte")) },
			[]string{`Except("orders.gte")`, "no such method", "orders.get"}},
		"a prefix": {func(r *centrirpc.Router) { centrirpc.Forward(r, shop, nil, centrirpc.TypePrefix("shop")) }, []string{`TypePrefix("shop")`, `"Shop"`}},
		"a handler before": {func(r *centrirpc.Router) { handleGet(r); centrirpc.Forward(r, shop, nil) },
			[]string{"orders.get", "handler in Go", `centrirpc.Except("orders.get")`}},
		"a handler after": {func(r *centrirpc.Router) { centrirpc.Forward(r, shop, nil); handleGet(r) },
			[]string{"orders.get", "handler in Go", `centrirpc.Except("orders.get")`}},
		"twice": {func(r *centrirpc.Router) { centrirpc.Forward(r, shop, nil); centrirpc.Forward(r, shop, nil) }, []string{"forwarded twice", "Except"}},
		"another type": {func(r *centrirpc.Router) {
			centrirpc.Handle(r, "x", func(context.Context, struct{}) (Order, error) { return Order{}, nil })
			centrirpc.Forward(r, shop, nil)
			r.Contract()
		}, []string{"type Order", "it has the field \"item\" there", "TypePrefix"}},
		"another error": {func(r *centrirpc.Router) {
			gone := centrirpc.DeclareError[struct{}](1001, "gone", "")
			centrirpc.Handle(r, "x", sum, centrirpc.Errors(gone))
			centrirpc.Forward(r, shop, nil)
			r.Contract()
		}, []string{"errors.1001", "gone, and out_of_stock at the endpoint"}},
		"a reason twice": {func(r *centrirpc.Router) {
			gone := centrirpc.DeclareError[struct{}](1002, "out_of_stock", "")
			centrirpc.Handle(r, "x", sum, centrirpc.Errors(gone))
			centrirpc.Forward(r, shop, nil)
			r.Contract()
		}, []string{"errors.1001", "the reason out_of_stock is that of the error 1002, too", "another reason"}},
		"other details": {func(r *centrirpc.Router) {
			gone := centrirpc.DeclareError[Stock](1001, "out_of_stock", "")
			centrirpc.Handle(r, "x", sum, centrirpc.Errors(gone))
			centrirpc.Forward(r, shop, nil)
			r.Contract()
		}, []string{"type Stock", `field "left"`, "errors.1001.details"}},
		"a stream": {func(r *centrirpc.Router) {
			other := centrirpc.NewRouter()
			centrirpc.HandleStream(other, "rows", func(context.Context, struct{}, func(int) error) (int, error) { return 0, nil })
			data, err := other.Contract().Encode()
			if err != nil {
				t.Fatal(err)
			}
			centrirpc.Forward(r, data, nil)
		}, []string{`"rows" is a stream`, "Except"}},
		"too late": {func(r *centrirpc.Router) { r.Methods(); centrirpc.Forward(r, shop, nil) }, []string{"first use"}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				text, _ := recover().(string)
				for _, want := range c.want {
					if !strings.HasPrefix(text, "centrirpc: ") || !strings.Contains(text, want) {
						t.Errorf("panicked with %q; want %q in it", text, want)
					}
				}
			}()
			c.set(centrirpc.NewRouter())
			t.Error("it was accepted")
		})
	}
}

func TestTypesOfBothSidesAreOne(t *testing.T) {
	type State string
	type Order struct {
		ID    int64  `json:"id"`
		Item  string `json:"item"`
		State State  `json:"state"`
	}
	shop := shopContract(t)
	with := func(opts ...centrirpc.ForwardOption) *contract.Contract {
		r := centrirpc.NewRouter()
		centrirpc.Handle(r, "x", func(context.Context, struct{}) (Order, error) { return Order{}, nil })
		centrirpc.Forward(r, shop, nil, opts...)
		return r.Contract()
	}
	one := with()
	if m := one.Method("orders.get"); m.Result.Ref != "Order" || one.Method("x").Result.Ref != "Order" || one.Type("Order").Origin == "" {
		t.Errorf("the types are not one: %+v", m.Result)
	}
	two := with(centrirpc.TypePrefix("Shop"))
	if m := two.Method("orders.get"); m.Result.Ref != "ShopOrder" || two.Type("ShopOrder") == nil || two.Type("ShopState") == nil || two.Error(1001).Details.Ref != "ShopStock" {
		t.Errorf("the prefix is missing: %+v", m.Result)
	}
}

// TestEnumsThatDifferAreLogged gives the router a contract.json in which Go's
// constants are others than Python's.
func TestEnumsThatDifferAreLogged(t *testing.T) {
	type State string
	type Order struct {
		ID    int64  `json:"id"`
		Item  string `json:"item"`
		State State  `json:"state"`
	}
	make := func(opts ...centrirpc.RouterOption) *contract.Contract {
		r := centrirpc.NewRouter(opts...)
		centrirpc.Handle(r, "x", func(context.Context, struct{}) (Order, error) { return Order{}, nil })
		centrirpc.Forward(r, shopContract(t), nil)
		return r.Contract()
	}
	recorded := make()
	state := recorded.Type("State")
	lost := "lost"
	state.Kind, state.Values = contract.Enum, []contract.EnumValue{{Name: "Lost", String: &lost}}
	data, err := recorded.Encode()
	if err != nil {
		t.Fatal(err)
	}
	logger, log := quietLog()
	make(centrirpc.Logger(logger), centrirpc.WithContract(data))
	if !strings.Contains(log.String(), "other constants") || strings.Contains(log.String(), "stale") {
		t.Errorf("the log says %s", log)
	}
}

// TestAMethodMovesWithoutItsCallersNoticing serves the same contract by Python, by
// both and by Go.
func TestAMethodMovesWithoutItsCallersNoticing(t *testing.T) {
	python := []byte(`{"centrirpc":1,"name":"all","methods":[
	{"name":"one","kind":"call","params":{"kind":"ref","ref":"Params"},"result":{"kind":"ref","ref":"Found"},"errors":[1001],"idempotent":true,"timeout_ms":2000},
	{"name":"two","kind":"call","params":{"kind":"ref","ref":"Params"},"result":{"kind":"ref","ref":"Found"}}],
	"errors":[{"code":1001,"reason":"lost","details":{"kind":"ref","ref":"Found"}}],
	"types":[{"name":"Found","kind":"struct","fields":[{"name":"at","type":{"kind":"string","format":"date-time"},"required":true},{"name":"text","type":{"kind":"string","nullable":true},"required":true}]},
	{"name":"Params","kind":"struct","fields":[{"name":"id","type":{"kind":"integer","bits":64,"constraints":{"minimum":1}},"required":true}]}]}`)
	type Params struct {
		ID int64 `json:"id" validate:"min=1"`
	}
	type Found struct {
		At   time.Time `json:"at"`
		Text *string   `json:"text"`
	}
	ErrLost := centrirpc.DeclareError[Found](1001, "lost", "")
	find := func(context.Context, Params) (Found, error) {
		return Found{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, nil
	}
	remote := &answering{result: `{"at":"2026-01-02T03:04:05Z","text":null}`}
	serve := func(set func(r *centrirpc.Router)) (*contract.Contract, string) {
		r := centrirpc.NewRouter(centrirpc.Name("all"), centrirpc.Logger(slog.New(slog.DiscardHandler)))
		set(r)
		result, err := r.Call(t.Context(), "one", json.RawMessage(`{"id":1}`))
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Call(t.Context(), "one", json.RawMessage(`{"id":0}`))
		if e := errorOf(t, err); e.Code != wire.InvalidParams {
			t.Errorf("params out of bounds: %v", e)
		}
		return r.Contract(), string(result)
	}
	first, result := serve(func(r *centrirpc.Router) { centrirpc.Forward(r, python, remote) })
	for name, set := range map[string]func(r *centrirpc.Router){
		"one moved": func(r *centrirpc.Router) {
			centrirpc.Handle(r, "one", find, centrirpc.Errors(ErrLost), centrirpc.Idempotent(), centrirpc.Timeout(2*time.Second))
			centrirpc.Forward(r, python, remote, centrirpc.Except("one"))
		},
		"both moved": func(r *centrirpc.Router) {
			centrirpc.Handle(r, "one", find, centrirpc.Errors(ErrLost), centrirpc.Idempotent(), centrirpc.Timeout(2*time.Second))
			centrirpc.Handle(r, "two", find)
		},
	} {
		moved, got := serve(set)
		if got != result {
			t.Errorf("%s: answered %s, before %s", name, got, result)
		}
		if moved.Hash() != first.Hash() {
			t.Errorf("%s: clients see another contract: %v", name, diff.Compare(first, moved))
		}
	}
	if first.Hash() == new(contract.Contract).Hash() {
		t.Error("the hash is that of nothing")
	}
}
