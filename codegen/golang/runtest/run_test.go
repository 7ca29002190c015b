// Package runtest_test runs generated clients against a real Centrifuge node. It
// is apart from the tests of the generator, so that a generator that prints what
// does not compile can still be told to print again.
package runtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/centrirpc/centrirpc/client"
	hostileclient "github.com/centrirpc/centrirpc/codegen/golang/testdata/hostile"
	zooclient "github.com/centrirpc/centrirpc/codegen/golang/testdata/zoo"
	"github.com/centrirpc/centrirpc/wire"
)

// connect makes a client of a server that answers with whatever answer gives, and
// echoes the params where that is nil.
func connect(t *testing.T, answer func(wire.Request) ([]byte, *wire.Error), opts ...client.Option) *client.CentrifugoRPCClient {
	t.Helper()
	_, c := serve(t, answer, opts...)
	return c
}

// serve is connect, with the server that events can be published by.
func serve(t *testing.T, answer func(wire.Request) ([]byte, *wire.Error), opts ...client.Option) (*centrifuge.Node, *client.CentrifugoRPCClient) {
	t.Helper()
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelNone})
	if err != nil {
		t.Fatal(err)
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{UserID: "456"},
			Subscriptions: map[string]centrifuge.SubscribeOptions{"user#456": {}},
		}, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, cb centrifuge.SubscribeCallback) {
			cb(centrifuge.SubscribeReply{}, nil)
		})
		c.OnPublish(func(e centrifuge.PublishEvent, cb centrifuge.PublishCallback) {
			req, err := wire.DecodeRequest(e.Data)
			if err != nil {
				t.Errorf("not an envelope: %s: %v", e.Data, err)
				cb(centrifuge.PublishReply{}, centrifuge.ErrorBadRequest)
				return
			}
			data, fault := answer(req)
			cb(centrifuge.PublishReply{Result: &centrifuge.PublishResult{}}, nil)
			if req.Op == wire.OpNotify {
				return
			}
			if data == nil {
				data = req.Params
			}
			reply := wire.EncodeResult(req.CorrelationID, data)
			if fault != nil {
				reply = wire.EncodeError(req.CorrelationID, fault)
			}
			if _, err := node.Publish(req.ReplyTo, reply); err != nil {
				t.Errorf("publishing the reply: %v", err)
			}
		})
	})
	if err := node.Run(); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	t.Cleanup(func() {
		if err := node.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	c, err := client.NewCentrifugoRPCClient(web.URL, "", "456", opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return node, c
}

func echo(wire.Request) ([]byte, *wire.Error) { return nil, nil }

// sent remembers the params of the latest request.
func sent(last *json.RawMessage) func(wire.Request) ([]byte, *wire.Error) {
	return func(r wire.Request) ([]byte, *wire.Error) {
		*last = r.Params
		return nil, nil
	}
}

func same[T any](t *testing.T, got T, err error, want T) {
	t.Helper()
	if err != nil {
		t.Error(err)
	} else if !reflect.DeepEqual(got, want) {
		g, _ := json.Marshal(got)
		w, _ := json.Marshal(want)
		t.Errorf("got  %s\nwant %s", g, w)
	}
}

const nasty = "*/ \"\"\" \\ \u2028 \x00 </script> é 日本 🦊"

func everything() zooclient.Everything {
	return zooclient.Everything{
		B: true, S: nasty, I8: -128, I16: -32768, I32: -1 << 31, I64: -1 << 63,
		U8: 255, U16: 65535, U32: 1<<32 - 1, U64: 1<<64 - 1, F32: 0.1, F64: 1e-300,
		When: time.Date(2026, 2, 28, 23, 59, 59, 123456789, time.UTC),
		Raw:  []byte{0, 1, 254, 255}, Any: json.RawMessage(`{"a":[1,null]}`),
		List: []string{"", nasty}, ListOfNullable: []*string{nil, new("x")}, Matrix: [][]float64{{1, 2.5}, {}},
		Map: map[string]int64{nasty: 1}, IntMap: map[int64]string{-7: "x"}, MapOfLists: map[string][]zooclient.Leaf{"a": {{Name: "b"}}, "c": {}},
		Leaf: zooclient.Leaf{Name: nasty}, Level: zooclient.LevelNegative, Colour: zooclient.ColourDarkBlue,
		Alias: "u1", AliasList: zooclient.Names{"u1", "u2"},
	}
}

func TestZooRoundTrip(t *testing.T) {
	api := zooclient.NewAPIClient(connect(t, echo))
	ctx := t.Context()

	want := everything()
	got, err := api.ZooEverything(ctx, want)
	same(t, got, err, want)

	hostile := zooclient.Hostile{
		Class: nasty, XY: "1", X1St: "2", ID: "3", ModelDump: "4", Copy: "5", Def: "6", Constructor: "7", Proto: "8",
		QuoteD: "9", BackSlash: "10", WithSpace: "11", Type: new("12"), None: new(""), Été: new(nasty),
	}
	gotHostile, err := api.ZooHostile(ctx, hostile)
	same(t, gotHostile, err, hostile)

	tree := zooclient.Node{Value: "a", Left: &zooclient.Node{Value: "b", Children: []zooclient.Node{}}, Children: []zooclient.Node{{Value: "c", Children: []zooclient.Node{}}}}
	gotTree, err := api.ZooTree(ctx, tree)
	same(t, gotTree, err, tree)

	empty, err := api.ZooEmpty(ctx, zooclient.Empty{})
	same(t, empty, err, zooclient.Empty{})
}

// Nil lists and maps that must be there are sent as empty ones, not as null.
func TestNilIsSentAsEmpty(t *testing.T) {
	var params json.RawMessage
	api := zooclient.NewAPIClient(connect(t, sent(&params)))
	if _, err := api.ZooEverything(t.Context(), zooclient.Everything{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"list":[]`, `"map":{}`, `"int_map":{}`, `"raw":""`, `"alias_list":[]`, `"any":null`} {
		if !bytes.Contains(params, []byte(want)) {
			t.Errorf("%s is not in %s", want, params)
		}
	}
}

// So are those that lie in other lists and maps, whatever their depth; what the
// caller gave stays as it was, and what may be null stays null.
func TestNestedNilIsSentAsEmpty(t *testing.T) {
	var params json.RawMessage
	rpc := connect(t, sent(&params))
	check := func(want ...string) {
		t.Helper()
		for _, w := range want {
			if !bytes.Contains(params, []byte(w)) {
				t.Errorf("%s is not in %s", w, params)
			}
		}
	}
	everything := zooclient.Everything{Matrix: [][]float64{nil, {1}}, MapOfLists: map[string][]zooclient.Leaf{"a": nil}, ListOfNullable: []*string{nil}}
	if _, err := zooclient.NewAPIClient(rpc).ZooEverything(t.Context(), everything); err != nil {
		t.Fatal(err)
	}
	check(`"matrix":[[],[1]]`, `"map_of_lists":{"a":[]}`, `"list_of_nullable":[null]`)
	if everything.Matrix[0] != nil || everything.MapOfLists["a"] != nil {
		t.Error("the caller's params were changed")
	}
	tree := zooclient.Node{Left: &zooclient.Node{}, Children: []zooclient.Node{{}}}
	if _, err := zooclient.NewAPIClient(rpc).ZooTree(t.Context(), tree); err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(params, []byte(`"children":[]`)); got != 2 {
		t.Errorf("sent %s", params)
	}
	api := hostileclient.NewAPIClient(rpc)
	if _, err := api.EchoEverywhere(t.Context(), hostileclient.Everywhere{Selves: hostileclient.SelfList{nil, {nil}}}); err != nil {
		t.Fatal(err)
	}
	check(`"selves":[[],[[]]]`)
	if _, err := api.EchoOctets(t.Context(), hostileclient.Octets{Map: map[hostileclient.Words][]uint16{hostileclient.WordsB: nil}}); err != nil {
		t.Fatal(err)
	}
	check(`":[]}`)
	if _, err := api.EchoOddFields(t.Context(), hostileclient.OddFields{F: client.NullOf([]string(nil))}); err != nil {
		t.Fatal(err)
	}
	check(`"🦊f":[]`)

	type rows = hostileclient.Rows
	none := [][]string(nil)
	for want, deep := range map[string]hostileclient.Deep{
		`{"list_list":[],"maybe_list_list":null,"list_maybe_list_list":[],"list_maybe":[],"map_map":{},"maybe_rows":null,"list_maybe_rows":[],"rows":[],"list_null_rows":[],"list_odd":[],"maybe_bytes":null}`: {},
		`{"list_list":[[]],"maybe_list_list":[[]],"opt_list_list":[[]],"opt_maybe_list_list":[[],["a"]],"list_maybe_list_list":[null,[[]]],"list_maybe":[null,[]],"map_map":{"a":{},"b":{"c":""}},` +
			`"opt_map_maybe_map":{"a":null,"b":{"c":[]}},"maybe_rows":[null,[null]],"list_maybe_rows":[null,[null]],"rows":[[],["a"]],"opt_rows":[[]],"list_null_rows":[null,[[]]],"list_odd":[],"maybe_bytes":""}`: {
			ListList: [][]string{nil}, MaybeListList: [][]string{nil}, OptListList: [][]string{nil}, OptMaybeListList: client.NullOf([][]string{nil, {"a"}}),
			ListMaybeListList: [][][]string{nil, {nil}}, ListMaybe: [][]string{nil, {}}, MapMap: map[string]map[string][]byte{"a": nil, "b": {"c": nil}},
			OptMapMaybeMap: map[string]map[string][]string{"a": nil, "b": {"c": nil}}, MaybeRows: hostileclient.MaybeRows{nil, {nil}},
			ListMaybeRows: []hostileclient.MaybeRows{nil, {nil}}, Rows: rows{nil, {"a"}}, OptRows: client.NullOf(rows{nil}),
			ListNullRows: []rows{nil, {nil}}, MaybeBytes: []byte{},
		},
	} {
		if _, err := api.EchoDeep(t.Context(), deep); err != nil {
			t.Fatal(err)
		}
		if string(params) != want {
			t.Errorf("sent %s\nwant %s", params, want)
		}
	}
	if _, err := api.EchoDeep(t.Context(), hostileclient.Deep{OptMaybeListList: client.NullOf(none)}); err != nil {
		t.Fatal(err)
	}
	check(`"opt_maybe_list_list":[]`)
}

// The four states of presence travel as they are.
func TestPresence(t *testing.T) {
	var params json.RawMessage
	api := zooclient.NewAPIClient(connect(t, sent(&params)))
	members := func(p zooclient.Presence) map[string]json.RawMessage {
		t.Helper()
		got, err := api.ZooPresence(t.Context(), p)
		same(t, got, err, p)
		var m map[string]json.RawMessage
		if err := json.Unmarshal(params, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := members(zooclient.Presence{})
	want := map[string]string{
		"required": `""`, "nullable": "null", "required_leaf": `{"name":""}`, "nullable_leaf": "null", "nullable_bytes": "null", "nullable_enum": "null",
	}
	if len(m) != len(want) {
		t.Errorf("unset: %s", params)
	}
	for name, value := range want {
		if string(m[name]) != value {
			t.Errorf("unset: %s is %s; want %s", name, m[name], value)
		}
	}

	when := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	m = members(zooclient.Presence{
		Required: "a", Nullable: new(""), Optional: new(""), OptionalNullable: client.Null[string]{Set: true},
		NullableLeaf: &zooclient.Leaf{}, OptionalLeaf: &zooclient.Leaf{}, OptionalNullableLeaf: client.NullOf(zooclient.Leaf{Name: "b"}),
		OptionalList: []string{}, OptionalMap: map[string]int64{}, OptionalWhen: &when, OptionalBytes: []byte{}, NullableBytes: []byte{},
		OptionalBool: new(false), OptionalInt: new(int64(0)), OptionalEnum: new(zooclient.ColourEmpty), NullableEnum: new(zooclient.ColourRed),
	})
	for name, value := range map[string]string{
		"nullable": `""`, "optional": `""`, "optional_nullable": "null", "optional_nullable_leaf": `{"name":"b"}`, "optional_list": "[]",
		"optional_map": "{}", "optional_bytes": `""`, "nullable_bytes": `""`, "optional_bool": "false", "optional_int": "0", "optional_enum": `""`,
	} {
		if string(m[name]) != value {
			t.Errorf("set: %s is %s; want %s", name, m[name], value)
		}
	}
}

func TestZooResults(t *testing.T) {
	results := map[string]string{
		"ping": `null`, "users.get_user_by_id": `{"name":"x"}`, "zoo.any": `[1,{}]`, "zoo.blob": `"AAH/"`, "zoo.count": `-9007199254740993`,
		"zoo.counts": `{"a":1}`, "zoo.level": `10`, "zoo.maybe": `null`, "zoo.mutual": `{"ping":{"pong":{"ping":null}}}`, "zoo.names": `["a"]`,
		"zoo.page": `{"items":[],"next":"n"}`, "zoo.when": `"2026-01-01T00:00:00+02:00"`,
	}
	moved := 0
	api := zooclient.NewAPIClient(connect(t, func(r wire.Request) ([]byte, *wire.Error) {
		if r.Op == wire.OpNotify {
			moved++
		}
		return []byte(results[r.Method]), nil
	}))
	ctx := t.Context()
	if err := api.Ping(ctx); err != nil {
		t.Error(err)
	}
	if err := api.ZooMove(ctx, zooclient.Leaf{}); err != nil || moved != 1 {
		t.Errorf("moved %d times: %v", moved, err)
	}
	leaf, err := api.UsersGetUserByID(ctx, zooclient.Leaf{})
	same(t, leaf, err, zooclient.Leaf{Name: "x"})
	anything, err := api.ZooAny(ctx)
	same(t, anything, err, json.RawMessage(`[1,{}]`))
	blob, err := api.ZooBlob(ctx)
	same(t, blob, err, []byte{0, 1, 255})
	count, err := api.ZooCount(ctx)
	same(t, count, err, -9007199254740993)
	counts, err := api.ZooCounts(ctx)
	same(t, counts, err, map[string]int64{"a": 1})
	level, err := api.ZooLevel(ctx)
	same(t, level, err, zooclient.LevelHigh)
	maybe, err := api.ZooMaybe(ctx)
	same(t, maybe, err, nil)
	mutual, err := api.ZooMutual(ctx, zooclient.Ping{})
	same(t, mutual, err, zooclient.Pong{Ping: &zooclient.Ping{Pong: &zooclient.Pong{}}})
	names, err := api.ZooNames(ctx)
	same(t, names, err, []string{"a"})
	page, err := api.ZooPage(ctx)
	same(t, page, err, zooclient.PageLeaf{Items: []zooclient.Leaf{}, Next: new("n")})
	when, err := api.ZooWhen(ctx)
	if err != nil || !when.Equal(time.Date(2025, 12, 31, 22, 0, 0, 0, time.UTC)) {
		t.Errorf("%s, %v", when, err)
	}
}

// What the contract says of a method reaches the call, and the caller's options
// win.
func TestMethodOptionsAndErrors(t *testing.T) {
	timeouts := make(chan int64, 2)
	api := zooclient.NewAPIClient(connect(t, func(r wire.Request) ([]byte, *wire.Error) {
		timeouts <- r.TimeoutMS
		return nil, &wire.Error{Code: zooclient.CodeQuotaExceeded, Reason: "quota_exceeded", Message: "no more", Details: json.RawMessage(`{"limit":3}`)}
	}))
	_, err := api.ZooOld(t.Context(), zooclient.Leaf{})
	var se *client.ServerError
	var quota zooclient.Quota
	if client.CodeOf(err) != zooclient.CodeQuotaExceeded || !errors.As(err, &se) || se.DecodeDetails(&quota) != nil || quota.Limit != 3 {
		t.Errorf("error = %v", err)
	}
	_, _ = api.ZooOld(t.Context(), zooclient.Leaf{}, client.WithTimeout(20*time.Second))
	if a, b := <-timeouts, <-timeouts; a > 1500 || a < 1000 || b > 20000 || b < 15000 {
		t.Errorf("timeouts %d and %d ms", a, b)
	}
}

func TestHostileRoundTrip(t *testing.T) {
	var params json.RawMessage
	api := hostileclient.NewAPIClient(connect(t, sent(&params)))
	ctx := t.Context()

	octets := hostileclient.Octets{
		Plain: []uint16{0, 255}, Nullable: []*uint8{nil, new(uint8(7))}, Enum: []hostileclient.Small{0, hostileclient.SmallGröße},
		Alias: []hostileclient.Tinier{1}, One: 255, Map: map[hostileclient.Words][]uint16{hostileclient.WordsB: {1}},
	}
	got, err := api.EchoOctets(ctx, octets)
	same(t, got, err, octets)
	for _, want := range []string{`"plain":[0,255]`, `"nullable":[null,7]`, `"enum":[0,255]`, `"alias":[1]`, `:[1]}`} {
		if !bytes.Contains(params, []byte(want)) {
			t.Errorf("%s is not in %s", want, params)
		}
	}

	odd := hostileclient.OddFields{
		X: "dash", AOmitempty: "comma", B: new("tick"), C: client.Null[string]{Set: true}, D: []string{}, E: []string{"quote"},
		X日本: nasty, Func: "f", F: client.NullOf([]string{"fox"}), AB: client.NullOf(hostileclient.MaybeName("x")),
	}
	gotOdd, err := api.EchoOddFields(ctx, odd)
	same(t, gotOdd, err, odd)
	var members map[string]any
	if err := json.Unmarshal(params, &members); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"-": "dash", "a,omitempty": "comma", "`b": "tick", "'c": nil, "\\d": []any{}, "\"e": []any{"quote"}, "日本": nasty, "func": "f",
		"🦊f": []any{"fox"}, "\u2028y": nil, "a\nb": "x",
	}
	if !reflect.DeepEqual(members, want) {
		t.Errorf("sent %s", params)
	}
	gotOdd, err = api.EchoOddFields(ctx, hostileclient.OddFields{})
	same(t, gotOdd, err, hostileclient.OddFields{E: []string{}})

	unnamed, err := api.EchoUnnamed(ctx, hostileclient.Unnamed{X: "x"})
	same(t, unnamed, err, hostileclient.Unnamed{X: "x"})

	when := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	everywhere := hostileclient.Everywhere{
		When: when, WhenOpt: &when, WhenBoth: client.NullOf(when), Any: json.RawMessage("1"), AnyNull: client.Null[json.RawMessage]{Set: true},
		Maybes: []*hostileclient.MaybeName{nil, new(hostileclient.MaybeName("m"))}, Odd: odd, Odds: []*hostileclient.Odd{nil}, Selves: hostileclient.SelfList{{}, {{}}},
	}
	gotEverywhere, err := api.EchoEverywhere(ctx, everywhere)
	same(t, gotEverywhere, err, everywhere)
}
