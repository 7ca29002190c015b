package jsonschema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// literalsOf lists the values that const or enum allows.
func literalsOf(o *object) ([]any, bool) {
	if o.has("const") {
		return []any{o.get("const")}, true
	}
	values, ok := o.get("enum").([]any)
	return values, ok || o.has("enum")
}

// jsonType is the JSON Schema type of a value; "" if it is no JSON.
func jsonType(value any) string {
	switch value := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		if strings.ContainsAny(string(value), ".eE") {
			return "number"
		}
		return "integer"
	case []any:
		return "array"
	case *object:
		return "object"
	}
	return ""
}

// literal is a type of the given values only: of one kind, or a union.
func (v *converter) literal(o *object, values []any, at place) *contract.Type {
	allowed := typesOf(o)
	var items []*contract.Type
	groups := map[string]*contract.Type{}
	for _, value := range values {
		t := jsonType(value)
		if t == "integer" && slices.Contains(allowed, "number") && !slices.Contains(allowed, "integer") {
			t = "number"
		}
		if len(allowed) > 0 && !slices.Contains(allowed, t) {
			continue // no value of the type
		}
		described := groups[t]
		if described == nil {
			switch t {
			case "null":
				described = nullType()
			case "boolean":
				described = &contract.Type{Kind: contract.Bool}
			case "string":
				described = &contract.Type{Kind: contract.String}
			case "integer":
				described = &contract.Type{Kind: contract.Integer}
			case "number":
				described = &contract.Type{Kind: contract.Float, Bits: 64}
			default:
				v.refuse(at, "an allowed value is neither a string, a number, a boolean nor null", "let the Enum or Literal have values of these types")
				return nil
			}
			groups[t] = described
			items = append(items, described)
		}
		if t == "null" {
			continue
		}
		if described.Constraints == nil {
			described.Constraints = &contract.Constraints{}
		}
		raw, _ := encode(value)
		if !slices.ContainsFunc(described.Constraints.OneOf, func(other json.RawMessage) bool { return string(other) == string(raw) }) {
			described.Constraints.OneOf = append(described.Constraints.OneOf, raw)
		}
	}
	if len(items) == 0 {
		v.refuse(at, fmt.Sprintf("none of the %d allowed values is of the schema's type", len(values)), "let the Enum or Literal have values of the type")
		return nil
	}
	return unionOf(items)
}

func rawValues(values ...string) []json.RawMessage {
	raw := make([]json.RawMessage, len(values))
	for i, value := range values {
		raw[i] = json.RawMessage(value)
	}
	return raw
}
