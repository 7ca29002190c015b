package centrirpc_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/centrirpc/centrirpc"
	"github.com/centrirpc/centrirpc/wire"
)

type outerOf[T any] struct {
	Start int `json:"start"`
	Inner T   `json:"inner"`
}

// Each of these would refuse every call, or judge nothing, without a word at
// registration.
func TestRulesThatNoValueKeepsAreRefused(t *testing.T) {
	for _, test := range []struct {
		got  string
		want []string
	}{
		{refusal[struct {
			E int `json:"e" validate:"email"`
		}](), []string{`method "try", registered at `, `params.e (int): the validate tag "email" is wrong: the rule "email" is for text, and the type is int; remove the rule, or make the field a string`}},
		{refusal[struct {
			W []string `json:"w" validate:"min=1,alpha"`
		}](), []string{`params.w ([]string): `, `write "dive,alpha"`}},
		{refusal[struct {
			W map[string]int `json:"w" validate:"dive,keys,alpha,endkeys,contains=a"`
		}](), []string{`params.w{} (int): `, `"contains"`, "is for text"}},
		{refusal[struct {
			B []byte `json:"b" validate:"base64"`
			N *uint8 `json:"n" validate:"omitempty,uuid|ip"`
		}](), []string{`params.b ([]uint8): `, `params.n (*uint8): `, `"uuid" is for text`, `"ip" is for text`}},
		{refusal[struct {
			J string `json:"j" validate:"gtfield=Nope"`
		}](), []string{`params.j (string): `, `names the field Nope, which struct`, "does not have"}},
		{refusal[struct {
			First string `json:"first"`
			J     string `json:"j" validate:"eqfield=first,required_if=K card"`
		}](), []string{`"eqfield=first" names the field first`, "write First, its name in Go", "names the field K"}},
		{refusal[outerOf[struct {
			A int `json:"a" validate:"gtcsfield=Begin"`
			B int `json:"b" validate:"gtcsfield=Start"`
			C int `json:"c" validate:"gtfield=Start"`
		}]](), []string{`params.inner.a (int): `, "names the field Begin", `params.inner.c (int): `}},
		{refusal[struct {
			O string `json:"o" validate:"oneof="`
			P string `json:"p" validate:"oneof"`
			Q int    `json:"q" validate:"oneof=1 two"`
		}](), []string{"params.o (string)", "params.p (string)", "oneof lists no values", `oneof lists "two", which is no value of the type int`}},
		{refusal[struct {
			A int           `json:"a" validate:"min=5,max=2"`
			B string        `json:"b" validate:"required,max=0"`
			C []int         `json:"c" validate:"gt=3,lt=4"`
			D uint8         `json:"d" validate:"min=256"`
			E float64       `json:"e" validate:"gte=0.5,lte=0.25"`
			F time.Duration `json:"f" validate:"min=2h,max=60m"`
			G int8          `json:"g" validate:"len=128"`
			H []int         `json:"h" validate:"dive,min=3,max=2"`
			I string        `json:"i" validate:"max=-1"`
		}](), []string{
			`params.a (int): the validate tag "min=5,max=2" is wrong: no value keeps both "min=5" and "max=2"; let the lower bound be below the upper`,
			`params.b (string): `, `"required" and "max=0"`, `params.c ([]int): `, `"gt=3" and "lt=4"`,
			`params.d (uint8): `, `no value of the type keeps the rule "min=256"`, `params.e (float64): `, `params.f (time.Duration): `,
			`params.g (int8): `, `params.h[] (int): `, `params.i (string): `, `no length keeps the rule "max=-1"`,
		}},
		{refusal[struct {
			Hidden string `json:"-" validate:"email"`
		}](), []string{`params.Hidden: the rule "email" can never be kept: the field is tagged json:"-"`}},
		{refusal[struct {
			A int           `json:"a" validate:"min=x"`
			B string        `json:"b" validate:"len=1.5"`
			C float32       `json:"c" validate:"max=much"`
			D time.Duration `json:"d" validate:"max=long"`
			E uint          `json:"e" validate:"min=-1"`
			F []int         `json:"f" validate:"min="`
		}](), []string{
			`params.a (int): the validate tag "min=x" is wrong: min needs a whole number, and has "x"; write one, such as "min=1"`,
			`params.b (string): `, `len needs a whole number, and has "1.5"`, `max needs a number, and has "much"`,
			`max needs a duration, and has "long"`, `params.e (uint): `, `params.f ([]int): `, `min needs a whole number, and has ""`,
		}},
	} {
		for _, want := range test.want {
			if !strings.Contains(test.got, want) {
				t.Errorf("refused with %q; want %q in it", test.got, want)
			}
		}
		if strings.Contains(test.got, "strconv.") || strings.Contains(test.got, "params.inner.b") {
			t.Errorf("refused with %q", test.got)
		}
	}
}

type sensible struct {
	A []string          `json:"a" validate:"min=1,max=1,dive,alpha"`
	B bool              `json:"b,omitempty" validate:"omitempty,boolean"`
	C int               `json:"c" validate:"numeric,gt=0,lt=2"`
	D float64           `json:"d" validate:"gt=0,lt=1"`
	E uint64            `json:"e" validate:"max=18446744073709551615,min=0x10"`
	F time.Duration     `json:"f" validate:"min=1ns,max=1h"`
	G string            `json:"g" validate:"oneof='a b' c,min=1|max=0"`
	H int64             `json:"h" validate:"oneof=1 -2,min=-9223372036854775808,max=9223372036854775807"`
	I map[string]string `json:"i" validate:"dive,keys,alpha,endkeys,email"`
	J string            `json:"j" validate:"containsany=0x2C0x7C,eq=x"`
	K int               `json:"k" validate:"gtefield=C"`
	L int               `json:"-" validate:"omitempty,email"`
	M *string           `json:"m,omitempty" validate:"omitempty,even"`
	N int               `json:"n" validate:"even"`
}

func TestSensibleRulesAreTaken(t *testing.T) {
	even := centrirpc.Rule("even", func(validator.FieldLevel) bool { return true }, "must be even")
	if got := refusal[sensible](even); got != "" {
		t.Error(got)
	}
	r := centrirpc.NewRouter(even)
	centrirpc.Handle(r, "try", func(context.Context, sensible) (struct{}, error) { return struct{}{}, nil })
	_, err := r.Call(t.Context(), "try", json.RawMessage(`{"a":["x"],"c":1,"d":0.5,"e":16,"f":1,"g":"a b","h":-2,"i":{"k":"a@b.co"},"j":"x","k":1,"n":2}`))
	if faults := errorOf(t, err).Details.([]wire.Fault); len(faults) != 1 || faults[0].Field != "j" {
		t.Errorf("faults %+v", faults)
	}
}
