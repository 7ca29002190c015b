package typescript_test

import (
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/codegen/typescript"
	"github.com/centrirpc/centrirpc/contract"
)

func structType(name string) contract.NamedType {
	return contract.NamedType{Name: name, Kind: contract.Struct, Origin: "example.org/api." + name}
}

func alias(name string, base contract.Type) contract.NamedType {
	return contract.NamedType{Name: name, Kind: contract.Alias, Base: &base}
}

func ref(name string) contract.Type { return contract.Type{Kind: contract.Ref, Ref: name} }

func call(name string) contract.Method { return contract.Method{Name: name, Kind: contract.Call} }

func integer(n int64) contract.EnumValue { return contract.EnumValue{Name: "Big", Int: &n} }

var textType = contract.Type{Kind: contract.String}

func TestProblems(t *testing.T) {
	text := "x"
	for name, test := range map[string]struct {
		c    contract.Contract
		want []string // each in the problem of that number
	}{
		"methods that become one": {
			contract.Contract{Methods: []contract.Method{call("tasks.get_stats"), call("tasks_get.stats")}},
			[]string{"method tasks_get.stats: tasks.get_stats, tasks_get.stats: the methods tasks.get_stats and tasks_get.stats would both be tasksGetStats; rename one of them"},
		},
		"members of the client": {
			contract.Contract{Methods: []contract.Method{call("rpc"), call("constructor"), call("then"), call("to_string"), call("value.of"), call("check.contract")}},
			[]string{"APIClient", "constructor", "await", "member of every object", "member of every object", "the method would be checkContract, which is the method of APIClient that asks about the contract; rename the method"},
		},
		"types that are taken": {
			contract.Contract{Types: []contract.NamedType{
				structType("CentrifugoRPCClient"), structType("APIClient"), structType("CallOptions"), structType("ServerError"),
				structType("ConnectionState"), structType("WebSocketLike"), structType("Promise"), structType("Record"),
				structType("Array"), structType("Date"), structType("Error"), structType("contractHash"), structType("ContractCheck"),
			}},
			[]string{
				"base client", "typed client", "base client", "base client", "base client", "base client",
				"built-in", "built-in", "built-in", "built-in", "Error is a built-in type; rename the type", "constant that names the contract", "base client",
			},
		},
		"words of the language": {
			contract.Contract{Types: []contract.NamedType{structType("class"), structType("string"), structType("keyof"), structType("default")}},
			[]string{"word of the language; rename the type", "word", "word", "word"},
		},
		"names that are none": {
			contract.Contract{Types: []contract.NamedType{structType("1st"), structType("a b"), structType("x;y"), structType("…")}},
			[]string{`type 1st (example.org/api.1st): "1st" is no name`, "no name", "no name", "no name"},
		},
		"method names that are none": {
			contract.Contract{Methods: []contract.Method{call("…"), call("1st")}},
			[]string{"no name in TypeScript", "no name in TypeScript"},
		},
		"names of the errors": {
			contract.Contract{
				Types: []contract.NamedType{structType("ErrorCode"), structType("errorClasses"), structType("BittenError")},
				Errors: []contract.ErrorType{
					{Code: 1000, Reason: "a"}, {Code: 1001, Reason: "b"}, {Code: 1002, Reason: "a"}, {Code: 1003, Reason: "b_error"},
					{Code: 1004, Reason: "not_found"}, {Code: 1005, Reason: "bitten"}, {Code: 1006, Reason: "range"},
					{Code: 1007, Reason: "error"}, {Code: 1008, Reason: "1st"}, {Code: 1009, Reason: "…"},
				},
			},
			[]string{
				"error codes", "errors' classes", `errors 1000, 1002: the errors 1000 and 1002 have the same reason "a"`,
				"errors 1001, 1003: the errors 1001 and 1003 would both be the class BError; give one of them another reason",
				`error 1004: the error "not_found" would be the class NotFoundError, which is a name that the base client exports`,
				`error 1005, type BittenError: the error "bitten" would be the class BittenError, which is a type of the contract too; give the error another reason, or rename the type`,
				`the class RangeError, which is a built-in class`,
				`the class Error, which is a built-in type`, `"1StError", which is no name in TypeScript`,
				"errors 1007, 1009: the errors 1007 and 1009 would both be the class Error",
			},
		},
		"names of the channels": {
			contract.Contract{
				Methods: []contract.Method{call("subscribe.tasks"), call("subscribe.news")},
				Channels: []contract.Channel{
					{Name: "{id}", Event: textType}, {Name: "tasks:{id}", Event: textType},
					{Name: "rooms:{id}", Event: textType}, {Name: "rooms.{id}.{name}", Event: textType},
				},
			},
			[]string{
				"channel {id}: the channel \"{id}\" has no word to name the method after that subscribes to it; put a word into",
				"subscribe.tasks, channel tasks:{id}: the method subscribe.tasks and the channel tasks:{id} would both be subscribeTasks; rename one of them",
				"channel rooms:{id}, channel rooms.{id}.{name}: the channels rooms:{id} and rooms.{id}.{name} would both be subscribeRooms",
			},
		},
		"an enum's values": {
			contract.Contract{Types: []contract.NamedType{
				{Name: "E", Kind: contract.Enum, Base: &contract.Type{Kind: contract.String}, Values: []contract.EnumValue{
					{Name: "A", String: &text}, {Name: "A", String: &text},
				}},
				{Name: "F", Kind: contract.Enum, Base: &contract.Type{Kind: contract.Integer, Bits: 64}, Values: []contract.EnumValue{
					integer(1<<53 - 1), {Name: "Small", Int: integer(-1 << 53).Int},
				}},
			}},
			[]string{"E.A", "F.Small: the value -9007199254740992 is beyond"},
		},
		"types that stand for themselves": {
			contract.Contract{Types: []contract.NamedType{
				alias("A", ref("B")), alias("B", ref("A")), alias("C", ref("C")), alias("D", ref("A")),
				alias("U", contract.Type{Kind: contract.Union, Items: []contract.Type{textType, ref("V")}}),
				alias("V", contract.Type{Kind: contract.Union, Items: []contract.Type{ref("A"), {Kind: contract.Union, Items: []contract.Type{ref("U")}}}}),
				alias("T", contract.Type{Kind: contract.Tuple, Items: []contract.Type{textType, {Kind: contract.Ref, Ref: "T", Nullable: true}}}),
				alias("L", contract.Type{Kind: contract.List, Elem: &contract.Type{Kind: contract.Ref, Ref: "L"}}),
			}},
			[]string{"A -> B -> A", "B -> A -> B", "C -> C", "U -> V -> U", "V -> U -> V"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.c.Name = "x"
			files, problems := typescript.Generate(&test.c, typescript.Options{})
			if files != nil {
				t.Error("there are files")
			}
			if len(problems) != len(test.want) {
				t.Fatalf("%d problems, want %d:\n%v", len(problems), len(test.want), problems)
			}
			for i, want := range test.want {
				if !strings.Contains(problems[i].Error(), want) {
					t.Errorf("problem %d is\n%v\nwithout\n%s", i, problems[i].Error(), want)
				}
				if problems[i].Reason == "" || problems[i].Fix == "" || problems[i].Path == "" {
					t.Errorf("problem %d lacks a part: %+v", i, problems[i])
				}
			}
		})
	}
}

// Names that look like trouble and are none.
func TestNoProblems(t *testing.T) {
	c := contract.Contract{
		Name: "x",
		Methods: []contract.Method{
			call("delete"), call("class"), call("default"), call("import"), call("await"), call("rpc.call"), call("connect"), call("call"),
		},
		Types: []contract.NamedType{
			structType("Node"), structType("Event"), structType("Request"), structType("Reply"), structType("Frames"),
			structType("ErrorCode"), structType("Calls"), structType("Été"), structType("Map"),
		},
	}
	if _, problems := typescript.Generate(&c, typescript.Options{}); problems != nil {
		t.Error(problems)
	}
}
