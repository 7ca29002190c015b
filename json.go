package centrirpc

import (
	"encoding/json"

	jsonv2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// Values travel as encoding/json writes and reads them, with two differences
// that its successor's options give: nil slices and maps are [] and {}, never
// null, and keys match exactly, never by folding case.
var (
	encodeOptions = jsonv2.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv2.FormatNilSliceAsNull(false), jsonv2.FormatNilMapAsNull(false))
	decodeOptions = jsonv2.JoinOptions(jsonv1.DefaultOptionsV1(), jsonv2.MatchCaseInsensitiveNames(false))
	// locateOptions end at the first error, and say where it is.
	locateOptions = jsonv2.JoinOptions(decodeOptions, jsonv1.ReportErrorsWithLegacySemantics(false))
)

// EncodeJSON writes v as results and events travel: as encoding/json does, but nil
// slices and maps are [] and {}.
func EncodeJSON(v any) (json.RawMessage, error) { return jsonv2.Marshal(v, encodeOptions) }

func decodeJSON(data []byte, into any) error { return jsonv2.Unmarshal(data, into, decodeOptions) }

// locate is the error that made decoding fail, with the place where it is.
func locate(data []byte, into any) error { return jsonv2.Unmarshal(data, into, locateOptions) }
