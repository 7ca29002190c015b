// Package jsonschema turns a source contract file, which "python -m centrirpc
// export" prints, into a contract. The file describes methods, errors and
// channels; its types are JSON Schema (2020-12) as Pydantic 2 writes it.
//
// # What becomes of a schema
//
// A model, dataclass or TypedDict is a struct, a string or integer enum an enum,
// a union with a discriminator a tagged union, and any other definition (a
// RootModel, a type alias) an alias; an alias that says what JSON may be at all is
// any. An object that is written where it is used is named after its place:
// OrderPayment for the field payment of Order. So is a tagged union, but of two
// to four variants it is one type wherever it is written, CardOrTransfer. A tagged
// union that cannot be told apart by one string key (several levels of keys,
// integer keys, a function) is an untagged union.
//
// A field is required where the schema says so. In params that is a field
// without default. In results, events and details it is a field that is always
// sent, which Pydantic's schema says only with
// json_schema_serialization_defaults_required; the exporter sees to it.
//
// A type that is used both in params and in what is sent is one type if the two
// schemas mean the same. If they differ, the type keeps its name where it is
// sent and is called TaskInput where it is accepted; so do the types that refer
// to it.
//
// Lost in JSON Schema, and so in the contract: the members' names of enums
// (names are made from the values, unless "x-enum-varnames" lists them), integer
// keys of dicts (they are strings), the limits of a Decimal's digits, the text of
// a deprecation. A Decimal is recognised by the format "decimal" or by the
// pattern that Pydantic writes; without either it is a number or a string.
//
// # What is not read
//
// Ignored because no value changes by it: title (but for names), examples,
// readOnly, writeOnly, contentMediaType, contentSchema, $comment, $schema, $id,
// and every keyword that JSON Schema does not know, such as those that
// json_schema_extra adds. extra="forbid" is ignored as well: clients send no
// other members than they know, and the server refuses them itself.
//
// Keywords that change which values are valid and have no place in a contract,
// such as "not" and "if", are refused by name.
package jsonschema
