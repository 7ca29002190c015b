package centrirpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// bomb panics where it is encoded.
type bomb struct{ Inner any }

func (bomb) MarshalJSON() ([]byte, error) { panic("boom") }

type anyResult struct {
	Value any `json:"value"`
}

// Whatever a handler hands back, its call ends, and the process lives.
func TestNoPanicLeavesACall(t *testing.T) {
	var missing *centrirpc.Error
	for name, test := range map[string]struct {
		result any
		err    error
		want   wire.Code
		log    string
	}{
		"a result that panics when it is encoded":  {bomb{}, nil, wire.Internal, "boom"},
		"a result that cannot be encoded":          {make(chan int), nil, wire.Internal, "chan int"},
		"details that panic when they are encoded": {nil, centrirpc.Errorf(wire.NotFound, "no").WithDetails(bomb{}), wire.Internal, "boom"},
		"details that cannot be encoded":           {nil, centrirpc.Errorf(wire.NotFound, "no").WithDetails(make(chan int)), wire.NotFound, "left out"},
		"a nil *Error as an error":                 {nil, missing, wire.Internal, "nil *centrirpc.Error"},
		"a nil *Error wrapped":                     {nil, errors.Join(missing, errors.New("more")), wire.Internal, "nil *centrirpc.Error"},
	} {
		t.Run(name, func(t *testing.T) {
			logger, log := quietLog()
			r := centrirpc.NewRouter(centrirpc.Logger(logger))
			centrirpc.Handle(r, "do", func(context.Context, struct{}) (anyResult, error) { return anyResult{test.result}, test.err })
			_, err := r.Call(t.Context(), "do", nil)
			e := errorOf(t, err)
			if e.Code != test.want || !strings.Contains(log.String(), test.log) {
				t.Errorf("error = %v, log = %s", e, log)
			}
			if answer := e.Wire(); answer.Details != nil || answer.Code != test.want {
				t.Errorf("on the wire: %+v", answer)
			}
		})
	}
	if _ = missing.Error(); missing.Unwrap() != nil || missing.Is(missing) || missing.WithDetails(1) != nil || missing.Wire().Code != wire.Internal {
		t.Error("the methods of a nil *Error are to say nothing")
	}
}

func TestDetailsAreEncodedOnce(t *testing.T) {
	encodings := 0
	shared := centrirpc.Errorf(wire.NotFound, "no").WithDetails(counted{&encodings})
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "do", func(context.Context, struct{}) (int, error) { return 0, shared })
	_, err := r.Call(t.Context(), "do", nil)
	e := errorOf(t, err)
	if details := e.Wire().Details; string(details) != `"counted"` || string(e.Wire().Details) != `"counted"` || encodings != 1 {
		t.Errorf("details %s were encoded %d times", details, encodings)
	}
	if string(e.WithDetails(7).Wire().Details) != "7" {
		t.Error("other details are the old ones")
	}
}

type counted struct{ times *int }

func (c counted) MarshalJSON() ([]byte, error) { *c.times++; return []byte(`"counted"`), nil }

func TestAnErrorsMessageIsBounded(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", 10_000), strings.Repeat("é", 5_000), strings.Repeat("€", 5_000), strings.Repeat("𝄞", 5_000), strings.Repeat("x", centrirpc.MaxErrorMessage)} {
		sent := centrirpc.Errorf(wire.NotFound, "%s", text).Wire().Message
		cut := strings.TrimSuffix(sent, "…")
		if len(sent) > centrirpc.MaxErrorMessage || len(sent) < centrirpc.MaxErrorMessage-utf8.UTFMax || !utf8.ValidString(sent) || !strings.HasPrefix(text, cut) {
			t.Errorf("%.8s… became %d bytes that end in %q", text, len(sent), sent[len(sent)-8:])
		}
	}
	if sent := centrirpc.Errorf(wire.NotFound, "short").Wire().Message; sent != "short" {
		t.Errorf("%q", sent)
	}
}

// A log line with the message alone says which field it was.
func TestTheMessageOfInvalidParamsNamesAField(t *testing.T) {
	type params struct {
		Title string `json:"title" validate:"min=1"`
		Size  int    `json:"size"`
		Owner string `json:"owner"`
	}
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "do", func(context.Context, params) (int, error) { return 0, nil })
	for raw, want := range map[string]string{
		`{"title":"a","size":1}`:            "owner is required",
		`{"title":"a"}`:                     "size is required, and 1 more",
		`{"title":1}`:                       "title must be a string, and 2 more",
		`{"title":"","size":1,"owner":"a"}`: "title must be at least 1 character in length",
		`[]`:                                "the params must be an object",
	} {
		_, err := r.Call(t.Context(), "do", json.RawMessage(raw))
		if e := errorOf(t, err); e.Code != wire.InvalidParams || e.Message != want {
			t.Errorf("%s: %d %q, want %q", raw, e.Code, e.Message, want)
		}
	}
}

// Middleware can hand back anything: clients get what the contract says, or an
// internal error.
func TestMiddlewaresResultsFitTheContract(t *testing.T) {
	type object struct {
		A int `json:"a"`
	}
	var handedBack any
	logger, log := quietLog()
	r := centrirpc.NewRouter(centrirpc.Logger(logger))
	r.Use(func(centrirpc.Invoker) centrirpc.Invoker {
		return func(context.Context, *centrirpc.Request) (any, error) { return handedBack, nil }
	})
	centrirpc.Handle(r, "list", func(context.Context, struct{}) ([]int, error) { return nil, nil })
	centrirpc.Handle(r, "map", func(context.Context, struct{}) (map[string]int, error) { return nil, nil })
	centrirpc.Handle(r, "object", func(context.Context, struct{}) (object, error) { return object{}, nil })
	centrirpc.Handle(r, "pointer", func(context.Context, struct{}) (*object, error) { return nil, nil })
	centrirpc.Handle(r, "any", func(context.Context, struct{}) (any, error) { return nil, nil })
	centrirpc.Handle(r, "nothing", func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	for _, test := range []struct {
		method string
		result any
		want   string // empty: an internal error
	}{
		{"list", nil, `[]`}, {"list", []int{1}, `[1]`}, {"list", []string{"x"}, ``}, {"list", 7, ``},
		{"map", nil, `{}`}, {"map", map[string]int{"a": 1}, `{"a":1}`}, {"map", json.RawMessage(`{}`), ``},
		{"object", nil, ``}, {"object", object{1}, `{"a":1}`}, {"object", &object{1}, ``},
		{"pointer", nil, `null`}, {"pointer", &object{1}, `{"a":1}`},
		{"any", nil, `null`}, {"any", 7, `7`},
		{"nothing", nil, `{}`}, {"nothing", struct{}{}, `{}`}, {"nothing", 7, ``},
	} {
		handedBack = test.result
		log.Reset()
		got, err := r.Call(t.Context(), test.method, nil)
		if string(got) != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s with %#v = %s, %v", test.method, test.result, got, err)
		}
		if test.want == "" && (errorOf(t, err).Code != wire.Internal || !strings.Contains(log.String(), test.method)) {
			t.Errorf("%s with %#v: %v, log %s", test.method, test.result, err, log)
		}
	}
}
