package centrirpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"

	"github.com/centrirpc/centrirpc/wire"
	jsonv2 "github.com/go-json-experiment/json"
)

// decoder turns the raw params of one method into its struct: first against the
// contract's shape, then by the validator's rules.
type decoder struct {
	none  bool // the method takes no params
	shape *shape
	rules *rules // nil if no field has any
}

func newDecoder(r *Router, s *shape, params reflect.Type) *decoder {
	return &decoder{none: s == nil, shape: s, rules: newRules(r, params)}
}

// decode fills into, a pointer to the params. The error lists all faults of the
// shape, and if there are none, all of the rules; fields that are well-formed are
// checked against their rules even if others are not.
func (d *decoder) decode(ctx context.Context, raw json.RawMessage, into any) error {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "null" {
		raw = emptyObject
	}
	faults, complete := checkShape(raw, d.shape)
	if notJSON(faults) || len(faults) > 0 && (d.rules == nil || !complete) {
		return faultsError(faults) // nothing could be added to them
	}
	decoded := decodeJSON(raw, into)
	if decoded != nil && len(faults) == 0 {
		// The shape let through what the type itself refuses.
		faults = append(faults, d.decodeFault(locate(raw, reflect.New(reflect.TypeOf(into).Elem()).Interface())))
	}
	if d.rules != nil {
		faults = append(faults, d.rules.check(ctx, raw, into, faults)...)
	}
	if len(faults) > 0 {
		return faultsError(faults)
	}
	return nil
}

func notJSON(faults []wire.Fault) bool { return len(faults) == 1 && faults[0].Rule == "json" }

func (d *decoder) decodeFault(err error) wire.Fault {
	fault := wire.Fault{Rule: "type", Message: "the params do not fit the method's type"}
	var semantic *jsonv2.SemanticError
	if errors.As(err, &semantic) {
		fault.Field = d.shape.path(semantic.JSONPointer)
		if fault.Field != "" {
			fault.Message = fault.Field + " does not fit the field's type"
		}
	}
	return fault
}
