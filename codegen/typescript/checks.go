package typescript

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/centrirpc/centrirpc/contract"
)

const (
	integerText = `^-?(?:0|[1-9]\d*)$`
	numberText  = `^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$`
	dateText    = `\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`
	timeText    = `(?:[01]\d|2[0-3]):[0-5]\d(?::[0-6]\d(?:[.,]\d+)?)?`
	offsetText  = `(?:[Zz]|[+-](?:[01]\d|2[0-3]):?[0-5]\d)`
)

// formatPatterns are what strings of a format look like: loosely, for the server
// decides. What they refuse is not of the format.
var formatPatterns = map[string]string{
	contract.DateTime:      "^" + dateText + "[Tt ]" + timeText + offsetText + "$",
	contract.LocalDateTime: "^" + dateText + "[Tt ]" + timeText + offsetText + "?$",
	contract.Date:          "^" + dateText + "$",
	contract.Time:          "^" + timeText + offsetText + "?$",
	contract.Duration:      `^[+-]?P(?=.)(?:\d+(?:[.,]\d+)?[YMWD])*(?:T(?:\d+(?:[.,]\d+)?[HMS])+)?$`,
	contract.UUID:          `^[\da-fA-F]{8}-(?:[\da-fA-F]{4}-){3}[\da-fA-F]{12}$`,
	contract.Decimal:       `^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$`,
	contract.Email:         `^[^@]+@[^@\s]+$`,
	contract.URI:           `^[A-Za-z][A-Za-z\d+.-]*:`,
	contract.IPv4:          `^\d{1,3}(?:\.\d{1,3}){3}$`,
	contract.IPv6:          `^[\da-fA-F:.]*:[\da-fA-F:.]*(?:%.+)?$`,
	contract.IP:            `^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-fA-F:.]*:[\da-fA-F:.]*(?:%.+)?)$`,
	contract.Hostname:      `^[^\s/:@]+$`,
}

// rulePatterns are what strings look like that the rule of a format in a validate
// tag lets through: never stricter than it, for the server decides.
var rulePatterns = map[string]string{
	contract.UUID:     `^[\da-fA-F]{8}-(?:[\da-fA-F]{4}-){3}[\da-fA-F]{12}$`,
	contract.Email:    `^[\s\S]+@[^@\s]+$`,                  // the part before the @ may be in quotes
	contract.URI:      `^(?:[A-Za-z][A-Za-z\d+.-]*:|/|\*$)`, // uri takes a path, too
	contract.IPv4:     `^[\da-fA-F:.]+$`,                    // an IPv4 address within an IPv6 one, too
	contract.IPv6:     `^[\da-fA-F:.]+$`,
	contract.IP:       `^[\da-fA-F:.]+$`,
	contract.Hostname: `^[A-Za-z\d.-]+$`,
}

// bytesPatterns are the same for bytes.
var bytesPatterns = map[string]string{
	"":                 `^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$`,
	contract.Base64URL: `^[A-Za-z\d_-]*={0,2}$`,
}

func formatChecks(pattern string) []string {
	if pattern == "" {
		return nil
	}
	return []string{"v.regex(/" + strings.ReplaceAll(pattern, "/", `\/`) + "/u)"}
}

// widthChecks are the bounds of an integer's width.
func widthChecks(t *contract.Type) []string {
	if t.Bits == 64 || t.Bits == 0 {
		if t.Unsigned {
			return []string{"v.minValue(0)"}
		}
		return nil
	}
	if t.Unsigned {
		return []string{"v.minValue(0)", fmt.Sprintf("v.maxValue(%d)", uint64(1)<<t.Bits-1)}
	}
	half := int64(1) << (t.Bits - 1)
	return []string{fmt.Sprintf("v.minValue(%d)", -half), fmt.Sprintf("v.maxValue(%d)", half-1)}
}

// numberChecks are the bounds of a number.
func numberChecks(c *contract.Constraints) []string {
	if c == nil {
		return nil
	}
	var list []string
	add := func(check, bound string) {
		if bound != "" {
			list = append(list, fmt.Sprintf("v.%s(%s)", check, bound))
		}
	}
	add("minValue", c.Minimum.String())
	add("maxValue", c.Maximum.String())
	add("gtValue", c.ExclusiveMinimum.String())
	add("ltValue", c.ExclusiveMaximum.String())
	if n := c.MultipleOf.String(); n != "" {
		list = append(list, fmt.Sprintf("v.check((n: number) => isMultiple(n, %s), %s)", n, quote("must be a multiple of "+n)))
	}
	return list
}

// textChecks are checks of a number for the text that it is in.
func textChecks(checks []string) []string {
	if len(checks) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("v.check((text: string) => v.is(v.pipe(v.number(), %s), Number(text)), %s)",
		strings.Join(checks, ", "), quote("the number is out of range"))}
}

// quotedParts are those of a value within a string.
func quotedParts(t *contract.Type) (string, []string) {
	switch t.Kind {
	case contract.Bool:
		return picklist([]string{`"true"`, `"false"`}), nil
	case contract.Integer:
		checks := append(widthChecks(t), numberChecks(t.Constraints)...)
		return "v.string()", append(formatChecks(integerText), textChecks(checks)...)
	case contract.Float:
		return "v.string()", append(formatChecks(numberText), textChecks(numberChecks(t.Constraints))...)
	}
	return "v.string()", []string{`v.check(isJSONString, "must be a JSON string within the string")`}
}

func stringChecks(c *contract.Constraints) []string {
	if c == nil {
		return nil
	}
	list := countChecks(&contract.Constraints{MinItems: c.MinLength, MaxItems: c.MaxLength}, "CodePoints")
	list = append(list, formatChecks(rulePatterns[c.Format])...)
	if pattern, ok := portable(c.Pattern); ok && c.Pattern != "" {
		list = append(list, fmt.Sprintf("v.check(matching(%s), %s)", quote(pattern), quote("must match the regular expression "+c.Pattern)))
	}
	return list
}

// countChecks are the bounds of how many items there are, of what valibot calls
// them.
func countChecks(c *contract.Constraints, what string) []string {
	var list []string
	if c != nil && c.MinItems != nil {
		list = append(list, fmt.Sprintf("v.min%s(%d)", what, *c.MinItems))
	}
	if c != nil && c.MaxItems != nil {
		list = append(list, fmt.Sprintf("v.max%s(%d)", what, *c.MaxItems))
	}
	return list
}

func uniqueChecks(c *contract.Constraints) []string {
	if c == nil || !c.Unique {
		return nil
	}
	return []string{`v.check((list) => isUnique(list), "no two items may be equal")`}
}

// checkers are the functions that schemas call, each printed if it is used. Those
// around valibot's own leave the compiler less to infer, which counts where there
// are thousands of types.
var checkers = []struct{ name, source string }{
	{"struct", `/** An object with these members; others are ignored, or what extra says. */
function struct<T>(
  members: { readonly [K in keyof T]-?: v.GenericSchema<T[K]> },
  extra?: v.GenericSchema,
): v.GenericSchema<T> {
  const entries = members as v.ObjectEntries;
  const schema = extra === undefined ? v.object(entries) : v.objectWithRest(entries, extra);
  return schema as v.GenericSchema as v.GenericSchema<T>;
}
`},
	{"absent", `/** A member that may be absent, or undefined, which JSON leaves out. */
function absent<T>(schema: v.GenericSchema<T>): v.GenericSchema<T> {
  return v.optional(schema) as v.GenericSchema as v.GenericSchema<T>;
}
`},
	{"later", `/** A schema that may refer back to where it is used. */
function later<T>(schema: () => v.GenericSchema<T>): v.GenericSchema<T> {
  return v.lazy(schema);
}
`},
	{"list", `function list<T>(item: v.GenericSchema<T>): v.GenericSchema<T[]> {
  return v.array(item);
}
`},
	{"dictionary", `/** An object with these keys and values. v.record would leave out some, "constructor" for one. */
function dictionary<T>(key: v.GenericSchema<string>, value: v.GenericSchema<T>): v.GenericSchema<Record<string, T>> {
  return v.pipe(
    v.custom<Record<string, T>>((input) => typeof input === "object" && input !== null && !Array.isArray(input), "must be an object"),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const input = dataset.value;
      for (const [name, item] of Object.entries(input)) {
        const issues = [...(v.safeParse(key, name).issues ?? []), ...(v.safeParse(value, item).issues ?? [])];
        for (const { message, path } of issues) {
          addIssue({ message, path: [{ type: "object", origin: "value", input, key: name, value: item }, ...(path ?? [])] });
        }
      }
    }),
  );
}
`},
	{"tagOf", `function tagOf(input: unknown, tag: string): unknown {
  return typeof input === "object" && input !== null && Object.hasOwn(input, tag) ? Reflect.get(input, tag) : undefined;
}
`},
	{"noVariant", `/** None of a union's types: the tag is at fault. */
function noVariant(tag: string, values: readonly string[]): v.GenericSchema<never> {
  return v.object({ [tag]: v.picklist(values) }) as v.GenericSchema as v.GenericSchema<never>;
}
`},
	{"matching", `/** An expression that this engine does not know is left to the server. */
function matching(pattern: string): (text: string) => boolean {
  try {
    const expression = new RegExp(pattern, "u");
    return (text) => expression.test(text);
  } catch {
    return () => true;
  }
}
`},
	{"isMultiple", `/** Whether n is a multiple, as nearly as numbers can say. */
function isMultiple(n: number, of: number): boolean {
  const times = n / of;
  return Math.abs(times - Math.round(times)) <= 1e-9 * Math.max(1, Math.abs(times));
}
`},
	{"isUnique", `function isUnique(list: readonly unknown[]): boolean {
  return new Set(list.map((item) => JSON.stringify(item))).size === list.length;
}
`},
	{"isJSONString", `function isJSONString(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "string";
  } catch {
    return false;
  }
}
`},
}

func printSchemas(p *plan) string {
	var body strings.Builder
	for _, s := range p.schemas {
		body.WriteString("\n")
		if s.params {
			body.WriteString("export ")
		}
		fmt.Fprintf(&body, "const %s: v.GenericSchema<types.%s> = %s;\n", s.name, s.typeName, s.expr)
	}
	var b strings.Builder
	b.WriteString(header + `
// Checks of params before they are sent: v.safeParse(…Schema, params). The server checks
// them again, and alone checks what is not said here.
`)
	if len(p.schemas) == 0 {
		b.WriteString("\nexport {};\n")
		return b.String()
	}
	b.WriteString(`
import * as v from "valibot";

import type * as types from "./types.js";
`)
	b.WriteString(body.String())
	for _, c := range checkers {
		if regexp.MustCompile(`\b` + c.name + `\b`).MatchString(body.String()) {
			b.WriteString("\n" + c.source)
		}
	}
	return b.String()
}
