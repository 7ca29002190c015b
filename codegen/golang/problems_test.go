package golang_test

import (
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/codegen/golang"
	"github.com/centrirpc/centrirpc/contract"
)

// All problems are reported together, each with both sources, and nothing is
// printed.
func TestProblems(t *testing.T) {
	call := func(name string) contract.Method { return contract.Method{Name: name, Kind: contract.Call} }
	fields := func(names ...string) []contract.Field {
		var fs []contract.Field
		for _, n := range names {
			fs = append(fs, contract.Field{Name: n, Type: str, Required: true})
		}
		return fs
	}
	values := func(names ...string) []contract.EnumValue {
		var vs []contract.EnumValue
		for _, n := range names {
			vs = append(vs, contract.EnumValue{Name: n, String: p(n)})
		}
		return vs
	}
	c := &contract.Contract{
		Version: 1, Name: "x",
		Methods: []contract.Method{call("tasks.get_stats"), call("tasks_get.stats"), call("ok"), call("check.contract")},
		Types: []contract.NamedType{
			{Name: "ContractHash", Kind: contract.Struct},
			{Name: "APIClient", Kind: contract.Struct},
			{Name: "NewAPIClient", Kind: contract.Struct},
			{Name: "task_item", Kind: contract.Struct},
			{Name: "TaskItem", Kind: contract.Struct, Fields: fields("id", "_id", "ID", "other")},
			{Name: "Status", Kind: contract.Enum, Base: &str, Values: values("Open", "open")},
			{Name: "StatusOpen", Kind: contract.Struct},
			{Name: "Codec", Kind: contract.Struct, Fields: fields("a,b", "marshal_json", "unmarshal_json")},
			{Name: "CodeBad", Kind: contract.Struct},
			{Name: "Level", Kind: contract.Enum, Base: &octet, Values: []contract.EnumValue{{Name: "High", Int: p(int64(256))}, {Name: "Low", Int: p(int64(-1))}}},
		},
		Errors: []contract.ErrorType{{Code: 1000, Reason: "bad"}},
	}
	files, problems := golang.Generate(c, golang.Options{Package: "no way"})
	if files != nil {
		t.Error("files were printed")
	}
	text := problems.Error()
	for _, want := range []string{
		`the package name "no way"`,
		"method tasks.get_stats and method tasks_get.stats, in APIClient: both are called TasksGetStats in Go; rename one",
		"the generated CheckContract and method check.contract, in APIClient: both are called CheckContract in Go; rename one",
		"the generated ContractHash and type ContractHash", "the generated APIClient and type APIClient", "the generated NewAPIClient and type NewAPIClient",
		"type task_item and type TaskItem",
		`field "id" and field "_id", in type TaskItem: both are called ID`, `field "id" and field "ID"`,
		"type StatusOpen and value Open of enum Status", "type StatusOpen and value open of enum Status",
		`field "marshal_json" and the generated MarshalJSON, in type Codec`, `field "unmarshal_json" and the generated UnmarshalJSON`,
		"type CodeBad and error 1000 bad",
		"value High of enum Level (uint8): 256 is out of its range", "-1 is out of its range",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not reported: %s", want)
		}
	}
	if len(problems) != 16 {
		t.Errorf("%d problems:\n%s", len(problems), text)
	}
}

// So are those with names that the contract does not give: of unions, errors,
// subscriptions.
func TestProblemsOfMadeNames(t *testing.T) {
	strukt := func(name string, fields ...contract.Field) contract.NamedType {
		return contract.NamedType{Name: name, Kind: contract.Struct, Fields: fields}
	}
	field := func(name string, t contract.Type) contract.Field {
		return contract.Field{Name: name, Type: t, Required: true}
	}
	c := &contract.Contract{
		Version: 1, Name: "x",
		Methods: []contract.Method{{Name: "subscribe.tasks", Kind: contract.Call}, {Name: "pick", Kind: contract.Call, Result: p(union(str, count))}},
		Channels: []contract.Channel{
			{Name: "tasks", Event: str}, {Name: "tasks:{id}", Event: str, Params: p(ref("Params"))},
		},
		Types: []contract.NamedType{
			{Name: "Animal", Kind: contract.Union, Tag: "kind", Variants: []contract.Variant{{Values: []string{"cat"}, Ref: "Cat"}}},
			strukt("AnimalVariant"), strukt("UnknownAnimal"), strukt("Cat", field("kind", count)), strukt("Params", field("id", str)),
			{Name: "Either", Kind: contract.Alias, Base: p(union(str, ref("String"), count))}, strukt("EitherFromInt64"), strukt("String"),
			strukt("PickResult"), strukt("DogTags"), strukt("Dog", field("tags", tuple(str, str))), strukt("Cats", field("tags", list(tuple(str)))), strukt("CatsTagsItem"),
			{Name: "Open", Kind: contract.Struct, Extra: &str, Fields: []contract.Field{field("extra", str), field("unmarshal_json", str)}},
			strukt("QuotaError"),
		},
		Errors: []contract.ErrorType{{Code: 1000, Reason: "quota"}},
	}
	files, problems := golang.Generate(c, golang.Options{})
	if files != nil {
		t.Error("files were printed")
	}
	text := problems.Error()
	for _, want := range []string{
		`method subscribe.tasks and channel "tasks", in APIClient: both are called SubscribeTasks`, `method subscribe.tasks and channel "tasks:{id}"`,
		"type AnimalVariant and what is in the tagged union Animal", "type UnknownAnimal and an unknown variant of the tagged union Animal",
		`field "kind" of type Cat (integer): it is the tag of the union Animal and not a string`,
		"its item 0 and its item 1, in the union Either: both are called AsString", "both are called EitherFromString", "type EitherFromInt64 and item 2 of the union in type Either",
		"type PickResult and the union in the result of method pick, in the package: both are called PickResult in Go; rename the other, or give the union a name of its own",
		"type DogTags and the tuple in field \"tags\" of type Dog", "type CatsTagsItem and the tuple in field \"tags\" of type Cats",
		`field "extra" and the generated Extra`, `field "unmarshal_json" and the generated UnmarshalJSON`, "type QuotaError and error 1000 quota",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not reported: %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestAliasesOfThemselves(t *testing.T) {
	c := &contract.Contract{Version: 1, Name: "x", Types: []contract.NamedType{
		{Name: "A", Kind: contract.Alias, Base: p(ref("B"))}, {Name: "B", Kind: contract.Alias, Base: p(ref("A"))},
		{Name: "C", Kind: contract.Alias, Base: p(ref("A"))},
	}}
	if _, problems := golang.Generate(c, golang.Options{}); len(problems) != 1 || !strings.Contains(problems.Error(), "stands for itself") {
		t.Errorf("problems: %v", problems)
	}
}

func TestABrokenContract(t *testing.T) {
	c := &contract.Contract{Version: 1, Name: "x", Types: []contract.NamedType{{Name: "A", Kind: contract.Alias, Base: p(ref("B"))}}}
	if _, problems := golang.Generate(c, golang.Options{}); len(problems) != 1 || !strings.Contains(problems.Error(), "which is not there") {
		t.Errorf("problems: %v", problems)
	}
}

func TestOptions(t *testing.T) {
	for _, opts := range []golang.Options{{Package: "func"}, {Package: "main"}, {Module: "a b"}, {Replace: "a\nb"}, {ModuleVersion: `"`}, {ImportPath: "`"}} {
		if _, problems := golang.Generate(read(t, "tasks"), opts); len(problems) != 1 {
			t.Errorf("%+v: %v", opts, problems)
		}
	}
	c := read(t, "tasks")
	c.Name = "2 do"
	if _, problems := golang.Generate(c, golang.Options{}); len(problems) != 1 || !strings.Contains(problems.Error(), "give the option Package") {
		t.Errorf("problems: %v", problems)
	}
}

// An empty contract is a client without calls.
func TestEmptyContract(t *testing.T) {
	files := generate(t, &contract.Contract{Version: 1, Name: "nothing"}, golang.Options{})
	m := newModule(t)
	for name, data := range files {
		m.write(name, string(data))
	}
	m.vet(".")
}

// As in the other languages, a reason that ends in "error" does not say it twice.
func TestNamesOfErrors(t *testing.T) {
	c := &contract.Contract{Version: 1, Name: "x", Errors: []contract.ErrorType{{Code: 1000, Reason: "task_error"}, {Code: 1001, Reason: "board_full"}}}
	files, problems := golang.Generate(c, golang.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, want := range []string{"type TaskError struct", "type BoardFullError struct"} {
		if !strings.Contains(string(files["errors.go"]), want) {
			t.Errorf("%q is not in errors.go", want)
		}
	}
}
