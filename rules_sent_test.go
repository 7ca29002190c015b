package centrirpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/contract"
)

type pair struct {
	A int `json:"a" validate:"min=1"`
	B int `json:"b,omitempty" validate:"max=9"`
}

// pairText is a pair written as text, so that no keys are there to be looked for.
type pairText struct {
	A int `validate:"min=1"`
}

func (p *pairText) UnmarshalJSON(data []byte) error {
	if string(data) != `"one"` && string(data) != `"none"` {
		return errors.New("one or none")
	}
	if string(data) == `"one"` {
		p.A = 1
	}
	return nil
}

func (pairText) ContractType() contract.Type { return contract.Type{Kind: contract.String} }

type absentFields struct {
	T     string            `json:"t,omitempty" validate:"oneof=id created"`
	L     int               `json:"l,omitempty" validate:"min=1"`
	P     *string           `json:"p,omitempty" validate:"min=2"`
	Mail  string            `json:"mail,omitempty" validate:"email,required_with=L"`
	In    pair              `json:"in,omitzero"`
	Items []pairs           `json:"items,omitempty" validate:"max=400,dive"`
	Map   map[string]string `json:"map,omitempty" validate:"dive,min=1"`
	Text  pairText          `json:"text,omitzero"`
	Or    string            `json:"or,omitempty" validate:"min=3|eq=x"`
}

type pairs struct {
	N string `json:"n,omitempty" validate:"min=3"`
	M string `json:"m" validate:"max=3"`
}

// A field that the contract calls optional may be left out, whatever its rules are;
// what was sent is judged all the same.
func TestRulesOfAbsentFields(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "absent", func(context.Context, absentFields) (struct{}, error) { return struct{}{}, nil })
	many := strings.Repeat(`{"m":"a"},`, 399)
	for params, want := range map[string]string{
		`{}`: "",
		`{"t":null,"l":null,"p":null,"mail":null,"in":null,"or":null}`: "",
		`{"t":""}`:                               `t: t must be one of "id", "created"`,
		`{"t":"id","p":"ab","mail":"a@b.co"}`:    "",
		`{"l":0,"p":"","or":""}`:                 "l: l must be 1 or greater; p: p must be at least 2 characters in length; or: or breaks the rule min=3|eq=x",
		`{"l":1}`:                                "mail: mail is required",
		`{"l":1,"mail":"x"}`:                     "mail: mail must be a valid email address",
		`{"in":{"a":0}}`:                         "in.a: in.a must be 1 or greater",
		`{"in":{}}`:                              "in.a: in.a is required",
		`{"in":{"a":1,"b":10}}`:                  "in.b: in.b must be 9 or less",
		`{"items":[{"m":"a"},{"n":"x","m":""}]}`: "items[1].n: items[1].n must be at least 3 characters in length",
		`{"items":[` + many + `{"m":"long"}]}`:   "items[399].m: items[399].m must be a maximum of 3 characters in length",
		`{"map":{"k":""}}`:                       "map[k]: map[k] must be at least 1 character in length",
		`{"text":"one"}`:                         "",
		`{"text":"none"}`:                        "text.A: text.A must be 1 or greater",
	} {
		if got := allFaults(t, r, "absent", params); got != want {
			t.Errorf("%.60s\n got %s\nwant %s", params, got, want)
		}
	}
}

type needy struct {
	When time.Time `json:"when,omitzero" validate:"required"`
	Name *string   `json:"name,omitempty" validate:"required,min=1"`
	Some string    `json:"some,omitempty" validate:"omitempty,required"`
}

type shared struct {
	When time.Time `json:"when,omitzero" validate:"required"`
	Name string    `json:"name,omitempty" validate:"required"`
}

// A key that the server asks for is required in the contract of params; where the
// type is a result, too, its documentation says so.
func TestRequiredFieldsThatMayBeLeftOut(t *testing.T) {
	r := centrirpc.NewRouter()
	centrirpc.Handle(r, "needy", func(context.Context, needy) (struct{}, error) { return struct{}{}, nil })
	centrirpc.Handle(r, "shared", func(_ context.Context, p struct {
		In shared `json:"in"`
	}) (shared, error) {
		return p.In, nil
	})
	described := func(name string) string {
		encoded, err := json.Marshal(r.Contract().Type(name).Fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	if got, want := described("Needy"), `[{"name":"when","type":{"kind":"string","format":"date-time","constraints":{"rules":["required"]}},"required":true},`+
		`{"name":"name","type":{"kind":"string","constraints":{"min_length":1,"rules":["required"]}},"required":true},`+
		`{"name":"some","type":{"kind":"string"}}]`; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if got, want := described("Shared"), `[{"name":"when","type":{"kind":"string","format":"date-time","constraints":{"rules":["required in params"]}}},`+
		`{"name":"name","type":{"kind":"string","constraints":{"min_length":1,"rules":["required in params"]}}}]`; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	for params, want := range map[string]string{
		`{}`: "when: when is required; name: name is required",
		`{"when":"2006-01-02T15:04:05Z","name":"a"}`: "",
	} {
		if got := allFaults(t, r, "needy", params); got != want {
			t.Errorf("%s\n got %s\nwant %s", params, got, want)
		}
	}
	if got, want := allFaults(t, r, "shared", `{"in":{}}`), "in.when: in.when is required; in.name: in.name is required"; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}
