package runtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/centrirpc/centrirpc/client"
	everythingclient "github.com/centrirpc/centrirpc/codegen/golang/testdata/everything"
	hostileclient "github.com/centrirpc/centrirpc/codegen/golang/testdata/hostile"
	"github.com/centrirpc/centrirpc/wire"
)

// comesBack is a property of a type: what a server may send is read, and written
// as it came.
func comesBack[T any](t *testing.T, generate func(seed uint64) values, name string) {
	t.Helper()
	var fault string
	property := func(seed uint64) bool {
		data := generate(seed).named(name)
		var v T
		if err := json.Unmarshal([]byte(data), &v); err != nil {
			fault = data + ": " + err.Error()
			return false
		}
		again, err := json.Marshal(v)
		if err != nil || !sameJSON(data, string(again)) {
			fault = "read:    " + data + "\nwritten: " + string(again)
			return false
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 250}); err != nil {
		t.Errorf("%s: %v\n%s", name, err, fault)
	}
}

func TestEveryTypeComesBack(t *testing.T) {
	generate := valuesOf(t, "../../testdata/contracts/everything.json")
	comesBack[everythingclient.Animal](t, generate, "Animal")
	comesBack[everythingclient.Box](t, generate, "Box")
	comesBack[everythingclient.Cat](t, generate, "Cat")
	comesBack[everythingclient.Checked](t, generate, "Checked")
	comesBack[everythingclient.Either](t, generate, "Either")
	comesBack[everythingclient.Figure](t, generate, "Figure")
	comesBack[everythingclient.Names](t, generate, "Names")
	comesBack[everythingclient.Open](t, generate, "Open")
	comesBack[everythingclient.Pair](t, generate, "Pair")
	comesBack[everythingclient.Quota](t, generate, "Quota")
	comesBack[everythingclient.Scalars](t, generate, "Scalars")
	comesBack[everythingclient.Shapes](t, generate, "Shapes")
	comesBack[everythingclient.TaskEvent](t, generate, "TaskEvent")
	comesBack[everythingclient.Tree](t, generate, "Tree")
}

// So do the kinds of type that few have, beside and within one another.
func TestOddTypesComeBack(t *testing.T) {
	generate := valuesOf(t, "../testdata/hostile/contract.json")
	comesBack[hostileclient.Arrays](t, generate, "arrays")
	comesBack[hostileclient.Branch](t, generate, "branch")
	comesBack[hostileclient.ByWords](t, generate, "by_words")
	comesBack[hostileclient.Deep](t, generate, "deep")
	comesBack[hostileclient.ExtraLists](t, generate, "extra_lists")
	comesBack[hostileclient.ExtraOnly](t, generate, "extra_only")
	comesBack[hostileclient.Mixed](t, generate, "mixed")
	comesBack[hostileclient.Octets](t, generate, "octets")
	comesBack[hostileclient.OddFields](t, generate, "odd_fields")
	comesBack[hostileclient.Quotes](t, generate, "quotes")
}

// The same through a server: what a call takes, it sends, and what the server
// sends, it gives.
func TestEveryTypeTravels(t *testing.T) {
	generate := valuesOf(t, "../../testdata/contracts/everything.json")
	var params json.RawMessage
	api := everythingclient.NewAPIClient(connect(t, sent(&params)))
	travels(t, generate, "Scalars", &params, api.ZooScalars)
	travels(t, generate, "Shapes", &params, api.ZooShapes)
	travels(t, generate, "Checked", &params, api.ZooChecked)
	travels(t, generate, "Open", &params, api.ZooOpen)
	travels(t, generate, "Tree", &params, api.ZooTree)
}

func travels[T any](t *testing.T, generate func(seed uint64) values, name string, params *json.RawMessage, call func(context.Context, T, ...client.CallOption) (T, error)) {
	t.Helper()
	for seed := range uint64(100) {
		data := generate(seed).named(name)
		if len(data) > 50_000 {
			continue // over the limit of a request
		}
		var v T
		if err := json.Unmarshal([]byte(data), &v); err != nil {
			t.Fatal(err)
		}
		got, err := call(t.Context(), v)
		if err != nil || !reflect.DeepEqual(got, v) || !sameJSON(data, string(*params)) {
			t.Fatalf("%s of seed %d: %v\nmade: %s\nsent: %s", name, seed, err, data, *params)
		}
	}
}

// shapes are the least that can be sent: unions need a value.
func shapes() everythingclient.Shapes {
	return everythingclient.Shapes{
		NumberOrText: everythingclient.ShapesNumberOrTextFromInt64(7),
		Amount:       everythingclient.ShapesAmountFromNumber("1.50"),
		Animal:       everythingclient.Animal{Value: everythingclient.Cat{Name: "Tom"}},
		Shape:        everythingclient.Figure{Value: &everythingclient.Circle{Radius: 1}},
		Tree:         everythingclient.Tree{Value: everythingclient.TreeValueFromTree(everythingclient.Tree{Value: everythingclient.TreeValueFromString("x")})},
		Either:       everythingclient.EitherFromNames(nil),
		Nested:       everythingclient.ShapesNested{V1: everythingclient.Cat{Kind: "kitten"}},
	}
}

func TestZeroValuesAreFilled(t *testing.T) {
	var params json.RawMessage
	api := everythingclient.NewAPIClient(connect(t, sent(&params)))
	if _, err := api.ZooShapes(t.Context(), shapes()); err != nil {
		t.Fatal(err)
	}
	want := `{"pair":["",0],"nested":[[],{"kind":"kitten","name":""},["",""]],"rgb":[0,0,0],"grid":[[0,0],[0,0]],"nine":[0,0,0,0,0,0,0,0,0],"none":[],` +
		`"by_id":{},"by_small":{},"lists":{},"number_or_text":7,"unions":[],"amount":1.50,"animal":{"kind":"cat","name":"Tom"},"animals":[],"animals_by_name":{},` +
		`"shape":{"type":"circle","radius":1},"shapes":[],"open":{"id":""},"tree":{"value":{"value":"x","children":[]},"children":[]},"names":[],"pair_named":["",0],"either":[]}`
	if string(params) != want {
		t.Errorf("sent %s\nwant %s", params, want)
	}
	scalars := everythingclient.Scalars{Day: client.Date{Year: 2026, Month: 1, Day: 2}, Raws: []client.Base64URL{nil}}
	if _, err := api.ZooScalars(t.Context(), scalars); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"raw":"","raw_url":"","raw_text":"","raws":[""]`, `"flag_text":"false","count_text":"0"`, `"quoted_text":"\"\""`, `"exact":0,`, `"span":"PT0S"`} {
		if !strings.Contains(string(params), want) {
			t.Errorf("%s is not in %s", want, params)
		}
	}
	dog := everythingclient.Dog{Name: "Rex"}
	if data, err := json.Marshal(dog); err != nil || string(data) != `{"kind":"dog","name":"Rex"}` {
		t.Errorf("%s, %v", data, err)
	}
}

// What cannot be sent is an error before anything is sent.
func TestWhatCannotBeSent(t *testing.T) {
	calls := 0
	api := everythingclient.NewAPIClient(connect(t, func(wire.Request) ([]byte, *wire.Error) { calls++; return nil, nil }))
	for name, change := range map[string]func(*everythingclient.Shapes){
		"no value":       func(s *everythingclient.Shapes) { s.Either = everythingclient.Either{} },
		"no variant":     func(s *everythingclient.Shapes) { s.Animal.Value = nil },
		"a nil variant":  func(s *everythingclient.Shapes) { s.Animal.Value = (*everythingclient.Cat)(nil) },
		"another's tag":  func(s *everythingclient.Shapes) { s.Animal.Value = everythingclient.Cat{Kind: "dog"} },
		"an empty other": func(s *everythingclient.Shapes) { s.Animal.Value = everythingclient.UnknownAnimal{} },
		"a field's name": func(s *everythingclient.Shapes) { s.Open.Extra = map[string]json.RawMessage{"id": nil} },
	} {
		s := shapes()
		change(&s)
		if _, err := api.ZooShapes(t.Context(), s); !errors.Is(err, client.ErrInvalidParams) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if calls != 0 {
		t.Errorf("%d calls were sent", calls)
	}
}

func TestUnions(t *testing.T) {
	api := everythingclient.NewAPIClient(connect(t, func(r wire.Request) ([]byte, *wire.Error) {
		return map[string]json.RawMessage{
			"zoo.animal": json.RawMessage(`{"name":"Tom","kind":"kitten"}`), "zoo.either": json.RawMessage(`["a"]`),
			"zoo.figures": json.RawMessage(`[{"type":"box","width":2,"inside":{"type":"circle","radius":1}},{"type":"star","points":5}]`),
			"zoo.union":   json.RawMessage(`{"kind":"cat","name":"Tom"}`), "zoo.pair": json.RawMessage(`["a",1]`), "zoo.price": json.RawMessage(`"1.10"`),
			"zoo.took": json.RawMessage(`1500000000`),
		}[r.Method], nil
	}))
	animal, err := api.ZooAnimal(t.Context())
	same(t, animal, err, everythingclient.Animal{Value: everythingclient.Cat{Kind: "kitten", Name: "Tom"}})
	either, err := api.ZooEither(t.Context())
	names, ok := either.AsNames()
	if _, isInt := either.AsInt64(); err != nil || !ok || isInt || names[0] != "a" || string(either.Raw()) != `["a"]` {
		t.Errorf("%s, %v", either.Raw(), err)
	}
	figures, err := api.ZooFigures(t.Context())
	same(t, figures, err, []everythingclient.Figure{
		{Value: everythingclient.Box{Width: 2, Inside: client.NullOf(everythingclient.Figure{Value: everythingclient.Circle{Radius: 1}})}},
		{Value: everythingclient.UnknownFigure{UnknownVariant: client.UnknownOf("star", []byte(`{"type":"star","points":5}`))}},
	})
	union, err := api.ZooUnion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if cat, ok := union.AsCat(); !ok || cat.Name != "Tom" {
		t.Errorf("%s", union.Raw())
	}
	pair, err := api.ZooPair(t.Context())
	same(t, pair, err, everythingclient.Pair{V0: "a", V1: 1})
	price, err := api.ZooPrice(t.Context())
	same(t, price, err, "1.10")
	took, err := api.ZooTook(t.Context())
	same(t, took, err, 1500*time.Millisecond)
}

// A result that cannot be one of its type is an invalid reply.
func TestInvalidReplies(t *testing.T) {
	var reply string
	api := everythingclient.NewAPIClient(connect(t, func(wire.Request) ([]byte, *wire.Error) { return []byte(reply), nil }))
	for _, reply = range []string{`{"name":"Tom"}`, `{"kind":1}`, `[]`, `{"kind":"cat","name":1}`, `"cat"`} {
		if v, err := api.ZooAnimal(t.Context()); !errors.Is(err, client.ErrInvalidReply) {
			t.Errorf("%s: %+v, %v", reply, v, err)
		}
	}
	for _, reply = range []string{`["a"]`, `["a",1,2]`, `[1,"a"]`, `{}`} {
		if v, err := api.ZooPair(t.Context()); !errors.Is(err, client.ErrInvalidReply) {
			t.Errorf("%s: %+v, %v", reply, v, err)
		}
	}
	reply = "null"
	if v, err := api.ZooUnion(t.Context()); err != nil || v != nil {
		t.Errorf("null: %+v, %v", v, err)
	}
}

// An error of the application has its type, whatever method fails with it.
func TestTypedErrors(t *testing.T) {
	fault := &wire.Error{Code: everythingclient.CodeQuotaExceeded, Reason: "quota_exceeded", Message: "no more", Details: json.RawMessage(`{"limit":3,"used":4}`)}
	api := everythingclient.NewAPIClient(connect(t, func(wire.Request) ([]byte, *wire.Error) { return nil, fault }))
	for _, fails := range []func() error{
		func() error { return api.QuotaSpend(t.Context(), everythingclient.Created{}) },
		func() error {
			_, err := api.ZooPair(t.Context(), client.WithTimeout(time.Minute))
			return err
		},
	} {
		err := fails()
		quota, ok := errors.AsType[*everythingclient.QuotaExceededError](err)
		if !ok || quota.Details != (everythingclient.Quota{Limit: 3, Used: 4}) || quota.Message != "no more" {
			t.Fatalf("%v", err)
		}
		plain, ok := errors.AsType[*client.ServerError](err)
		if !ok || plain != quota.ServerError || client.CodeOf(err) != everythingclient.CodeQuotaExceeded {
			t.Errorf("%v", err)
		}
		if errors.As(err, new(*everythingclient.AsleepError)) {
			t.Error("it is another too")
		}
	}
	fault = &wire.Error{Code: everythingclient.CodeBitten, Details: json.RawMessage(`{"kind":"dog","name":"Rex"}`)}
	_, err := api.ZooAnimal(t.Context())
	bitten, ok := errors.AsType[*everythingclient.BittenError](err)
	if !ok || !reflect.DeepEqual(bitten.Details.Value, everythingclient.Dog{Kind: "dog", Name: "Rex"}) {
		t.Errorf("%v", err)
	}
	fault = &wire.Error{Code: everythingclient.CodeBitten, Details: json.RawMessage(`[]`)}
	if _, err := api.ZooAnimal(t.Context()); !errors.As(err, &bitten) || bitten.Details.Value != nil || string(bitten.ServerError.Details) != "[]" {
		t.Errorf("details that do not fit: %v", err)
	}
	fault = &wire.Error{Code: wire.NotFound}
	if _, err := api.ZooAnimal(t.Context()); client.CodeOf(err) != wire.NotFound {
		t.Errorf("%v", err)
	}
}

func TestChannels(t *testing.T) {
	faults := make(chan error, 4)
	node, rpc := serve(t, echo, client.WithErrorHandler(func(err error) { faults <- err }))
	api := everythingclient.NewAPIClient(rpc)
	events := make(chan everythingclient.TaskEvent, 4)
	sub, err := api.SubscribeTasks(t.Context(), everythingclient.TasksChannelParams{ProjectID: "p.1"}, func(e everythingclient.TaskEvent) { events <- e })
	if err != nil {
		t.Fatal(err)
	}
	if sub.Channel() != "tasks:p.1" {
		t.Errorf("channel %s", sub.Channel())
	}
	for _, data := range []string{`{"event":"created","id":1}`, `{"id":2}`, `{"event":"removed","id":3,"by":"x"}`, `{"event":"moved"}`} {
		if _, err := node.Publish("tasks:p.1", []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []everythingclient.TaskEventVariant{
		everythingclient.Created{ID: 1}, everythingclient.Removed{ID: 3, By: "x"},
		everythingclient.UnknownTaskEvent{UnknownVariant: client.UnknownOf("moved", []byte(`{"event":"moved"}`))},
	} {
		select {
		case got := <-events:
			same(t, got.Value, nil, want)
		case <-time.After(5 * time.Second):
			t.Fatalf("%+v did not come", want)
		}
	}
	if err := <-faults; !errors.Is(err, client.ErrInvalidEvent) {
		t.Errorf("fault %v", err)
	}

	rooms, err := api.SubscribeRooms(t.Context(), everythingclient.RoomsChannelParams{Tenant: "a", Room: -7}, func(everythingclient.Shapes) {})
	if err != nil || rooms.Channel() != "rooms:a.-7" {
		t.Errorf("%v", err)
	}
	news, err := api.SubscribeNews(t.Context(), func(string) {})
	if err != nil || news.Channel() != "news" {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "a:b", "a b", "*", "é"} {
		if _, err := api.SubscribeTasks(t.Context(), everythingclient.TasksChannelParams{ProjectID: bad}, func(everythingclient.TaskEvent) {}); err == nil || !strings.Contains(err.Error(), `"project_id"`) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
