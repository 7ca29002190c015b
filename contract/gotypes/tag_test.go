package gotypes

import (
	"reflect"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/contract"
)

// Tags that encoding/json passes over, or half reads, without a word.
func TestWrongTags(t *testing.T) {
	for tag, want := range map[string]string{
		`json: "m"`:                    "cannot be read from json: \"m\" on; write key:\"value\"",
		`json:"a`:                      "cannot be read from json:\"a on",
		`json="a"`:                     "cannot be read",
		`json:'a'`:                     "cannot be read",
		`json`:                         "cannot be read",
		`json:"a" validate: "min=1"`:   "cannot be read from validate: \"min=1\" on",
		`json:"a",validate:"min=1"`:    "cannot be read from ,validate:\"min=1\" on",
		`json:"a,omitemtpy"`:           `option "omitemtpy" is none of encoding/json, which passes over it; write omitempty`,
		`json:"a, omitempty"`:          `option " omitempty"`,
		`json:"a,OmitZero"`:            "write omitzero",
		`json:"a,required"`:            `option "required" is none of encoding/json, which passes over it; remove it`,
		`json:"a,inline"`:              `option "inline"`,
		`json:"a,format:unix"`:         `the tag's option "format"`,
		`json:"a,omitempty,"`:          "",
		`json:"a"validate:"max=1"`:     "",
		`db:"a" something free`:        "",
		`json:"a" xml:"a,attr" x: "y"`: "",
		`json:"a,string,omitzero"`:     "",
		`json:"\"" `:                   "holds a character",
	} {
		fields := []reflect.StructField{{Name: "A", Type: reflect.TypeFor[int](), Tag: reflect.StructTag(tag)}}
		problems := NewBuilder().AddMethod(contract.Method{Name: "a", Kind: contract.Call}, reflect.StructOf(fields), nil)
		switch {
		case want == "" && len(problems) > 0:
			t.Errorf("%s: %v", tag, problems)
		case want != "" && (len(problems) != 1 || !strings.HasPrefix(problems.Error(), "method a: params.A (int): ") || !strings.Contains(problems.Error(), want)):
			t.Errorf("%s: %v; want %s", tag, problems, want)
		}
	}
}

type inlined struct {
	B int
}

func TestInlineOfAnEmbeddedStruct(t *testing.T) {
	type params struct {
		inlined `json:",inline"`
	}
	if problems := NewBuilder().AddMethod(contract.Method{Name: "a", Kind: contract.Call}, reflect.TypeFor[params](), nil); len(problems) > 0 {
		t.Error(problems)
	}
}
