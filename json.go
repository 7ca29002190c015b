package centrirpc

import (
	"encoding/json"
	"reflect"

	jsonv2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// Values travel as encoding/json writes and reads them, with two differences
// that its successor's options give: nil slices and maps are [] and {}, never
// null, and keys match exactly, never by folding case.
var (
	encodeOptions = jsonv2.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv2.FormatNilSliceAsNull(false), jsonv2.FormatNilMapAsNull(false))
	decodeOptions = jsonv2.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv2.MatchCaseInsensitiveNames(false))
)

// EncodeJSON writes v as results and events travel: as encoding/json does, but nil
// slices and maps are [] and {}, and unions have their tag. Of a union give a
// pointer to the interface: without it, nothing tells that v was of that type.
func EncodeJSON(v any) (json.RawMessage, error) {
	if registry := unions.Load(); registry.concerns(reflect.TypeOf(v)) {
		return jsonv2.Marshal(v, registry.encode)
	}
	return jsonv2.Marshal(v, encodeOptions)
}

func decodeJSON(data []byte, into any) error {
	if registry := unions.Load(); registry.concerns(reflect.TypeOf(into)) {
		return jsonv2.Unmarshal(data, into, registry.decode)
	}
	return jsonv2.Unmarshal(data, into, decodeOptions)
}

// locate is the error that made decoding fail, with the place where it is.
func locate(data []byte, into any) error {
	options := decodeOptions
	if registry := unions.Load(); registry.concerns(reflect.TypeOf(into)) {
		options = registry.decode
	}
	return jsonv2.Unmarshal(data, into, options, jsonv1.ReportErrorsWithLegacySemantics(false))
}
