package typescript_test

import "github.com/centrirpc/centrirpc/contract"

// streams has streams with and without params, results and errors, and methods of
// all classes.
func streams() *contract.Contract {
	params, row, whole := ref("Query"), ref("Row"), contract.Type{Kind: contract.Integer, Bits: 64}
	short := contract.Type{Kind: contract.String, Nullable: true, Constraints: &contract.Constraints{MaxLength: new(10)}}
	with := func(name string, field contract.Field) contract.NamedType {
		t := structType(name)
		field.Required = true
		t.Fields = []contract.Field{field}
		return t
	}
	return &contract.Contract{
		Name: "streams",
		Types: []contract.NamedType{
			with("Query", contract.Field{Name: "text", Type: textType}),
			with("Row", contract.Field{Name: "id", Type: whole}),
			with("Total", contract.Field{Name: "rows", Type: whole}),
		},
		Errors: []contract.ErrorType{{Code: 1001, Reason: "too_many", Doc: "More rows than are allowed."}},
		Methods: []contract.Method{
			{Name: "rows.all", Kind: contract.Stream, Doc: "All rows there are.", Item: &row},
			{Name: "rows.find", Kind: contract.Stream, Doc: "Rows that hold the text.", Params: &params, Item: &row, Result: new(ref("Total")), Errors: []int{1001}, TimeoutMS: 60000, Idempotent: true},
			{Name: "rows.names", Kind: contract.Stream, Item: &short, Result: &short, Volatile: true, Deprecated: "use rows.all"},
			{Name: "rows.peek", Kind: contract.Call, Doc: "The newest row.", Result: &row, Volatile: true, Idempotent: true},
			{Name: "rows.touch", Kind: contract.Notify, Params: &params, Volatile: true},
		},
	}
}
