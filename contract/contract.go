package contract

import "encoding/json"

// Version is the version of the contract format that this package reads and
// writes.
const Version = 1

// Contract describes everything a client can ask of a router.
type Contract struct {
	// Version is the format's version, under the key that marks the file as
	// ours.
	Version int `json:"centrirpc"`
	// Name is the API's short name in lower-case words ("tasks"): generated
	// packages are named after it.
	Name string `json:"name"`
	// Doc describes the API as a whole.
	Doc string `json:"doc,omitempty"`
	// Methods are sorted by name.
	Methods []Method `json:"methods"`
	// Channels are the typed channels, sorted by name.
	Channels []Channel `json:"channels,omitempty"`
	// Errors are the application's own, sorted by code.
	Errors []ErrorType `json:"errors,omitempty"`
	// Types are the named types that methods and errors refer to, sorted by
	// name. Names are unique.
	Types []NamedType `json:"types"`
}

// MethodKind says how a method is called.
type MethodKind string

// The kinds of method.
const (
	Call   MethodKind = "call"   // one reply: a result or an error
	Notify MethodKind = "notify" // accepted or refused, never answered
	Stream MethodKind = "stream" // items, then one reply: a result or an error
)

// Method is a named, typed operation.
type Method struct {
	Name string     `json:"name"`
	Kind MethodKind `json:"kind"`
	Doc  string     `json:"doc,omitempty"`
	// Deprecated says what to use instead; empty means not deprecated.
	Deprecated string `json:"deprecated,omitempty"`
	// Params refers to a struct, or is nil if the method takes none.
	Params *Type `json:"params,omitempty"`
	// Result is nil if the method returns nothing: notifications, and calls
	// that only succeed or fail.
	Result *Type `json:"result,omitempty"`
	// Item is what a stream sends before its result; nil for other kinds.
	Item *Type `json:"item,omitempty"`
	// Errors are the codes of the application errors it declares, ascending.
	Errors []int `json:"errors,omitempty"`
	// TimeoutMS bounds a call in milliseconds; zero leaves it to the server.
	TimeoutMS int64 `json:"timeout_ms,omitempty"`
	// Idempotent means that running a call twice does no harm, so a client may
	// send it again when it cannot know whether it ran.
	Idempotent bool `json:"idempotent,omitempty"`
	// Volatile means that the server does not remember its calls: a reply may be
	// lost with the connection, and a client does not send a call again unless it
	// is idempotent too.
	Volatile bool `json:"volatile,omitempty"`
	// Source is where the handler is written, as "file#symbol" relative to the
	// module: it names no line, so that it does not move with every edit.
	Source string `json:"source,omitempty"`
}

// Channel is a pub/sub channel whose events have a type.
type Channel struct {
	// Name is the channel's, or a pattern of channels: each "{parameter}" in it
	// stands for one or more characters other than ":", as in
	// "tasks:{project_id}".
	Name string `json:"name"`
	Doc  string `json:"doc,omitempty"`
	// Deprecated says what to use instead; empty means not deprecated.
	Deprecated string `json:"deprecated,omitempty"`
	// Params is a struct whose fields are the pattern's parameters, all of them
	// required and strings or integers; nil if the name has none.
	Params *Type `json:"params,omitempty"`
	// Event is what is published.
	Event Type `json:"event"`
	// Source is where the channel is declared; see Method.Source.
	Source string `json:"source,omitempty"`
}

// ErrorType is an error the application declared as its own.
type ErrorType struct {
	Code    int    `json:"code"`   // 1000..1999
	Reason  string `json:"reason"` // lower-case words joined by "_"
	Doc     string `json:"doc,omitempty"`
	Details *Type  `json:"details,omitempty"` // nil if it carries none
}

// Kind is the kind of a type: a closed set.
type Kind string

// The kinds of type. Struct, Enum, Alias and tagged Unions occur as named types
// only; every other place refers to them by Ref.
const (
	Bool    Kind = "bool"
	Integer Kind = "integer" // Bits and Unsigned give the range; Format may say what is counted
	Float   Kind = "float"   // Bits is 32 or 64, or 0 for a number of any precision
	String  Kind = "string"  // Format may narrow it
	Bytes   Kind = "bytes"   // in a JSON string; Format says how, "" is standard base64 (RFC 4648 section 4)
	Any     Kind = "any"     // any JSON value
	List    Kind = "list"    // Elem
	Tuple   Kind = "tuple"   // a JSON array of exactly Items
	Map     Kind = "map"     // a JSON object; Key is a String or Integer or refers to one, Elem any type
	Union   Kind = "union"   // one of Items; as a named type one of Variants, told apart by Tag
	Ref     Kind = "ref"     // Ref names a type in Contract.Types

	Struct Kind = "struct" // Fields
	Enum   Kind = "enum"   // Base and Values
	Alias  Kind = "alias"  // Base: a name of its own for another type
)

// The formats of a String, by the names of JSON Schema where it has one. A String
// of another format is a string to all generators.
const (
	DateTime      = "date-time"       // RFC 3339, with an offset
	LocalDateTime = "local-date-time" // as DateTime, the offset may be missing
	Date          = "date"            // RFC 3339 full-date
	Time          = "time"            // RFC 3339 time, the offset may be missing
	Duration      = "duration"        // ISO 8601, such as "PT1H30M" or "-P1D"
	UUID          = "uuid"            // RFC 9562
	Decimal       = "decimal"         // digits of any precision
	Email         = "email"
	URI           = "uri"
	IPv4          = "ipv4"
	IPv6          = "ipv6"
	IP            = "ip" // either
	Hostname      = "hostname"
)

// Nanoseconds is the format of an Integer that is a duration, as Go's
// time.Duration travels.
const Nanoseconds = "nanoseconds"

// The formats of Bytes other than standard base64.
const (
	Base64URL = "base64url" // RFC 4648 section 5
	UTF8      = "utf-8"     // the bytes as text
)

// Type is the type of a value where it is used.
type Type struct {
	Kind Kind `json:"kind"`
	// Nullable means that the value may be JSON null.
	Nullable bool `json:"nullable,omitempty"`
	// Bits is the width of an Integer (8, 16, 32, 64; 0 is without bound) or
	// Float (32, 64; 0 is a number of any precision).
	Bits     int  `json:"bits,omitempty"`
	Unsigned bool `json:"unsigned,omitempty"`
	// Quoted means that a Bool, Integer, Float or String travels within a JSON
	// string, as encoding/json's option ",string" writes it.
	Quoted bool   `json:"quoted,omitempty"`
	Format string `json:"format,omitempty"`
	Key    *Type  `json:"key,omitempty"`
	Elem   *Type  `json:"elem,omitempty"`
	// Items are a Tuple's, in order, or what an untagged Union may be, in the
	// order in which a reader tries them.
	Items []Type `json:"items,omitempty"`
	Ref   string `json:"ref,omitempty"`
	// Constraints narrow the value further, or are nil.
	Constraints *Constraints `json:"constraints,omitempty"`
}

// Constraints narrow a value, with the meaning of JSON Schema's keywords of the
// same names. The server checks them all.
type Constraints struct {
	// Bounds of a number, as JSON numbers; empty means none.
	Minimum          json.Number `json:"minimum,omitempty"`
	Maximum          json.Number `json:"maximum,omitempty"`
	ExclusiveMinimum json.Number `json:"exclusive_minimum,omitempty"`
	ExclusiveMaximum json.Number `json:"exclusive_maximum,omitempty"`
	MultipleOf       json.Number `json:"multiple_of,omitempty"`
	// Bounds of a string, in characters; nil means none.
	MinLength *int `json:"min_length,omitempty"`
	MaxLength *int `json:"max_length,omitempty"`
	// Pattern is a regular expression of the source's dialect that the string
	// must contain a match of.
	Pattern string `json:"pattern,omitempty"`
	// Bounds of a list's items or a map's entries; nil means none.
	MinItems *int `json:"min_items,omitempty"`
	MaxItems *int `json:"max_items,omitempty"`
	// Unique means that no two items of a list are equal.
	Unique bool `json:"unique,omitempty"`
	// Format is a format that the server checks of a string which is a plain
	// string to its readers, by the names of Type.Format.
	Format string `json:"format,omitempty"`
	// OneOf lists the values that are allowed, as JSON; nil means all.
	OneOf []json.RawMessage `json:"one_of,omitempty"`
	// Rules are the server's rules that have no keyword here, as they are
	// written in the source: "excludes=!". They are for documentation.
	Rules []string `json:"rules,omitempty"`
}

// NamedType is a type with a name of its own.
type NamedType struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"` // Struct, Enum, Alias or Union
	Doc  string `json:"doc,omitempty"`
	// Origin is the type's full name where it was declared, such as
	// "example.org/tasks/api.Task".
	Origin string `json:"origin,omitempty"`
	// Fields of a Struct, in the order they were declared.
	Fields []Field `json:"fields,omitempty"`
	// Extra is the type of a Struct's members that are not among Fields. Nil
	// means that there are none to be read; unknown ones are ignored.
	Extra *Type `json:"extra,omitempty"`
	// Base is what an Enum's values are (String or Integer), or what an Alias
	// stands for.
	Base *Type `json:"base,omitempty"`
	// Values of an Enum, in the order they were declared.
	Values []EnumValue `json:"values,omitempty"`
	// Tag is the key in each of a Union's objects that tells which it is.
	Tag string `json:"tag,omitempty"`
	// Variants of a Union, in the order they were declared.
	Variants []Variant `json:"variants,omitempty"`
}

// Variant is one of the types that a tagged union may be: a struct which, unless
// it has the tag as a field of its own, travels with the tag added to it.
type Variant struct {
	// Values of the tag that mean this type; at least one.
	Values []string `json:"values"`
	// Ref names a struct.
	Ref string `json:"ref"`
}

// Field is one member of a struct. Required and Type.Nullable together are the
// four states of presence: required; required but nullable; optional (may be
// absent); optional and nullable.
type Field struct {
	// Name is the key in JSON.
	Name string `json:"name"`
	Type Type   `json:"type"`
	// Required means that the key is always there.
	Required bool   `json:"required,omitempty"`
	Doc      string `json:"doc,omitempty"`
	// Deprecated says what to use instead; empty means not deprecated.
	Deprecated string `json:"deprecated,omitempty"`
	// Default is what an absent field means, as JSON, or nil if the source does
	// not say.
	Default json.RawMessage `json:"default,omitempty"`
}

// EnumValue is one allowed value of an Enum.
type EnumValue struct {
	// Name is the constant's name without the type's name: "InProgress" for
	// the Go constant StatusInProgress of type Status.
	Name string `json:"name"`
	// String or Int is the value, by the enum's Base.
	String *string `json:"string,omitempty"`
	Int    *int64  `json:"int,omitempty"`
	Doc    string  `json:"doc,omitempty"`
}

// Channel is the channel of that name or pattern, or nil.
func (c *Contract) Channel(name string) *Channel {
	for i := range c.Channels {
		if c.Channels[i].Name == name {
			return &c.Channels[i]
		}
	}
	return nil
}

// Type is the named type of that name, or nil.
func (c *Contract) Type(name string) *NamedType {
	for i := range c.Types {
		if c.Types[i].Name == name {
			return &c.Types[i]
		}
	}
	return nil
}

// Method is the method of that name, or nil.
func (c *Contract) Method(name string) *Method {
	for i := range c.Methods {
		if c.Methods[i].Name == name {
			return &c.Methods[i]
		}
	}
	return nil
}

// Error is the application error of that code, or nil.
func (c *Contract) Error(code int) *ErrorType {
	for i := range c.Errors {
		if c.Errors[i].Code == code {
			return &c.Errors[i]
		}
	}
	return nil
}
