package centrirpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

type sumParams struct {
	A int `json:"a"`
	B int `json:"b"`
}

type sumResult struct {
	Sum int `json:"sum"`
}

func sum(_ context.Context, p sumParams) (sumResult, error) { return sumResult{p.A + p.B}, nil }

func quietLog() (*slog.Logger, *bytes.Buffer) {
	var b bytes.Buffer
	return slog.New(slog.NewTextHandler(&b, nil)), &b
}

func errorOf(t *testing.T, err error) *centrirpc.Error {
	t.Helper()
	var e *centrirpc.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %#v; want a *centrirpc.Error", err)
	}
	return e
}

func TestCall(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "math.sum", sum)
	got, err := r.Call(t.Context(), "math.sum", json.RawMessage(`{"a":1,"b":2}`))
	if err != nil || string(got) != `{"sum":3}` {
		t.Fatalf("Call = %s, %v", got, err)
	}
	_, err = r.Call(t.Context(), "math.product", nil)
	if e := errorOf(t, err); e.Code != wire.MethodNotFound || !strings.Contains(e.Message, "math.product") {
		t.Errorf("an unknown method: %v", e)
	}
}

func TestHandlersOfEveryForm(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "no.params", func(context.Context, struct{}) (int, error) { return 7, nil })
	centrirpc.Handle(r, "no.result", func(context.Context, sumParams) (struct{}, error) { return struct{}{}, nil })
	centrirpc.Handle(r, "pointers", func(_ context.Context, p *sumParams) (*sumResult, error) { return &sumResult{p.A}, nil })
	centrirpc.Handle(r, "nil.pointer", func(context.Context, struct{}) (*sumResult, error) { return nil, nil })
	centrirpc.Handle(r, "nil.slice", func(context.Context, struct{}) ([]string, error) { return nil, nil })
	centrirpc.Handle(r, "nil.inside", func(context.Context, struct{}) (nested, error) { return nested{}, nil })
	centrirpc.HandleNotify(r, "note", func(context.Context, sumParams) error { return nil })
	for _, test := range []struct{ method, params, want string }{
		{"no.params", ``, `7`},
		{"no.params", `{"anything":1}`, `7`},
		{"no.result", `{"a":1,"b":2}`, `{}`},
		{"pointers", `{"a":4,"b":2}`, `{"sum":4}`},
		{"nil.pointer", `null`, `null`},
		{"nil.slice", `{}`, `[]`},
		{"nil.inside", `{}`, `{"list":[],"map":{},"bytes":""}`},
		{"note", `{"a":1,"b":2}`, `{}`},
	} {
		got, err := r.Call(t.Context(), test.method, json.RawMessage(test.params))
		if err != nil || string(got) != test.want {
			t.Errorf("%s(%s) = %s, %v; want %s", test.method, test.params, got, err, test.want)
		}
	}
}

type nested struct {
	List  []string       `json:"list"`
	Map   map[string]int `json:"map"`
	Bytes []byte         `json:"bytes"`
}

type validated struct {
	Title  string            `json:"title" validate:"min=1,max=5"`
	Email  string            `json:"email,omitempty" validate:"omitempty,email"`
	Items  []item            `json:"items" validate:"max=3,dive"`
	Labels map[string]string `json:"labels,omitempty" validate:"dive,max=3"`
	Count  int8              `json:"count"`
	When   *time.Time        `json:"when"`
	base
}

type base struct {
	Size uint16 `json:"size" validate:"gte=1"`
}

type item struct {
	Name string `json:"name" validate:"min=1"`
}

func TestParamsAreValidated(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "check", func(context.Context, validated) (struct{}, error) { return struct{}{}, nil })
	good := `{"title":"x","items":[{"name":"a"}],"count":1,"when":null,"size":1}`
	if _, err := r.Call(t.Context(), "check", json.RawMessage(good)); err != nil {
		t.Fatalf("good params: %v", err)
	}
	for _, test := range []struct {
		name, params string
		want         []string // field rule
	}{
		{"everything missing", `{}`, []string{"title required", "items required", "count required", "when required", "size required"}},
		{"rules, all at once", `{"title":"","email":"x","items":[{"name":"a"},{"name":"a"},{"name":""}],"labels":{"a.b":"long"},"count":1,"when":null,"size":0}`,
			[]string{"title min", "email email", "items[2].name min", "labels[a.b] max", "size gte"}},
		{"too many items", `{"title":"x","items":[{"name":"a"},{"name":"a"},{"name":"a"},{"name":"a"}],"count":1,"when":null,"size":1}`, []string{"items max"}},
		{"types, all at once, with rules of the others", `{"title":5,"items":[{"name":"a"},7,{"name":null},{}],"count":200,"when":"noon","size":0}`,
			[]string{"title type", "items[1] type", "items[2].name type", "items[3].name required", "count type", "when type", "size gte"}},
		{"good fields behind a bad one", `{"title":5,"items":[{"name":"a"}],"count":1,"when":null,"size":3}`, []string{"title type"}},
		{"null where none may be", `{"title":null,"items":null,"count":1,"when":null,"size":1}`, []string{"title type", "items type"}},
		{"a fraction for an integer", `{"title":"x","items":[],"count":1.5,"when":null,"size":1}`, []string{"count type"}},
		{"a negative for an unsigned", `{"title":"x","items":[],"count":1,"when":null,"size":-1}`, []string{"size type"}},
		{"names match exactly", `{"Title":"x","items":[],"count":1,"when":null,"size":1}`, []string{"title required"}},
		{"an array", `[]`, []string{" type"}},
		{"a string", `"x"`, []string{" type"}},
		{"not JSON", `{"title":`, []string{" json"}},
		{"two values", `{} {}`, []string{" json"}},
		{"a key twice", `{"title":"x","title":"y"}`, []string{"title json"}},
		{"an unknown key twice", `{"title":"x","what":{"a":1,"a":2}}`, []string{"what.a json"}},
		{"a key of a map twice", `{"title":"x","labels":{"a":"b","a":"c"}}`, []string{"labels[a] json"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := r.Call(t.Context(), "check", json.RawMessage(test.params))
			e := errorOf(t, err)
			if e.Code != wire.InvalidParams {
				t.Fatalf("error = %v", e)
			}
			var got []string
			for _, f := range e.Details.([]wire.Fault) {
				got = append(got, f.Field+" "+f.Rule)
				if f.Message == "" || f.Field != "" && !strings.HasPrefix(f.Message, f.Field) {
					t.Errorf("message %q does not begin with the field %q", f.Message, f.Field)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("faults = %q\nwant     %q", got, test.want)
			}
		})
	}
}

func TestStrictRefusesUnknownKeys(t *testing.T) {
	r := centrirpc.NewRouter(centrirpc.Strict())
	centrirpc.Handle(r, "math.sum", sum)
	_, err := r.Call(t.Context(), "math.sum", json.RawMessage(`{"a":1,"b":2,"c":3}`))
	faults := errorOf(t, err).Details.([]wire.Fault)
	if len(faults) != 1 || faults[0].Field != "c" || faults[0].Rule != "unknown" {
		t.Errorf("faults = %+v", faults)
	}
}

type quota struct {
	Limit int `json:"limit"`
}

var errQuota = centrirpc.DeclareError[quota](1001, "quota_exceeded", "No more this month.")

func TestErrors(t *testing.T) {
	secret := errors.New("password=hunter2")
	for _, test := range []struct {
		name   string
		err    error
		want   wire.Error
		logged string
	}{
		{"a typed error", centrirpc.Errorf(wire.NotFound, "no task %d", 7), wire.Error{Code: 404, Reason: "not_found", Message: "no task 7"}, ""},
		{"wrapped", fmt.Errorf("while looking: %w", centrirpc.Errorf(wire.NotFound, "no task")), wire.Error{Code: 404, Reason: "not_found", Message: "no task"}, ""},
		{"a declared error", errQuota.New(quota{3}, "no more than %d", 3), wire.Error{Code: 1001, Reason: "quota_exceeded", Message: "no more than 3", Details: json.RawMessage(`{"limit":3}`)}, ""},
		{"with details", centrirpc.Errorf(wire.Conflict, "x").WithDetails([]int{1}), wire.Error{Code: 409, Reason: "conflict", Message: "x", Details: json.RawMessage(`[1]`)}, ""},
		{"a plain error", secret, wire.Error{Code: 500, Reason: "internal", Message: "internal error"}, "hunter2"},
		{"a code that is none", centrirpc.Errorf(42, "x"), wire.Error{Code: 500, Reason: "internal", Message: "internal error"}, "code 42"},
		{"a foreign cancellation", context.Canceled, wire.Error{Code: 500, Reason: "internal", Message: "internal error"}, "canceled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			logger, log := quietLog()
			r := centrirpc.NewRouter(centrirpc.Logger(logger))
			centrirpc.Handle(r, "fail", func(context.Context, struct{}) (int, error) { return 0, test.err }, centrirpc.Errors(errQuota))
			_, err := r.Call(t.Context(), "fail", nil)
			got, _ := json.Marshal(errorOf(t, err).Wire())
			want, _ := json.Marshal(test.want)
			if !bytes.Equal(got, want) {
				t.Errorf("error = %s; want %s", got, want)
			}
			if !strings.Contains(log.String(), test.logged) || test.logged == "" && log.Len() > 0 {
				t.Errorf("log = %q; want %q in it", log, test.logged)
			}
		})
	}
}

func TestErrorfKeepsAllErrorsThatItWraps(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	err := centrirpc.Errorf(wire.Conflict, "%w and %w", first, second)
	if !errors.Is(err, first) || !errors.Is(err, second) || err.Message != "first and second" {
		t.Errorf("%v does not keep both", err)
	}
}

// A handler may pass on what another call returned, without its details.
func TestDetailsThatWereTakenAwayStayAway(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "inner", func(context.Context, struct{}) (int, error) {
		return 0, centrirpc.Errorf(wire.Conflict, "x").WithDetails("secret")
	})
	centrirpc.Handle(r, "outer", func(ctx context.Context, _ struct{}) (int, error) {
		_, err := r.Call(ctx, "inner", nil)
		e := errorOf(t, err)
		e.Details = nil
		return 0, e
	})
	_, err := r.Call(t.Context(), "outer", nil)
	if details := errorOf(t, err).Wire().Details; details != nil {
		t.Errorf("details = %s", details)
	}
}

func TestAPanicIsOneInternalErrorWithItsStackInTheLog(t *testing.T) {
	logger, log := quietLog()
	r := centrirpc.NewRouter(centrirpc.Logger(logger))
	centrirpc.Handle(r, "panic", func(context.Context, struct{}) (int, error) { panic("boom") })
	_, err := r.Call(t.Context(), "panic", nil)
	if e := errorOf(t, err); e.Code != wire.Internal || e.Message != "internal error" {
		t.Errorf("error = %v", e)
	}
	for _, want := range []string{"boom", "router_test.go", "method=panic"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log)
		}
	}
}

func TestAResultThatCannotBeEncodedIsInternal(t *testing.T) {
	logger, log := quietLog()
	r := centrirpc.NewRouter(centrirpc.Logger(logger))
	centrirpc.Handle(r, "nan", func(context.Context, struct{}) (float64, error) { return math.NaN(), nil })
	_, err := r.Call(t.Context(), "nan", nil)
	if e := errorOf(t, err); e.Code != wire.Internal || !strings.Contains(log.String(), "cannot be encoded") {
		t.Errorf("error = %v, log = %s", e, log)
	}
}

func TestTimeoutEndsTheHandlersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := centrirpc.NewRouter()
		centrirpc.Handle(r, "slow", func(ctx context.Context, _ struct{}) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}, centrirpc.Timeout(3*time.Second))
		started := time.Now()
		_, err := r.Call(t.Context(), "slow", nil)
		if e := errorOf(t, err); e.Code != wire.DeadlineExceeded || time.Since(started) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(started), e)
		}
	})
}

func TestMiddlewareAndGroups(t *testing.T) {
	var order []string
	note := func(name string) centrirpc.Middleware {
		return func(next centrirpc.Invoker) centrirpc.Invoker {
			return func(ctx context.Context, req *centrirpc.Request) (any, error) {
				order = append(order, name+" "+req.Method.Name)
				return next(ctx, req)
			}
		}
	}
	r := centrirpc.NewRouter()
	tasks := r.Group("tasks", note("tasks"))
	admin := tasks.Group("admin")
	centrirpc.Handle(admin, "purge", sum)
	centrirpc.Handle(tasks, "sum", sum)
	centrirpc.Handle(r, "plain", sum)
	r.Use(note("router")) // after the registrations, and around them all the same
	admin.Use(note("admin"), func(centrirpc.Invoker) centrirpc.Invoker {
		return func(ctx context.Context, _ *centrirpc.Request) (any, error) {
			return nil, centrirpc.Errorf(wire.PermissionDenied, "%s may not", centrirpc.ConnFromContext(ctx).UserID)
		}
	})
	for _, method := range []string{"plain", "tasks.sum"} {
		if _, err := r.Call(t.Context(), method, json.RawMessage(`{"a":1,"b":1}`)); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	ctx := centrirpc.ContextWithConn(t.Context(), &centrirpc.Conn{UserID: "456"})
	_, err := r.Call(ctx, "tasks.admin.purge", json.RawMessage(`rubbish`)) // refused before its params are read
	if e := errorOf(t, err); e.Code != wire.PermissionDenied || e.Message != "456 may not" {
		t.Errorf("error = %v", e)
	}
	want := []string{"router plain", "router tasks.sum", "tasks tasks.sum", "router tasks.admin.purge", "tasks tasks.admin.purge", "admin tasks.admin.purge"}
	if fmt.Sprint(order) != fmt.Sprint(want) {
		t.Errorf("order = %q\nwant    %q", order, want)
	}
}

func TestMethodsListsWhatWasRegistered(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.HandleNotify(r, "b.move", func(context.Context, sumParams) error { return nil })
	centrirpc.Handle(r, "a.sum", sum, centrirpc.Description("Adds."), centrirpc.Timeout(time.Second), centrirpc.Idempotent(), centrirpc.Deprecated("use b"))
	methods := r.Methods()
	if len(methods) != 2 {
		t.Fatalf("methods = %+v", methods)
	}
	m := methods[0]
	if m.Name != "a.sum" || m.Kind != "call" || m.Doc != "Adds." || m.Params.Name() != "sumParams" || m.Result.Name() != "sumResult" || m.Timeout != time.Second || !m.Idempotent || m.Deprecated != "use b" {
		t.Errorf("method = %+v", m)
	}
	if m := methods[1]; m.Name != "b.move" || m.Kind != "notify" || m.Result != nil {
		t.Errorf("method = %+v", m)
	}
}

type unsupported struct {
	Inner []struct {
		C chan int `json:"c"`
	} `json:"inner"`
}

type misspelt struct {
	Title string `json:"title" validate:"requierd"`
}

func TestWrongRegistrationsPanicWithTheFix(t *testing.T) {
	for _, test := range []struct {
		name     string
		register func(*centrirpc.Router)
		want     []string
	}{
		{"a bad name", func(r *centrirpc.Router) { centrirpc.Handle(r, "Tasks.Sum", sum) }, []string{`"Tasks.Sum"`, "lower-case", "router_test.go"}},
		{"a name twice", func(r *centrirpc.Router) {
			centrirpc.Handle(r, "a", sum)
			centrirpc.Handle(r, "a", sum)
		}, []string{`"a"`, "is taken by the method registered at", "give one of them another name"}},
		{"a reserved name", func(r *centrirpc.Router) { centrirpc.Handle(r.Group("centrirpc"), "contract", sum) }, []string{"reserved"}},
		{"no handler", func(r *centrirpc.Router) {
			centrirpc.Handle[sumParams, sumResult](r, "a", nil)
		}, []string{"the handler is nil"}},
		{"a type that cannot travel", func(r *centrirpc.Router) {
			centrirpc.Handle(r, "a", func(context.Context, unsupported) (int, error) { return 0, nil })
		}, []string{`"a"`, "inner[].c", "chan int"}},
		{"params that are no struct", func(r *centrirpc.Router) {
			centrirpc.Handle(r, "a", func(context.Context, string) (int, error) { return 0, nil })
		}, []string{"params", "struct"}},
		{"a misspelt rule", func(r *centrirpc.Router) {
			centrirpc.Handle(r, "a", func(context.Context, misspelt) (int, error) { return 0, nil })
		}, []string{"params.title", `"requierd"`, "Rule option"}},
		{"a misspelt rule behind omitempty", func(r *centrirpc.Router) {
			centrirpc.Handle(r, "a", func(context.Context, misspeltBehind) (int, error) { return 0, nil })
		}, []string{"params.inner.list[].name", `"omitempty,maxx=3"`, "maxx"}},
		{"a rule that does not fit its field", func(r *centrirpc.Router) {
			centrirpc.Handle(r, "a", func(context.Context, illTyped) (int, error) { return 0, nil })
		}, []string{"params.on", `"omitnil,dive,min=3"`}},
		{"a required field that cannot be sent", func(r *centrirpc.Router) {
			centrirpc.Handle(r, "a", func(context.Context, unreachable) (int, error) { return 0, nil })
		}, []string{"params.Token", "can never be kept", "give the field a name"}},
		{"an option that is nil", func(r *centrirpc.Router) { centrirpc.Handle(r, "a", sum, centrirpc.Idempotent(), nil) }, []string{"option 2 is nil"}},
		{"a router's option that is nil", func(*centrirpc.Router) { centrirpc.NewRouter(nil) }, []string{"option 1 is nil"}},
		{"middleware that is nil", func(r *centrirpc.Router) { r.Use(nil) }, []string{"Router.Use", "middleware 1 is nil"}},
		{"a group's middleware that is nil", func(r *centrirpc.Router) { r.Group("tasks").Use(nil) }, []string{"Group.Use", "middleware 1 is nil"}},
		{"a new group's middleware that is nil", func(r *centrirpc.Router) { r.Group("tasks", nil) }, []string{"Group(\"tasks\")", "middleware 1 is nil"}},
		{"a rule without a message", func(*centrirpc.Router) { centrirpc.Rule("x", isShort, "") }, []string{`Rule("x")`, "message"}},
		{"a timeout of zero", func(r *centrirpc.Router) { centrirpc.Handle(r, "a", sum, centrirpc.Timeout(0)) }, []string{"positive"}},
		{"too late", func(r *centrirpc.Router) {
			r.Methods()
			centrirpc.Handle(r, "a", sum)
		}, []string{"in use already"}},
		{"middleware too late", func(r *centrirpc.Router) {
			r.Methods()
			r.Use()
		}, []string{"first use"}},
		{"a bad prefix", func(r *centrirpc.Router) { r.Group("Tasks") }, []string{"Tasks"}},
		{"a bad error code", func(*centrirpc.Router) { centrirpc.DeclareError[struct{}](500, "x", "") }, []string{"1000 to 1999"}},
		{"a code declared twice", func(r *centrirpc.Router) {
			other := centrirpc.DeclareError[struct{}](1001, "other", "")
			centrirpc.Handle(r, "a", sum, centrirpc.Errors(errQuota, other))
		}, []string{"1001 is declared twice"}},
		{"no contract", func(*centrirpc.Router) { centrirpc.NewRouter(centrirpc.WithContract([]byte("{}"))) }, []string{"not a contract", "generate"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				message := fmt.Sprint(recover())
				for _, want := range test.want {
					if !strings.Contains(message, want) {
						t.Errorf("panic = %s\nwant %q in it", message, want)
					}
				}
			}()
			test.register(centrirpc.NewRouter())
		})
	}
}

type colour string

type painted struct {
	Colour colour `json:"colour"`
}

func TestTheEmbeddedContractAddsDocsAndEnums(t *testing.T) {
	register := func(opts ...centrirpc.RouterOption) *centrirpc.Router {
		r := centrirpc.NewRouter(opts...)
		centrirpc.Handle(r, "paint", func(_ context.Context, p painted) (painted, error) { return p, nil })
		return r
	}
	c := *register().ReflectContract()
	c.Methods[0].Doc = "Paints."
	red := "red"
	for i := range c.Types {
		if c.Types[i].Name == "colour" || c.Types[i].Name == "Colour" {
			c.Types[i].Kind = "enum"
			c.Types[i].Values = append(c.Types[i].Values, struct {
				Name   string  `json:"name"`
				String *string `json:"string,omitempty"`
				Int    *int64  `json:"int,omitempty"`
				Doc    string  `json:"doc,omitempty"`
			}{Name: "Red", String: &red})
		}
	}
	data, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	logger, log := quietLog()
	r := register(centrirpc.WithContract(data), centrirpc.Logger(logger))
	if doc := r.Methods()[0].Doc; doc != "Paints." {
		t.Errorf("doc = %q", doc)
	}
	if _, err := r.Call(t.Context(), "paint", json.RawMessage(`{"colour":"red"}`)); err != nil {
		t.Error(err)
	}
	_, err = r.Call(t.Context(), "paint", json.RawMessage(`{"colour":"blue"}`))
	faults := errorOf(t, err).Details.([]wire.Fault)
	if len(faults) != 1 || faults[0].Rule != "enum" || !strings.Contains(faults[0].Message, `"red"`) {
		t.Errorf("faults = %+v", faults)
	}
	if log.Len() > 0 {
		t.Errorf("a fresh contract is reported: %s", log)
	}

	logger, log = quietLog()
	stale := centrirpc.NewRouter(centrirpc.WithContract(data), centrirpc.Logger(logger))
	centrirpc.Handle(stale, "paint", sum)
	stale.Methods()
	if !strings.Contains(log.String(), "stale") {
		t.Errorf("a stale contract is not reported: %s", log)
	}
}

func FuzzParams(f *testing.F) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "check", func(context.Context, validated) (struct{}, error) { return struct{}{}, nil })
	f.Add([]byte(`{"title":"x","items":[{"name":"a"}],"count":1,"when":null,"size":1}`))
	f.Add([]byte(`{"title":5,"items":[7,{"name":null}],"labels":{"a.b":""},"count":1e9,"when":"2006-01-02T15:04:05Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := r.Call(t.Context(), "check", data)
		if err == nil {
			return
		}
		if e := errorOf(t, err); e.Code != wire.InvalidParams {
			t.Fatalf("%q: %v", data, err)
		}
	})
}
