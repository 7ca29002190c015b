package python_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/centrirpc/centrirpc/codegen/python"
	"github.com/centrirpc/centrirpc/contract"
)

func structType(name string, fields ...string) contract.NamedType {
	t := contract.NamedType{Name: name, Kind: contract.Struct}
	for _, f := range fields {
		t.Fields = append(t.Fields, contract.Field{Name: f, Type: contract.Type{Kind: contract.String}})
	}
	return t
}

func calls(names ...string) []contract.Method {
	var methods []contract.Method
	for _, name := range names {
		methods = append(methods, contract.Method{Name: name, Kind: contract.Call})
	}
	return methods
}

func taggedUnion(name, tag string, refs ...string) contract.NamedType {
	u := contract.NamedType{Name: name, Kind: contract.Union, Tag: tag}
	for _, ref := range refs {
		u.Variants = append(u.Variants, contract.Variant{Values: []string{name + ref}, Ref: ref})
	}
	return u
}

func channelParams(name string, fields ...string) contract.NamedType {
	t := structType(name, fields...)
	for i := range t.Fields {
		t.Fields[i].Required = true
	}
	return t
}

func channel(name, params string) contract.Channel {
	c := contract.Channel{Name: name, Event: contract.Type{Kind: contract.String}}
	if params != "" {
		c.Params = &contract.Type{Kind: contract.Ref, Ref: params}
	}
	return c
}

func TestProblems(t *testing.T) {
	text := func(s string) *string { return &s }
	cases := []struct {
		name string
		c    contract.Contract
		want []string
	}{
		{
			"methods", contract.Contract{Methods: calls("tasks.get_stats", "tasks_get.stats", "import", "rpc", "a1", "a_1", "check.contract")},
			[]string{
				"tasks.get_stats and tasks_get.stats: both become the Python method tasks_get_stats; rename one of them",
				"import: it becomes the Python method import, a name that the client needs itself; rename it",
				"rpc: it becomes the Python method rpc, a name that the client needs itself; rename it",
				"a1 and a_1: both become the Python method a_1; rename one of them",
				"check.contract: it becomes the Python method check_contract, a name that the client needs itself; rename it",
			},
		},
		{
			"classes", contract.Contract{Types: []contract.NamedType{
				structType("Task"), structType("task"), structType("ServerError"), structType("APIClient"), structType("CONTRACT_HASH"), structType("ContractCheck"), structType("?"),
			}},
			[]string{
				"Task and task: both become the Python class Task; rename one of them",
				"ServerError: it becomes the Python class ServerError, a name that the client needs itself; rename it",
				"APIClient: it becomes the Python class APIClient, a name that the client needs itself; rename it",
				"CONTRACT_HASH: it becomes the Python class CONTRACT_HASH, a name that the client needs itself; rename it",
				"ContractCheck: it becomes the Python class ContractCheck, a name that the client needs itself; rename it",
				`"?": no Python class can be named after it; rename it, with at least one letter`,
			},
		},
		{
			"fields", contract.Contract{Types: []contract.NamedType{
				structType("A", "x-y", "x_y", "copy", "copy_", "\U0001f600", "-", ""),
				structType("B", "x.y", "x y"),
			}},
			[]string{
				"A.x-y and A.x_y: both become the Python field x_y; rename one of them",
				"A.copy and A.copy_: both become the Python field copy_; rename one of them",
				"A.\U0001f600 and A.-: both become the Python field field; rename one of them",
				`A."": no Python field can be named after it; rename it, with at least one letter`,
				"B.x.y and B.x y: both become the Python field x_y; rename one of them",
			},
		},
		{
			"enum members", contract.Contract{Types: []contract.NamedType{{
				Name: "E", Kind: contract.Enum, Base: &contract.Type{Kind: contract.String},
				Values: []contract.EnumValue{
					{Name: "InProgress", String: text("a")}, {Name: "IN_PROGRESS", String: text("b")}, {Name: "+", String: text("c")},
				},
			}}},
			[]string{
				"E.InProgress and E.IN_PROGRESS: both become the Python enum member IN_PROGRESS; rename one of them",
				`E."+": no Python enum member can be named after it; rename it, with at least one letter`,
			},
		},
		{
			"variants", contract.Contract{Types: []contract.NamedType{
				structType("Circle", "type"), structType("FigureBox"), structType("FigureCircle"), structType("UnknownFigure"), structType("Box"),
				taggedUnion("Figure", "type", "Circle", "Box"),
			}},
			[]string{
				"FigureBox and the variant Box of Figure: both become the Python class FigureBox; rename one of them",
				"UnknownFigure and the unknown variant of Figure: both become the Python class UnknownFigure; rename one of them",
			},
		},
		{
			"the tag's name", contract.Contract{Types: []contract.NamedType{
				structType("Circle", "x-y"), taggedUnion("Figure", "x_y", "Circle"),
			}},
			[]string{
				"Circle.x-y and the tag x_y of Figure: both become the Python field x_y; rename one of them",
			},
		},
		{
			"errors", contract.Contract{
				Types: []contract.NamedType{structType("QuotaError")},
				Errors: []contract.ErrorType{
					{Code: 1000, Reason: "quota"}, {Code: 1001, Reason: "not_found"}, {Code: 1002, Reason: "a_b"}, {Code: 1003, Reason: "aB_error"}, {Code: 1004, Reason: "-"},
				},
			},
			[]string{
				"QuotaError and error 1000 (quota): both become the Python class QuotaError; rename one of them",
				"error 1001 (not_found): it becomes the Python class NotFoundError, a name that the client needs itself; rename it",
				"error 1002 (a_b) and error 1003 (aB_error): both become the Python class ABError; rename one of them",
				`"error 1004 (-)": no Python class can be named after it; rename it, with at least one letter`,
			},
		},
		{
			"channels", contract.Contract{
				Methods: calls("subscribe.tasks"),
				Types:   []contract.NamedType{channelParams("P", "x"), channelParams("Q", "timeout", "timeout_")},
				Channels: []contract.Channel{
					channel("tasks", ""), channel("tasks:{x}", "P"), channel("{x}", "P"), channel("q:{timeout}:{timeout_}", "Q"),
				},
			},
			[]string{
				"subscribe.tasks and channel tasks: both become the Python method subscribe_tasks; rename one of them",
				"subscribe.tasks and channel tasks:{x}: both become the Python method subscribe_tasks; rename one of them",
				`"channel {x}": no Python method can be named after it; rename it, with at least one letter`,
				"channel q:{timeout}:{timeout_}.timeout and channel q:{timeout}:{timeout_}.timeout_: both become the Python argument timeout_; rename one of them",
			},
		},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			test.c.Name = "x"
			if err := test.c.Check(); err != nil {
				t.Fatal(err)
			}
			files, problems := python.Generate(&test.c, python.Options{})
			if files != nil {
				t.Error("there are files")
			}
			got := strings.Split(problems.Error(), "\n")
			if !slices.Equal(got, test.want) {
				t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestAllProblemsAtOnce has faults of every sort, in one run.
func TestAllProblemsAtOnce(t *testing.T) {
	c := contract.Contract{
		Name:     "x",
		Methods:  calls("class"),
		Types:    []contract.NamedType{structType("A", "x-y", "x_y"), structType("ServerError"), structType("UnknownU"), taggedUnion("U", "t", "A")},
		Errors:   []contract.ErrorType{{Code: 1000, Reason: "not_found"}},
		Channels: []contract.Channel{channel("{x}", "A")},
	}
	_, problems := python.Generate(&c, python.Options{Package: "1st"})
	if len(problems) != 7 {
		t.Errorf("problems: %v", problems)
	}
}
