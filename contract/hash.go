package contract

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Hash names what the contract means on the wire: a SHA-256, in hexadecimal.
// Two contracts have the same hash exactly if no caller could tell their servers
// apart. So it does not depend on
//
//   - texts: docs, deprecations, sources, origins, the API's name;
//   - names that stay in the program: those of types, of enum constants, of a
//     channel's parameters, and whether a type has a name at all;
//   - order: of types, fields, enum values, variants and methods;
//   - types that nothing refers to.
//
// It does depend on all else: methods, kinds, presence, ranges, constraints,
// defaults, timeouts, classes, errors, channels. Package diff lists what
// changed, and lists nothing but documentation exactly if the hash is the same.
func (c *Contract) Hash() string {
	t := newTerms(c)
	whole := term{}
	optional := func(of *Type) {
		if of == nil {
			whole.addf("nothing;")
			return
		}
		whole.add(t.of(of))
		whole.addf(";")
	}
	methods := slices.Clone(c.Methods)
	slices.SortFunc(methods, func(a, b Method) int { return cmp.Compare(a.Name, b.Name) })
	for _, m := range methods {
		codes := slices.Clone(m.Errors)
		slices.Sort(codes)
		whole.addf("method %s %s %d %t %v;", quote(m.Name), m.Kind, m.TimeoutMS, m.Idempotent, slices.Compact(codes))
		whole.add(t.fields(t.shapes.Fields(m.Params), ""))
		optional(m.Result)
		if m.Kind == Stream {
			optional(m.Item)
		}
		if m.Volatile {
			whole.addf("volatile;")
		}
	}
	channels := slices.Clone(c.Channels)
	patterns := c.Patterns()
	slices.SortFunc(channels, func(a, b Channel) int { return cmp.Compare(patterns[a.Name], patterns[b.Name]) })
	for _, ch := range channels {
		whole.addf("channel %s;", quote(patterns[ch.Name]))
		for _, p := range t.shapes.Parameters(&ch) {
			optional(p)
		}
		whole.add(t.of(&ch.Event))
	}
	errs := slices.Clone(c.Errors)
	slices.SortFunc(errs, func(a, b ErrorType) int { return cmp.Compare(a.Code, b.Code) })
	for _, e := range errs {
		whole.addf("error %d %s;", e.Code, quote(e.Reason))
		optional(e.Details)
	}

	// Colours of two contracts mean the same only if as many rounds told the
	// types apart. With the whole set of them the same, and as large as in the
	// round before, equal colours are equal forms: what is equal in both then has
	// parts that are equal in both.
	colours := refine(t.nodes)
	var b strings.Builder
	whole.write(&b)
	fmt.Fprintf(&b, "types %v", colours)
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:])
}
