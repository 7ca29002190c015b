package python

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// stringFormats are the formats that have a type of their own, by its name in the
// models' module. Addresses have none: Python writes some of them otherwise than
// they came, and Go sends an unset one as "".
var stringFormats = map[string]string{
	contract.DateTime:      "_DateTime",
	contract.LocalDateTime: "_LocalDateTime",
	contract.Date:          "_Date",
	contract.Time:          "_Time",
	contract.Duration:      "_Duration",
	contract.UUID:          "_UUID",
	contract.Decimal:       "_Decimal",
}

// scalar is a type, or a part of one, that the models' module defines for itself.
type scalar struct {
	expr string // what the name stands for; empty if code defines it
	// code stands before it, once for all scalars of the same code.
	code    string
	imports []string
}

// scalars by name. The names begin with "_", so that nothing of the contract's
// has one of them.
var scalars = map[string]scalar{
	"_Int8":   {expr: bounded("-(2**7)", "2**7 - 1")},
	"_Int16":  {expr: bounded("-(2**15)", "2**15 - 1")},
	"_Int32":  {expr: bounded("-(2**31)", "2**31 - 1")},
	"_Int64":  {expr: bounded("-(2**63)", "2**63 - 1")},
	"_Uint":   {expr: "_typing.Annotated[int, _pydantic.Field(ge=0)]"},
	"_Uint8":  {expr: bounded("0", "2**8 - 1")},
	"_Uint16": {expr: bounded("0", "2**16 - 1")},
	"_Uint32": {expr: bounded("0", "2**32 - 1")},
	"_Uint64": {expr: bounded("0", "2**64 - 1")},
	"_Float":  {expr: "_typing.Annotated[float, _pydantic.Field(allow_inf_nan=False)]"},
	"_Number": {expr: "int | _typing.Annotated[float, _pydantic.Field(allow_inf_nan=False)]"},

	"_DateTime":      {expr: "_pydantic.AwareDatetime"},
	"_LocalDateTime": {expr: "_datetime.datetime", imports: []string{"datetime"}},
	"_Date":          {expr: "_datetime.date", imports: []string{"datetime"}},
	"_Time":          {expr: "_datetime.time", imports: []string{"datetime"}},
	"_Duration":      {expr: "_datetime.timedelta", imports: []string{"datetime"}},
	"_UUID":          {expr: "_uuid.UUID", imports: []string{"uuid"}},
	"_Decimal":       {expr: "_decimal.Decimal", imports: []string{"decimal"}},

	"_Base64": {code: base64Functions, imports: []string{"base64"}, expr: `_typing.Annotated[
    bytes,
    _pydantic.BeforeValidator(_from_base64),
    _pydantic.PlainSerializer(_to_base64, when_used="json"),
]`},
	"_Base64URL": {code: base64URLFunctions, imports: []string{"base64"}, expr: `_typing.Annotated[
    bytes,
    _pydantic.BeforeValidator(_from_base64_url),
    _pydantic.PlainSerializer(_to_base64_url, when_used="json"),
]`},
	"_Nanoseconds": {code: nanosecondFunctions, imports: []string{"datetime"}, expr: `_typing.Annotated[
    _datetime.timedelta,
    _pydantic.BeforeValidator(_from_nanoseconds),
    _pydantic.Field(ge=-_MAX_NANOSECONDS, le=_MAX_NANOSECONDS),
    _pydantic.PlainSerializer(_to_nanoseconds, when_used="json"),
]`},
	"_QuotedNanoseconds": {code: nanosecondFunctions, imports: []string{"datetime"}, expr: `_typing.Annotated[
    _datetime.timedelta,
    _pydantic.BeforeValidator(_from_nanoseconds),
    _pydantic.Field(ge=-_MAX_NANOSECONDS, le=_MAX_NANOSECONDS),
    _pydantic.PlainSerializer(lambda value: str(_to_nanoseconds(value)), when_used="json"),
]`},
	"_Quoted": {code: quoteFunction, imports: []string{"json"}},
	"_QuotedStr": {code: quotedStrFunctions, imports: []string{"json"}, expr: `_typing.Annotated[
    str,
    _pydantic.BeforeValidator(_from_quoted_str),
    _pydantic.PlainSerializer(_to_quoted_str, when_used="json"),
]`},

	"_OpenStr": {code: `

# What is allowed is said to type checkers only: a newer server may send more.
_OpenStr = _pydantic.GetPydanticSchema(lambda _source, handler: handler(str))
`},
	"_OpenInt": {code: `

# What is allowed is said to type checkers only: a newer server may send more.
_OpenInt = _pydantic.GetPydanticSchema(lambda _source, handler: handler(int))
`},
	"_IsBool": {code: `

# To Python, and so to Literal, 1 is True.
def _is_bool(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("not a boolean")
    return value


_IsBool = _pydantic.BeforeValidator(_is_bool)
`},
	"_IsNumber": {code: `

# To Python, and so to Literal, True is 1.
def _is_number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("not a number")
    return value


_IsNumber = _pydantic.BeforeValidator(_is_number)
`},
	"_IsDate":     {code: isDateCode, imports: []string{"re"}},
	"_IsDateTime": {code: isDateTimeCode, imports: []string{"re"}},
	"_pattern":    {code: patternFunction, imports: []string{"pydantic_core"}},
	"_unique":     {code: uniqueFunction},
}

func bounded(low, high string) string {
	return "_typing.Annotated[int, _pydantic.Field(ge=" + low + ", le=" + high + ")]"
}

const base64Functions = `

def _from_base64(value: object) -> object:
    if isinstance(value, str):
        return _base64.b64decode(value, validate=True)
    return value


def _to_base64(value: bytes) -> str:
    return _base64.b64encode(value).decode("ascii")
`

// Python's own function takes "+" and "/" too.
const base64URLFunctions = `

def _from_base64_url(value: object) -> object:
    if isinstance(value, str):
        if "+" in value or "/" in value:
            raise ValueError("not base64url")
        padded = value + "=" * (-len(value) % 4)
        return _base64.b64decode(padded, altchars=b"-_", validate=True)
    return value


def _to_base64_url(value: bytes) -> str:
    return _base64.urlsafe_b64encode(value).decode("ascii")
`

// A number is nanoseconds here, where Pydantic would take it for seconds.
const nanosecondFunctions = `

_MAX_NANOSECONDS = _datetime.timedelta(microseconds=(2**63 - 1) // 1000)


def _from_nanoseconds(value: object) -> object:
    if isinstance(value, _datetime.timedelta):
        return value
    if isinstance(value, str) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise ValueError("not a timedelta, nor whole nanoseconds of 64 bits")
    microseconds = abs(value) // 1000
    return _datetime.timedelta(microseconds=microseconds if value > 0 else -microseconds)


def _to_nanoseconds(value: _datetime.timedelta) -> int:
    return value // _datetime.timedelta(microseconds=1) * 1000
`

// A float without a fraction is written as other languages write it.
const quoteFunction = `

def _quote(value: bool | int | float) -> str:
    return _json.dumps(value, allow_nan=False).removesuffix(".0")


_Quoted = _pydantic.PlainSerializer(_quote, when_used="json")
`

// Within Python, the value is the text itself; only from the wire does it come in
// quotes. Both are strings, so who reads must say which.
const quotedStrFunctions = `

_FROM_WIRE = object()


def _from_quoted_str(value: object, info: _pydantic.ValidationInfo) -> object:
    if not isinstance(value, str) or (info.mode != "json" and info.context is not _FROM_WIRE):
        return value
    text = _json.loads(value)
    if not isinstance(text, str):
        raise ValueError("no JSON string within the string")
    return text


def _to_quoted_str(value: str) -> str:
    return _json.dumps(value, ensure_ascii=False)
`

// In a union, what Pydantic takes for a date or time must also look like one: it
// takes "2026-01-31T00:00:00Z" for a date, and "123" for a time.
const isDateCode = `

def _is_date(value: object) -> object:
    if isinstance(value, str) and not _re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("not a date")
    return value


_IsDate = _pydantic.BeforeValidator(_is_date)
`

const isDateTimeCode = `

def _is_date_time(value: object) -> object:
    if isinstance(value, str) and not _re.match(r"\d{4}-\d\d-\d\d[Tt ]", value):
        raise ValueError("not a date with a time")
    return value


_IsDateTime = _pydantic.BeforeValidator(_is_date_time)
`

// Patterns are of the source's dialect.
const patternFunction = `

def _pattern(pattern: str) -> object:
    """The pattern as a constraint; none if Pydantic cannot read it: the server checks it anyway."""
    constraint = _pydantic.Field(pattern=pattern)
    try:
        _pydantic.TypeAdapter(_typing.Annotated[str, constraint])
    except _pydantic_core.SchemaError:
        return None
    return constraint
`

const uniqueFunction = `

_L = _typing.TypeVar("_L")


def _no_two_equal(values: list[_L]) -> list[_L]:
    try:
        different = len(set(values)) == len(values)
    except TypeError:  # such as models, which have no hash
        different = all(value not in values[:i] for i, value in enumerate(values))
    if not different:
        raise ValueError("an item is there twice")
    return values


_unique = _pydantic.AfterValidator(_no_two_equal)
`

// wireContext is the argument of a reader that says where the value comes from;
// nothing if no type needs to know.
func (p *plan) wireContext() string {
	if p.scalars["_QuotedStr"] {
		return ", context=_FROM_WIRE"
	}
	return ""
}

// scalarImports are the modules that the scalars in use need, sorted.
func (p *plan) scalarImports() []string {
	needed := map[string]bool{}
	for name := range p.scalars {
		for _, module := range scalars[name].imports {
			needed[module] = true
		}
	}
	return slices.Sorted(maps.Keys(needed))
}

func printScalars(b *bytes.Buffer, p *plan) {
	used := slices.Sorted(maps.Keys(p.scalars))
	printed := map[string]bool{"": true}
	for _, name := range used {
		if code := scalars[name].code; !printed[code] {
			printed[code] = true
			b.WriteString(code)
		}
	}
	used = slices.DeleteFunc(used, func(name string) bool { return scalars[name].expr == "" })
	if len(used) > 0 {
		b.WriteByte('\n')
		if len(printed) > 1 {
			b.WriteByte('\n')
		}
	}
	for _, name := range used {
		fmt.Fprintf(b, "%s: _typing.TypeAlias = %s\n", name, scalars[name].expr)
	}
}
