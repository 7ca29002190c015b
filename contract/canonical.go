package contract

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// Sort puts the contract's lists into canonical order: methods, channels and
// types by name, errors by code. Fields, variants and enum values keep the order
// of their declaration.
func (c *Contract) Sort() {
	slices.SortFunc(c.Methods, func(a, b Method) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Types, func(a, b NamedType) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Channels, func(a, b Channel) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(c.Errors, func(a, b ErrorType) int { return cmp.Compare(a.Code, b.Code) })
	for i := range c.Methods {
		slices.Sort(c.Methods[i].Errors)
	}
}

// Encode is the contract's canonical JSON: sorted, indented by two spaces,
// ending in a newline. The same contract always gives the same bytes. It sorts
// c in place.
func (c *Contract) Encode() ([]byte, error) {
	c.Sort()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(c); err != nil {
		return nil, fmt.Errorf("encoding the contract: %w", err)
	}
	return b.Bytes(), nil
}

// Decode reads a contract and checks that it holds together: see Check. The
// error says so where data is no contract, or is one of a newer version.
func Decode(data []byte) (*Contract, error) {
	var head struct {
		Version *int `json:"centrirpc"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("not a contract: %w", err)
	}
	switch {
	case head.Version == nil:
		return nil, fmt.Errorf(`not a contract: the key "centrirpc" is missing`)
	case *head.Version > Version:
		return nil, fmt.Errorf("the contract has format version %d; this program reads up to %d: update centrirpc", *head.Version, Version)
	case *head.Version < 1:
		return nil, fmt.Errorf("not a contract: format version %d", *head.Version)
	}
	var c Contract
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, fmt.Errorf("reading the contract: %w", err)
	}
	if err := c.Check(); err != nil {
		return nil, err
	}
	c.Sort()
	return &c, nil
}

// StructureHash names what reflection over Go types can see of the contract: the
// SHA-256, in hexadecimal, of its canonical JSON without descriptions, origins
// and sources, in which enums count as aliases of their base. The server compares
// a contract.json it was built with against its router by it. Unlike Hash it
// depends on the names of types and the order of fields, since generated code
// does.
func (c *Contract) StructureHash() string {
	bare := Contract{Version: c.Version, Name: c.Name}
	for _, m := range c.Methods {
		m.Doc, m.Deprecated, m.Source = "", "", ""
		m.Errors = slices.Clone(m.Errors)
		bare.Methods = append(bare.Methods, m)
	}
	for _, ch := range c.Channels {
		ch.Doc, ch.Deprecated, ch.Source = "", "", ""
		bare.Channels = append(bare.Channels, ch)
	}
	for _, e := range c.Errors {
		e.Doc = ""
		bare.Errors = append(bare.Errors, e)
	}
	for _, t := range c.Types {
		t.Doc, t.Origin = "", ""
		t.Fields = slices.Clone(t.Fields)
		for i := range t.Fields {
			t.Fields[i].Doc, t.Fields[i].Deprecated = "", ""
		}
		if t.Kind == Enum {
			t.Kind, t.Values = Alias, nil
		}
		bare.Types = append(bare.Types, t)
	}
	encoded, err := bare.Encode()
	if err != nil {
		panic("centrirpc: a contract holds only values that JSON can encode: " + err.Error())
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}
