// Prints nothing but what went wrong with the schemas of unusual unions and structs.

import * as v from "valibot";

import type { Any, Counts, Params } from "./index.js";
import { ParamsSchema } from "./validate.js";

const proto = { ["__proto__"]: "p", t: "x" } as Params["proto"];
const good: Params = {
  any: { t: "empty" },
  hostile: { "*/ \"'` __proto__": "\"`${x}\u2028", t: "x" },
  proto,
  counts: { id: "a", other: 7, maybe: null },
  extra: { a: 1 },
  literals: null,
  too_large: 1,
  yes: true,
  sizes: { a: 1, b: 2 },
  pair: { constructor: 1, ["__proto__"]: 2 },
  patterns: "anything",
};

function faults(value: unknown): string {
  const outcome = v.safeParse(ParamsSchema, value);
  return outcome.success ? "" : outcome.issues.map((issue) => v.getDotPath(issue) ?? "(all)").join(" ");
}

function expect(part: Partial<Record<keyof Params, unknown>>, want: string): void {
  const got = faults({ ...good, ...part });
  if (got !== want) console.log(`${JSON.stringify(part)}: faults ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

const counts: { t: "counts" } & Counts = { t: "counts", id: "", n: 1 };
const variants: Any[] = [
  { t: "empty" },
  { t: "plain" },
  { t: "wide" },
  { t: "optional" },
  { t: "named" },
  { t: "open", id: "", more: [1] },
  counts,
  { t: "extra", n: 1 },
  // The compiler wants a string where every object has a function.
  { t: "inherited", toString: "text" } as unknown as Any,
];
expect({}, "");
for (const any of variants) expect({ any }, "");
expect({ any: { t: "inherited" } }, "");
expect({ any: { t: "open" } }, "any.id");
expect({ any: { t: "counts", id: "", n: "1" } }, "any.n");
expect({ any: { t: "wide", more: 1 } }, "");
expect({ any: { t: "other" } }, "any.t");
expect({ any: {} }, "any.t");
expect({ any: "wide" }, "any");
expect({ hostile: { t: "x" } }, "hostile.*/ \"'` __proto__");
expect({ proto: { t: "x" } }, "proto.__proto__");
expect({ proto: { ["__proto__"]: "p" } }, "proto.t");
expect({ counts: { id: "a", other: "7" } }, "counts.other");
expect({ extra: { a: "1" } }, "extra.a");
for (const literals of [1, -2000, null]) expect({ literals }, "");
expect({ literals: 2 }, "literals");
expect({ too_large: 2 ** 53 }, "too_large");
expect({ yes: false }, "yes");
expect({ sizes: { c: 1 } }, "sizes.c");
expect({ sizes: [] }, "sizes");
expect({ pair: { constructor: 1 } }, "pair");
expect({ pair: { constructor: 1, prototype: "2" } }, "pair.prototype");
