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

func TestProblems(t *testing.T) {
	text := func(s string) *string { return &s }
	cases := []struct {
		name string
		c    contract.Contract
		want []string
	}{
		{
			"methods", contract.Contract{Methods: calls("tasks.get_stats", "tasks_get.stats", "import", "rpc", "a1", "a_1")},
			[]string{
				"tasks.get_stats and tasks_get.stats: both become the Python method tasks_get_stats; rename one of them",
				"import: it becomes the Python method import, a name that the client needs itself; rename it",
				"rpc: it becomes the Python method rpc, a name that the client needs itself; rename it",
				"a1 and a_1: both become the Python method a_1; rename one of them",
			},
		},
		{
			"classes", contract.Contract{Types: []contract.NamedType{
				structType("Task"), structType("task"), structType("ServerError"), structType("APIClient"), structType("?"),
			}},
			[]string{
				"Task and task: both become the Python class Task; rename one of them",
				"ServerError: it becomes the Python class ServerError, a name that the client needs itself; rename it",
				"APIClient: it becomes the Python class APIClient, a name that the client needs itself; rename it",
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
			"aliases", contract.Contract{Types: []contract.NamedType{
				{Name: "A", Kind: contract.Alias, Base: &contract.Type{Kind: contract.Ref, Ref: "B"}},
				{Name: "B", Kind: contract.Alias, Base: &contract.Type{Kind: contract.Ref, Ref: "A"}},
			}},
			[]string{
				"B: it stands for nothing but itself; give it a type",
				"A: it stands for nothing but itself; give it a type",
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
		Name:    "x",
		Methods: calls("class"),
		Types:   []contract.NamedType{structType("A", "x-y", "x_y")},
	}
	_, problems := python.Generate(&c, python.Options{})
	if len(problems) != 2 {
		t.Errorf("problems: %v", problems)
	}
}
