package centrirpc_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

// refusal is what the registration of params P panics with, or "".
func refusal[P any](opts ...centrirpc.RouterOption) (message string) {
	defer func() {
		if p := recover(); p != nil {
			message = fmt.Sprint(p)
		}
	}()
	centrirpc.Handle(centrirpc.NewRouter(opts...), "try", func(context.Context, P) (struct{}, error) { return struct{}{}, nil })
	return ""
}

type named any

type box[T any] struct {
	Held T `json:"held" validate:"min=3"`
}

type loose struct {
	Kind  any `json:"kind"`
	Extra any `json:"extra"`
}

type shelf interface{ shelf() }

type topShelf struct {
	Content any `json:"content" validate:"email"`
}

func (topShelf) shelf() {}

func init() {
	centrirpc.RegisterUnion[shelf]("type", centrirpc.Variant[topShelf]("top"))
}

// isText panics on all that is no text.
func isText(f validator.FieldLevel) bool { return f.Field().Interface().(string) != "" }

// isTruthy has an answer for every kind.
func isTruthy(f validator.FieldLevel) bool { return !f.Field().IsZero() }

// Each of these would let a client choose a value that makes the validator panic.
func TestRulesThatAClientCouldMakeFailAreRefused(t *testing.T) {
	own := []centrirpc.RouterOption{centrirpc.Rule("text", isText, "must be text"), centrirpc.Rule("truthy", isTruthy, "must be truthy")}
	for _, test := range []struct {
		got  string
		want []string
	}{
		{refusal[struct {
			F any `json:"f" validate:"min=3"`
		}](), []string{`method "try"`, `params.f: `, `"min=3" cannot judge the type any`, "use a type that says"}},
		{refusal[struct {
			F named `json:"f" validate:"required,email"`
		}](), []string{`params.f: `, `"email" cannot judge the type centrirpc_test.named`}},
		{refusal[struct {
			F *any `json:"f" validate:"omitnil,oneof=a b"`
		}](), []string{`"oneof=a b" cannot judge the type *any`}},
		{refusal[struct {
			F any `json:"f" validate:"iscolor"`
		}](), []string{`"iscolor" cannot judge the type any`}},
		{refusal[struct {
			F any `json:"f" validate:"truthy|max=3"`
		}](own...), []string{`"max=3" cannot judge the type any`}},
		{refusal[struct {
			F any `json:"f" validate:"dive,required"`
		}](), []string{`params.f: `, `"dive" cannot judge the type any`}},
		{refusal[struct {
			F []any `json:"f" validate:"max=5,dive,min=3"`
		}](), []string{`params.f[]: `, `"min=3" cannot judge the type any`}},
		{refusal[struct {
			F map[string]any `json:"f" validate:"dive,keys,max=9,endkeys,eq=3"`
		}](), []string{`params.f{}: `, `"eq=3" cannot judge the type any`}},
		{refusal[struct {
			F map[string][]*any `json:"f" validate:"dive,required,dive,required,len=3"`
		}](), []string{`params.f{}[]: `, `"len=3" cannot judge the type *any`}},
		{refusal[struct {
			F map[int]string `json:"f" validate:"dive,keys,max=9,datetime=2006,endkeys"`
		}](), []string{`params.f{key}: `, `"datetime=2006" fails on a int`}},
		{refusal[box[any]](), []string{`params.held: `, `"min=3" cannot judge the type any`}},
		{refusal[box[page[box[any]]]](), []string{"params.held"}},
		{refusal[struct {
			Shelves []shelf `json:"shelves"`
		}](), []string{`params.shelves[](top).content: `, `"email" cannot judge the type any`}},
		{refusal[struct {
			F []any `json:"f" validate:"unique"`
		}](), []string{`params.f: `, `"unique" fails on a []any`}},
		{refusal[struct {
			F []loose `json:"f" validate:"min=2,unique=Kind"`
		}](), []string{`params.f: `, `"unique=Kind" fails on a []centrirpc_test.loose`}},
		{refusal[struct {
			F json.RawMessage `json:"f" validate:"email"`
		}](), []string{`params.f: `, `"email" cannot judge the type json.RawMessage`}},
		{refusal[struct {
			F []json.RawMessage `json:"f" validate:"dive,dive,max=7"`
		}](), []string{`params.f[]: `, `"dive" cannot judge the type json.RawMessage`}},

		// A rule of the application's own is tried with every kind.
		{refusal[struct {
			F any `json:"f" validate:"text"`
		}](own...), []string{`params.f: `, `"text" fails on a bool`}},
		{refusal[struct {
			F []any `json:"f" validate:"min=2,dive,truthy,text"`
		}](own...), []string{`params.f[]: `, `"text" fails on a bool`}},

		// A rule may look at another field that is any.
		{refusal[struct {
			loose
			F string `json:"f" validate:"required_if=Kind card"`
		}](), []string{`params.f: `, `compares the field Kind of type any`}},
		{refusal[struct {
			G string `json:"g"`
			loose
			F string `json:"f" validate:"excluded_unless=G x Kind card"`
		}](), []string{`compares the field Kind of type any`}},
		{refusal[struct {
			In *loose `json:"in"`
			F  string `json:"f" validate:"eqfield=In.Kind.Name"`
		}](), []string{`"eqfield=In.Kind.Name" looks into the field In.Kind`}},
		{refusal[struct {
			In []any  `json:"in"`
			F  string `json:"f" validate:"required_with=In[0].Name"`
		}](), []string{`"required_with=In[0].Name" looks into the field In[0]`}},

		// Rules behind one that every sample breaks, or behind one that lets nil through.
		{refusal[struct {
			F []string `json:"f" validate:"omitempty,min=2,oneof=a b"`
		}](), []string{`params.f: `, `"oneof=a b" fails on a []string`}},
		{refusal[struct {
			G string `json:"g"`
			N int    `json:"n"`
			F string `json:"f" validate:"required_if=G card N many"`
		}](), []string{`"required_if=G card N many" fails`}},
		{refusal[struct {
			G string  `json:"g,omitempty"`
			F *string `json:"f,omitempty" validate:"required_without=G,min=3"`
		}](), []string{`params.f: `, `"min=3" fails on null`, `write "required_without=G,omitempty,min=3"`}},
		{refusal[struct {
			G string    `json:"g,omitempty"`
			F *[]string `json:"f,omitempty" validate:"required_with=G,dive,min=3"`
		}](), []string{`"dive" fails on null`}},
		{refusal[misspeltBehind](), []string{`params.inner.list[].name: the validate tag "omitempty,maxx=3" is wrong`}},
		{refusal[illTyped](), []string{`params.on: `, "has no elements to dive into"}},
		{refusal[unreachable](), []string{"params.Token: the rule", "no client can send it"}},
	} {
		for _, want := range test.want {
			if !strings.Contains(test.got, want) {
				t.Errorf("refused with %q; want %q in it", test.got, want)
			}
		}
	}
}

type everyKind struct {
	Needed  any             `json:"needed" validate:"required"`
	Maybe   any             `json:"maybe,omitempty" validate:"omitempty,truthy"`
	Linked  any             `json:"linked,omitempty" validate:"required_with=Text,omitnil,anything"`
	List    []any           `json:"list,omitempty" validate:"max=3,dive,required"`
	Map     map[string]any  `json:"map,omitempty" validate:"dive,keys,max=3,endkeys,omitzero,anything"`
	Raw     json.RawMessage `json:"raw,omitempty" validate:"omitempty,max=40,json"`
	Text    string          `json:"text,omitempty" validate:"omitempty,nefield=Maybe"`
	Pointer *string         `json:"pointer,omitempty" validate:"required_without=Text,omitempty,min=1"`
	Secret  any             `json:"-" validate:"omitempty,min=3"`
	When    *time.Time      `json:"when,omitempty" validate:"omitempty,gt"`
	Shelves []figure        `json:"shelves,omitempty" validate:"max=3,dive,required"`
}

func everyKindRouter() *centrirpc.Router {
	r := centrirpc.NewRouter(
		centrirpc.Rule("truthy", isTruthy, "must be truthy"),
		centrirpc.Rule("anything", func(validator.FieldLevel) bool { return true }, "must be anything"))
	centrirpc.Handle(r, "try", func(context.Context, everyKind) (struct{}, error) { return struct{}{}, nil })
	return r
}

// What registration lets through no client can make panic.
func TestRulesOnAnyAnswerForEveryKind(t *testing.T) {
	r := everyKindRouter()
	for _, value := range []string{`null`, `true`, `false`, `0`, `1.5`, `""`, `"x"`, `[]`, `[[]]`, `{}`, `{"a":{}}`} {
		params := fmt.Sprintf(`{"needed":%[1]s,"maybe":%[1]s,"linked":%[1]s,"list":[%[1]s],"map":{"a":%[1]s},"raw":%[1]s,"text":"x"}`, value)
		if _, err := r.Call(t.Context(), "try", json.RawMessage(params)); err != nil && errorOf(t, err).Code != wire.InvalidParams {
			t.Errorf("%s: %v", params, err)
		}
	}
	_, err := r.Call(t.Context(), "try", json.RawMessage(`{"needed":null,"maybe":7,"list":[1,null],"map":{"long":7},"pointer":""}`))
	var got []string
	for _, f := range errorOf(t, err).Details.([]wire.Fault) {
		got = append(got, f.Field+" "+f.Rule)
	}
	if want := "needed required, list[1] required, map[long] max, pointer min"; strings.Join(got, ", ") != want {
		t.Errorf("faults %q; want %q", got, want)
	}
}

func FuzzRules(f *testing.F) {
	r := everyKindRouter()
	f.Add([]byte(`{"needed":1,"maybe":[{}],"list":[null],"map":{"a]b":"","":0},"raw":{"x":[]},"text":"x","shelves":[{"kind":"circle"}]}`))
	f.Add([]byte(`{"needed":{"a":1},"linked":false,"pointer":"","when":"2006-01-02T15:04:05Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := r.Call(t.Context(), "try", data)
		if err == nil {
			return
		}
		e := errorOf(t, err)
		if faults, ok := e.Details.([]wire.Fault); e.Code != wire.InvalidParams || !ok || len(faults) == 0 || len(faults) > 64 {
			t.Fatalf("%q: %v, %+v", data, err, e.Details)
		}
	})
}
