package jsonschema

import (
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

// formats are those that a contract calls by another name. Others keep theirs.
var formats = map[string]string{
	// Pydantic reads and writes a date-time without an offset, unless "x-offset"
	// says that it does not.
	"date-time":     contract.LocalDateTime,
	"ipvanyaddress": contract.IP,
	"uuid1":         contract.UUID, "uuid3": contract.UUID, "uuid4": contract.UUID, "uuid5": contract.UUID,
	"uuid6": contract.UUID, "uuid7": contract.UUID, "uuid8": contract.UUID,
}

// encodings are the formats of strings that carry bytes.
var encodings = map[string]string{
	"binary":    contract.UTF8,
	"base64url": contract.Base64URL,
	"base64":    "",
	"byte":      "", // OpenAPI's name for base64
}

func (v *converter) text(o *object, at place) *contract.Type {
	format := o.text("format")
	encoding, isBytes := encodings[format]
	if content := o.text("contentEncoding"); !isBytes && format == "" && strings.HasPrefix(content, "base64") {
		encoding, isBytes = encodings[content]
	}
	if isBytes {
		// Pydantic counts the bytes, not the characters that carry them.
		return &contract.Type{Kind: contract.Bytes, Format: encoding, Constraints: rules(o, stringConstraints...)}
	}
	if format == "date-time" && o.text("x-offset") == "required" {
		format = contract.DateTime // as the exporter says of AwareDatetime
	} else if own, ok := formats[format]; ok {
		format = own
	}
	if format == "" && isDecimal(o.text("pattern")) {
		format = contract.Decimal
	}
	if format == contract.Decimal {
		o = o.without("pattern") // it says what the format does
	}
	return v.narrowed(contract.Type{Kind: contract.String, Format: format}, o, at, stringConstraints)
}

// decimalPatterns are parts that only the patterns have which Pydantic writes for
// a Decimal as a string: how they begin, and what they hold.
var decimalPatterns = [][2]string{
	{`^(?!^[-+.]*$)[+-]?0*`, ""},                                      // before 2.14
	{`^[+-]?(?:`, `(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]+`},      // accepted, with limits
	{`^[+-]?(?:`, `(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?`}, // accepted, without
	{`^-?(?:`, `|0E[+-][1-9][0-9]*`},                                  // sent
}

func isDecimal(pattern string) bool {
	for _, part := range decimalPatterns {
		if strings.HasPrefix(pattern, part[0]) && strings.Contains(pattern, part[1]) {
			return true
		}
	}
	return false
}
