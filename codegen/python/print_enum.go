package python

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/centrirpc/centrirpc/contract"
)

// Enums are open: a value that a newer server added is read, written and
// compared as any other, or else one new constant would make whole results
// unreadable to every client that is older. What a client sends is checked by
// the server.

const openStrEnum = `

class _OpenStrEnum(_enum.StrEnum):
    """A value that is not listed is a member all the same, if one of no fixed name."""

    @classmethod
    def _missing_(cls, value: object) -> _typing.Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = f"unknown {value!r}"
        member._value_ = value
        return member
`

// Keys of JSON objects are strings, numbers may be written as 7.0, and Pydantic
// takes both for the values that are listed.
const openIntEnum = `

class _OpenIntEnum(_enum.IntEnum):
    """A value that is not listed is a member all the same, if one of no fixed name."""

    @classmethod
    def _missing_(cls, value: object) -> _typing.Self | None:
        if isinstance(value, str):
            try:
                return cls(int(value))
            except ValueError:
                return None
        if isinstance(value, float) and value.is_integer():
            return cls(int(value))
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"unknown {value}"
        member._value_ = value
        return member
`

func (e *enumPlan) ofIntegers() bool { return e.source.Base.Kind == contract.Integer }

// printEnumBases prints the base classes that the enums need.
func printEnumBases(b *bytes.Buffer, enums []*enumPlan) {
	if slices.ContainsFunc(enums, func(e *enumPlan) bool { return !e.ofIntegers() }) {
		b.WriteString(openStrEnum)
	}
	if slices.ContainsFunc(enums, (*enumPlan).ofIntegers) {
		b.WriteString(openIntEnum)
	}
}

func printEnum(b *bytes.Buffer, e *enumPlan) {
	base := "_OpenStrEnum"
	if e.ofIntegers() {
		base = "_OpenIntEnum"
	}
	fmt.Fprintf(b, "\n\nclass %s(%s):\n", e.class, base)
	doc := "A newer server may send other values."
	if e.source.Doc != "" {
		doc = e.source.Doc + "\n\n" + doc
	}
	b.WriteString(docstring("    ", doc) + "\n")
	for i, v := range e.source.Values {
		value := ""
		if v.Int != nil {
			value = fmt.Sprint(*v.Int)
		} else {
			value = quote(*v.String)
		}
		fmt.Fprintf(b, "    %s = %s\n", e.members[i], value)
		b.WriteString(docstring("    ", v.Doc))
	}
}
