package openrpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// Version is that of OpenRPC which documents are written in.
const Version = "1.3.2"

// Document is the contract as an OpenRPC document, indented JSON that ends in a
// newline. The same contract always gives the same bytes. The contract has passed
// Check and is not changed; the error says what could not be written as JSON.
//
// The document's version is the beginning of the contract's Hash, since a contract
// has no version of its own.
func Document(c *contract.Contract) ([]byte, error) {
	w := newWriter(c)
	doc := object{
		{"openrpc", Version},
		{"info", object{{"title", c.Name}}.with("description", c.Doc).with("version", c.Hash()[:12])},
		{"methods", w.methods()},
	}
	doc = doc.with("components", w.components()).with("x-centrirpc", w.extensions())
	compact, err := marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("writing the OpenRPC document: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return nil, fmt.Errorf("writing the OpenRPC document: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// writer writes one contract.
type writer struct {
	contract *contract.Contract
	shapes   *contract.Shapes
	keys     map[string]string // of components, by the types' names
}

func newWriter(c *contract.Contract) *writer {
	sorted := *c
	sorted.Methods, sorted.Channels = slices.Clone(c.Methods), slices.Clone(c.Channels)
	sorted.Types, sorted.Errors = slices.Clone(c.Types), slices.Clone(c.Errors)
	for i := range sorted.Methods {
		sorted.Methods[i].Errors = slices.Clone(sorted.Methods[i].Errors)
	}
	sorted.Sort()
	w := &writer{contract: &sorted, shapes: contract.NewShapes(&sorted), keys: map[string]string{}}
	taken := map[string]bool{}
	for i := range sorted.Types {
		key := componentKey(sorted.Types[i].Name)
		for taken[key] {
			key += "_"
		}
		taken[key] = true
		w.keys[sorted.Types[i].Name] = key
	}
	return w
}

// componentKey is the name with what tools do not expect in one written as its
// number.
func componentKey(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '-', c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "_%02X", c)
		}
	}
	return b.String()
}

func (w *writer) methods() []any {
	methods := []any{}
	for i := range w.contract.Methods {
		methods = append(methods, w.method(&w.contract.Methods[i]))
	}
	return methods
}

func (w *writer) method(m *contract.Method) object {
	o := object{{"name", m.Name}}
	if at := strings.LastIndexByte(m.Name, '.'); at > 0 {
		o = append(o, member{"tags", []any{object{{"name", m.Name[:at]}}}})
	}
	summary, _, more := strings.Cut(strings.TrimSpace(m.Doc), "\n")
	o = o.with("summary", strings.TrimSpace(summary))
	if more {
		o = o.with("description", m.Doc)
	}
	o = o.with("deprecated", m.Deprecated != "")
	o = append(o, member{"paramStructure", "by-name"}, member{"params", w.params(m)})
	if m.Kind != contract.Notify {
		result := object{{"name", "result"}, {"schema", object{{"type", "null"}}}}
		if m.Result != nil {
			result[1].value = w.schema(m.Result)
			result = append(result, member{"required", true})
		}
		o = append(o, member{"result", result})
	}
	var errs []any
	for _, code := range m.Errors {
		errs = append(errs, object{{"$ref", fmt.Sprintf("#/components/errors/%d", code)}})
	}
	o = o.with("errors", errs)
	x := object{{"kind", m.Kind}}.with("idempotent", m.Idempotent).with("volatile", m.Volatile).with("deprecated", m.Deprecated)
	if m.TimeoutMS != 0 {
		x = append(x, member{"timeout_ms", m.TimeoutMS})
	}
	if m.Item != nil {
		x = append(x, member{"item", w.schema(m.Item)})
	}
	if m.Params != nil {
		x = append(x, member{"params", w.schema(m.Params)})
	}
	return append(o, member{"x-centrirpc", x})
}

// params are content descriptors, one for each field. As one schema they stand
// under x-centrirpc.
func (w *writer) params(m *contract.Method) []any {
	params := []any{}
	fields := w.shapes.Fields(m.Params).Fields
	for i := range fields {
		f := &fields[i]
		p := object{{"name", f.Name}}.with("description", f.Doc).with("required", f.Required).with("deprecated", f.Deprecated != "")
		p = append(p, member{"schema", w.withDefault(w.schema(&f.Type), f)})
		params = append(params, p)
	}
	return params
}

func (w *writer) components() object {
	schemas, errs := object{}, object{}
	for i := range w.contract.Types {
		t := &w.contract.Types[i]
		schemas = append(schemas, member{w.keys[t.Name], w.named(t)})
	}
	for _, e := range w.contract.Errors {
		errs = append(errs, member{fmt.Sprint(e.Code), object{{"code", e.Code}, {"message", e.Reason}}})
	}
	return object{}.with("schemas", schemas).with("errors", errs)
}

func (w *writer) extensions() object {
	var channels, errs []any
	for i := range w.contract.Channels {
		ch := &w.contract.Channels[i]
		o := object{{"name", ch.Name}}.with("description", ch.Doc).with("deprecated", ch.Deprecated)
		if ch.Params != nil {
			o = append(o, member{"params", w.schema(ch.Params)})
		}
		channels = append(channels, append(o, member{"event", w.schema(&ch.Event)}))
	}
	for _, e := range w.contract.Errors {
		o := object{{"code", e.Code}, {"reason", e.Reason}}.with("description", e.Doc)
		if e.Details != nil {
			o = append(o, member{"details", w.schema(e.Details)})
		}
		errs = append(errs, o)
	}
	return object{}.with("channels", channels).with("errors", errs)
}
