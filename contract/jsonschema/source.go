package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/centrirpc/centrirpc/contract"
)

// Version is the version of the source contract format that this package reads.
const Version = 1

// IsSource says whether data looks like a source contract file of any version,
// as opposed to a contract.
func IsSource(data []byte) bool {
	var head map[string]json.RawMessage
	_ = json.Unmarshal(markNonFinite(data), &head)
	_, ok := head["centrirpc_source"]
	return ok
}

// Convert reads a source contract file and makes a contract of it, sorted and
// checked. Exactly one of the results is there: the contract; or everything that
// the file describes and a contract cannot say, all at once; or an error, where
// data is no such file or is one of a newer version.
//
// In a Problem, Path leads to the value from the method's params or result, a
// channel or an error ("params.items[].owner"), Type is the model that declares
// it, and Position is the handler as the file gives it ("app/handlers.py#get").
func Convert(data []byte) (*contract.Contract, contract.Problems, error) {
	s, err := read(data)
	if err != nil {
		return nil, nil, err
	}
	v := newConverter(s)
	c := v.contract(s)
	if len(v.problems) > 0 {
		return nil, v.problems, nil
	}
	if err := c.Check(); err != nil {
		return nil, contract.Problems{{
			Path: "the file", Reason: err.Error(),
			Fix: "export it again; if that does not help, report it with the file",
		}}, nil
	}
	return c, nil, nil
}

type source struct {
	Name     string
	Doc      string
	Methods  []sourceMethod
	Errors   []sourceError
	Channels []sourceChannel
	// defs holds the definitions of each mode.
	defs map[mode]*object
}

type sourceMethod struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Doc        string `json:"doc"`
	Deprecated string `json:"deprecated"`
	TimeoutMS  int64  `json:"timeout_ms"`
	Idempotent bool   `json:"idempotent"`
	Volatile   bool   `json:"volatile"`
	Params     schema `json:"params"`
	Result     schema `json:"result"`
	Errors     []int  `json:"errors"`
	Source     string `json:"source"`
}

type sourceError struct {
	Code    int    `json:"code"`
	Reason  string `json:"reason"`
	Doc     string `json:"doc"`
	Details schema `json:"details"`
}

type sourceChannel struct {
	Name       string `json:"name"`
	Doc        string `json:"doc"`
	Deprecated string `json:"deprecated"`
	Params     schema `json:"params"`
	Event      schema `json:"event"`
	Source     string `json:"source"`
}

// schema is a JSON Schema in the file; value is nil where there is none.
type schema struct{ value any }

// UnmarshalJSON keeps the order of keys.
func (s *schema) UnmarshalJSON(data []byte) error {
	value, err := parse(data)
	s.value = value
	return err
}

func versionOf(data []byte) (*int, error) {
	var head map[string]json.RawMessage
	if err := json.Unmarshal(markNonFinite(data), &head); err != nil {
		return nil, fmt.Errorf("not a source contract file: %w", err)
	}
	written, ok := head["centrirpc_source"]
	if !ok {
		return nil, nil
	}
	var version *int
	if err := json.Unmarshal(written, &version); err != nil || version == nil {
		return nil, fmt.Errorf("not a source contract file: its format version is %.40s, which is no whole number", written)
	}
	return version, nil
}

func read(data []byte) (*source, error) {
	version, err := versionOf(data)
	switch {
	case err != nil:
		return nil, err
	case version == nil:
		return nil, errors.New(`not a source contract file: the key "centrirpc_source" is missing`)
	case *version > Version:
		return nil, fmt.Errorf("the source contract file has format version %d; this program reads up to %d: update centrirpc", *version, Version)
	case *version < 1:
		return nil, fmt.Errorf("not a source contract file: format version %d", *version)
	}
	var file struct {
		Version  int             `json:"centrirpc_source"`
		Name     string          `json:"name"`
		Doc      string          `json:"doc"`
		Methods  []sourceMethod  `json:"methods"`
		Errors   []sourceError   `json:"errors"`
		Channels []sourceChannel `json:"channels"`

		Validation    schema `json:"validation"`
		Serialization schema `json:"serialization"`
	}
	d := json.NewDecoder(bytes.NewReader(markNonFinite(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("reading the source contract file: %w", err)
	}
	s := &source{
		Name: file.Name, Doc: file.Doc,
		Methods: file.Methods, Errors: file.Errors, Channels: file.Channels,
		defs: map[mode]*object{},
	}
	for m, side := range map[mode]schema{validation: file.Validation, serialization: file.Serialization} {
		if s.defs[m], err = definitions(side); err != nil {
			return nil, fmt.Errorf("reading the source contract file: %s: %w", m, err)
		}
	}
	return s, nil
}

func definitions(side schema) (*object, error) {
	if side.value == nil {
		return newObject(), nil
	}
	o, ok := side.value.(*object)
	if !ok {
		return nil, errors.New("it must be an object with the key $defs")
	}
	if !o.has("$defs") {
		return newObject(), nil
	}
	defs, ok := o.get("$defs").(*object)
	if !ok {
		return nil, errors.New("$defs must be an object")
	}
	return defs.without(), nil
}
