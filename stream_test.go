package centrirpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
	"github.com/centrirpc/centrirpc/wire"
)

type importParams struct {
	Rows int `json:"rows" validate:"min=0"`
}

type importedRow struct {
	Row  int      `json:"row"`
	Tags []string `json:"tags"`
}

func importRows(_ context.Context, p importParams, send func(importedRow) error) (int, error) {
	for i := range p.Rows {
		if err := send(importedRow{Row: i}); err != nil {
			return i, err
		}
	}
	return p.Rows, nil
}

func streamRouter(t *testing.T) *centrirpc.Router {
	t.Helper()
	r := centrirpc.NewRouter()
	centrirpc.HandleStream(r, "tasks.import", importRows, centrirpc.Idempotent())
	centrirpc.Handle(r, "tasks.peek", func(context.Context, struct{}) (int, error) { return 1, nil }, centrirpc.Volatile())
	return r
}

func TestAStreamIsCalledWithSomethingThatTakesItsItems(t *testing.T) {
	r := streamRouter(t)
	var items []string
	result, err := r.CallStream(t.Context(), "tasks.import", json.RawMessage(`{"rows":2}`), func(item json.RawMessage) error {
		items = append(items, string(item))
		return nil
	})
	if err != nil || string(result) != "2" || !slices.Equal(items, []string{`{"row":0,"tags":[]}`, `{"row":1,"tags":[]}`}) {
		t.Errorf("%s, %v, items %v", result, err, items)
	}
	full := errors.New("full")
	_, err = r.CallStream(t.Context(), "tasks.import", json.RawMessage(`{"rows":2}`), func(json.RawMessage) error { return full })
	var failed *centrirpc.Error
	if !errors.As(err, &failed) || failed.Code != wire.Internal {
		t.Errorf("an error of send that the handler passes on: %v", err)
	}
	if _, err = r.CallStream(t.Context(), "tasks.import", json.RawMessage(`{"rows":-1}`), nil); !errors.As(err, &failed) || failed.Code != wire.InvalidParams {
		t.Errorf("wrong params: %v", err)
	}
	if _, err = r.CallStream(t.Context(), "tasks.import", json.RawMessage(`{"rows":1}`), nil); err == nil {
		t.Error("items that nobody takes are no error")
	}
	if _, err = r.Call(t.Context(), "tasks.import", json.RawMessage(`{"rows":1}`)); !errors.As(err, &failed) || failed.Code != wire.MethodNotFound {
		t.Errorf("called as what it is not: %v", err)
	}
	if result, err := r.CallStream(t.Context(), "tasks.peek", nil, nil); err != nil || string(result) != "1" {
		t.Errorf("a call taken for a stream: %s, %v", result, err)
	}
}

func TestSendEndsWithTheContext(t *testing.T) {
	r := streamRouter(t)
	ctx, cancel := context.WithCancel(t.Context())
	sent := 0
	_, err := r.CallStream(ctx, "tasks.import", json.RawMessage(`{"rows":100}`), func(json.RawMessage) error {
		if sent++; sent == 3 {
			cancel()
		}
		return nil
	})
	var failed *centrirpc.Error
	if !errors.As(err, &failed) || failed.Code != wire.Cancelled || sent != 3 {
		t.Errorf("%v after %d items", err, sent)
	}
}

func TestMiddlewareIsAroundStreams(t *testing.T) {
	r := streamRouter(t)
	var seen []string
	r.Use(func(next centrirpc.Invoker) centrirpc.Invoker {
		return func(ctx context.Context, req *centrirpc.Request) (any, error) {
			result, err := next(ctx, req)
			seen = append(seen, req.Method.Name)
			return result, err
		}
	})
	if _, err := r.CallStream(t.Context(), "tasks.import", json.RawMessage(`{"rows":1}`), func(json.RawMessage) error { return nil }); err != nil || len(seen) != 1 {
		t.Error(err, seen)
	}
}

func TestStreamsAndClassesInTheContract(t *testing.T) {
	c := streamRouter(t).Contract()
	stream, peek := c.Method("tasks.import"), c.Method("tasks.peek")
	if stream.Kind != contract.Stream || stream.Item == nil || stream.Item.Ref != "importedRow" && stream.Item.Ref != "ImportedRow" || stream.Result.Kind != contract.Integer || !stream.Idempotent || stream.Volatile {
		t.Errorf("%+v, item %+v", stream, stream.Item)
	}
	if peek.Kind != contract.Call || !peek.Volatile || peek.Item != nil {
		t.Errorf("%+v", peek)
	}
	if m, _ := streamRouter(t).Lookup("tasks.import"); m.Item != reflect.TypeFor[importedRow]() {
		t.Errorf("the item's Go type is %v", m.Item)
	}
}

func TestAStreamOfNothingIsRefused(t *testing.T) {
	defer func() {
		if p, _ := recover().(string); !strings.Contains(p, "tasks.nothing") || !strings.Contains(p, "register it with Handle") {
			t.Errorf("panic %q", p)
		}
	}()
	centrirpc.HandleStream(centrirpc.NewRouter(), "tasks.nothing", func(context.Context, struct{}, func(struct{}) error) (int, error) { return 0, nil })
}

type told []float64

func (p *told) ReportProgress(done, total float64, message string) {
	*p = append(*p, done, total, float64(len(message)))
}

func TestProgressGoesToWhoTakesIt(t *testing.T) {
	centrirpc.Progress(t.Context(), 1, 2, "nobody listens")
	var p told
	centrirpc.Progress(context.WithValue(t.Context(), centrirpc.ProgressKey(), &p), 1, 2, "abc")
	if !slices.Equal(p, told{1, 2, 3}) {
		t.Errorf("%v", p)
	}
}
