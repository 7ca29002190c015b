package contract

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
	// Errors are the codes of the application errors it declares, ascending.
	Errors []int `json:"errors,omitempty"`
	// TimeoutMS bounds a call in milliseconds; zero leaves it to the server.
	TimeoutMS int64 `json:"timeout_ms,omitempty"`
	// Idempotent means that running a call twice does no harm, so a client may
	// send it again when it cannot know whether it ran.
	Idempotent bool `json:"idempotent,omitempty"`
	// Source is where the handler is written, as "file#symbol" relative to the
	// module: it names no line, so that it does not move with every edit.
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

// The kinds of type. Struct, Enum and Alias occur as named types only; every
// other place refers to them by Ref.
const (
	Bool    Kind = "bool"
	Integer Kind = "integer" // Bits and Unsigned give the range
	Float   Kind = "float"   // Bits is 32 or 64
	String  Kind = "string"  // Format may narrow it
	Bytes   Kind = "bytes"   // standard base64 (RFC 4648 section 4) in a JSON string
	Any     Kind = "any"     // any JSON value
	List    Kind = "list"    // Elem
	Map     Kind = "map"     // a JSON object; Key is String or Integer, Elem any type
	Ref     Kind = "ref"     // Ref names a type in Contract.Types

	Struct Kind = "struct" // Fields
	Enum   Kind = "enum"   // Base and Values
	Alias  Kind = "alias"  // Base: a name of its own for another type
)

// DateTime is the format of a String that holds a time as RFC 3339 writes it.
const DateTime = "date-time"

// Type is the type of a value where it is used.
type Type struct {
	Kind Kind `json:"kind"`
	// Nullable means that the value may be JSON null.
	Nullable bool `json:"nullable,omitempty"`
	// Bits is the width of an Integer (8, 16, 32, 64) or Float (32, 64).
	Bits     int    `json:"bits,omitempty"`
	Unsigned bool   `json:"unsigned,omitempty"`
	Format   string `json:"format,omitempty"`
	Key      *Type  `json:"key,omitempty"`
	Elem     *Type  `json:"elem,omitempty"`
	Ref      string `json:"ref,omitempty"`
}

// NamedType is a type with a name of its own.
type NamedType struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"` // Struct, Enum or Alias
	Doc  string `json:"doc,omitempty"`
	// Origin is the type's full name where it was declared, such as
	// "example.org/tasks/api.Task".
	Origin string `json:"origin,omitempty"`
	// Fields of a Struct, in the order they were declared.
	Fields []Field `json:"fields,omitempty"`
	// Base is what an Enum's values are (String or Integer), or what an Alias
	// stands for.
	Base *Type `json:"base,omitempty"`
	// Values of an Enum, in the order they were declared.
	Values []EnumValue `json:"values,omitempty"`
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
