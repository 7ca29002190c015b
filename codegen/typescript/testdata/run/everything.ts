// Runs against a server that answers every call with its params: generated values of
// every type go out and come back as they were, and pass the schemas.

import fc from "fast-check";
import * as v from "valibot";

import {
  APIClient,
  type Animal,
  AsleepError,
  BittenError,
  type Box,
  CentrifugoRPCClient,
  type Cat,
  type Checked,
  type Circle,
  ClientError,
  Colour,
  ErrorCode,
  type Figure,
  Level,
  type Open,
  QuotaExceededError,
  type Scalars,
  ServerError,
  type Shapes,
  type TaskEvent,
  type Tree,
  errorClasses,
} from "./index.js";
import { CatSchema, CheckedSchema, CreatedSchema, OpenSchema, ScalarsSchema, ShapesSchema, TreeSchema } from "./validate.js";

declare const process: { argv: string[] };

const [, , server, token] = process.argv as [string, string, string, string];
const rpc = new CentrifugoRPCClient(server.replace("http", "ws") + "/connection/websocket", token);
await rpc.connect();
const api = new APIClient(rpc);

function same(name: string, got: unknown, want: unknown): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`${name}: got ${a}, want ${b}`);
}

const text = fc.string({ unit: "binary", maxLength: 20 });
const int64 = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER));
const float = fc.double({ noDefaultInfinity: true, noNaN: true });
const digits = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const json = fc.jsonValue({ maxDepth: 2 });
const key = text.filter((name) => name !== "__proto__");
const bytes = (to: (binary: string) => string) =>
  fc.uint8Array({ maxLength: 20 }).map((data) => to(btoa(String.fromCharCode(...data))));
const base64url = bytes((encoded) => encoded.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
const when = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }).map((date) => date.toISOString());
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 4 });

/** Values without some of the members that may be absent. */
function without<T extends object>(values: fc.Arbitrary<T>, ...optional: (keyof T)[]): fc.Arbitrary<T> {
  return fc.tuple(values, fc.subarray(optional)).map(([value, dropped]) => {
    const rest = { ...value };
    for (const name of dropped) delete rest[name];
    return rest;
  });
}

const allScalars = fc.record(
  {
    flag_text: fc.boolean().map(String),
    count_text: digits,
    unsigned_text: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
    ratio_text: float.map((n) => JSON.stringify(n)),
    quoted_text: text.map((inner) => JSON.stringify(inner)),
    took: int64,
    took_maybe: int64,
    exact: float,
    unbounded: int64,
    id: fc.uuid(),
    id_maybe: fc.option(fc.uuid()),
    when,
    when_local: when.map((time) => time.replace("Z", "")),
    day: when.map((time) => time.slice(0, 10)),
    clock: when.map((time) => time.slice(11, 19)),
    span: fc.constantFrom("PT1H30M", "-P1D", "P1Y2M3DT4H5M6.5S", "PT0S", "P2W"),
    price: fc.oneof(digits, fc.constantFrom("0.10", "-1E+400", "123456789.123456789")),
    mail: fc.emailAddress(),
    link: fc.webUrl(),
    ip4: fc.ipV4(),
    ip6: fc.ipV6(),
    ip: fc.oneof(fc.ipV4(), fc.ipV6()),
    host: fc.domain(),
    odd: text,
    raw: bytes((encoded) => encoded),
    raw_url: base64url,
    raw_text: text,
    raws: list(base64url),
    anything: json,
    anything_maybe: json,
  },
  { noNullPrototype: true },
);
const scalars = without<Scalars>(allScalars, "took_maybe", "id_maybe", "anything_maybe");

const maybe = { noNullPrototype: true } as const;
const shallow = { depthIdentifier: "tree", maxDepth: 4 } as const;
const named = fc.letrec<{ animal: Animal; cat: Cat; figure: Figure; tree: Tree }>((tie) => ({
  cat: fc.record(
    { kind: fc.constantFrom("cat" as const, "kitten" as const), name: text, lives: int64 },
    { ...maybe, requiredKeys: ["kind", "name"] },
  ) as fc.Arbitrary<Cat>,
  animal: fc.oneof(
    { depthSize: "small" },
    tie("cat"),
    fc.record(
      { kind: fc.constant("dog" as const), name: text, friend: fc.option(tie("animal")) },
      { ...maybe, requiredKeys: ["kind", "name"] },
    ),
  ) as fc.Arbitrary<Animal>,
  figure: fc.oneof(
    { depthSize: "small" },
    fc.record({ type: fc.constant("circle" as const), radius: float }, maybe),
    fc.record(
      { type: fc.constant("box" as const), width: float, inside: fc.option(tie("figure")) },
      { ...maybe, requiredKeys: ["type", "width"] },
    ),
  ) as fc.Arbitrary<Figure>,
  tree: fc.record(
    {
      value: fc.oneof(shallow, text, tie("tree")),
      children: fc.oneof(shallow, fc.constant([]), fc.tuple(tie("tree")), fc.tuple(tie("tree"), tie("tree"))),
      pair: fc.option(fc.tuple(fc.option(tie("tree"), shallow), fc.constant(null))),
    },
    { ...maybe, requiredKeys: ["value", "children"] },
  ) as fc.Arbitrary<Tree>,
}));

const open: fc.Arbitrary<Open> = fc
  .tuple(fc.dictionary(key, json, { maxKeys: 4, noNullPrototype: true }), text, fc.option(text, { nil: undefined }))
  .map(([extra, id, note]) => ({ ...extra, id, ...(note === undefined ? { note: "" } : { note }) }));

const checked: fc.Arbitrary<Checked> = fc.record(
  {
    age: fc.integer({ min: 0, max: 150 }),
    score: fc.constantFrom(0.5, 1),
    title: fc.tuple(fc.constantFrom("A", "Z"), fc.string({ unit: "grapheme", maxLength: 10 }), fc.nat(9)).map((parts) => parts.join("")),
    slug: fc.constant("abc"),
    tags: fc.uniqueArray(fc.constantFrom("ab", "cd", "👍👍", "a long one", "éé"), { minLength: 1, maxLength: 5 }),
    meta: fc.dictionary(key, fc.integer({ min: 1 }), { maxKeys: 3, noNullPrototype: true }),
    size: fc.constantFrom("s" as const, "m" as const, "l" as const),
    grade: fc.constantFrom(1 as const, 2 as const, 3 as const),
    level: fc.constantFrom(Level.Low, Level.High),
    colour: fc.constantFrom(Colour.Red, Colour.DarkBlue),
    ratio: fc.option(fc.double({ min: -1, noNaN: true, noDefaultInfinity: true })),
  },
  { ...maybe, requiredKeys: ["age", "score", "title", "tags", "meta", "colour"] },
) as fc.Arbitrary<Checked>;

const names = fc.uniqueArray(text, { minLength: 1, maxLength: 4 });
const pair = fc.tuple(text, int64);
const { animal, cat, figure, tree } = named;
const allShapes = fc.record(
  {
    pair,
    pair_maybe: fc.option(fc.tuple(text, fc.option(int64))),
    nested: fc.tuple(list(text), cat, fc.tuple(text, text)),
    rgb: fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255)),
    grid: fc.tuple(fc.tuple(float, float), fc.tuple(float, float)),
    nine: fc.array(int64, { minLength: 9, maxLength: 9 }),
    none: fc.constant([] as []),
    by_id: fc.dictionary(digits, cat, { maxKeys: 3, noNullPrototype: true }),
    by_small: fc.dictionary(fc.nat(255).map(String), text, { maxKeys: 3, noNullPrototype: true }),
    lists: fc.dictionary(key, list(fc.option(text)), { maxKeys: 3, noNullPrototype: true }),
    number_or_text: fc.oneof(int64, text),
    union_maybe: fc.option(fc.oneof(fc.boolean(), cat, list(text))),
    unions: list(fc.option(fc.oneof(text, int64, when))),
    amount: fc.oneof(float, fc.constantFrom("0.1", "-5", "1e5")),
    animal,
    animals: list(animal),
    animal_maybe: fc.option(animal),
    animals_by_name: fc.dictionary(key, animal, { maxKeys: 3, noNullPrototype: true }),
    shape: figure,
    shapes: list(figure),
    open,
    tree,
    names,
    pair_named: pair,
    either: fc.oneof(int64, text, names),
  },
  maybe,
);
const shapes = without<Shapes>(allShapes, "pair_maybe", "union_maybe", "animal_maybe");

/** Generated values come back as they were, and fit the schema. */
async function trips<T>(name: string, values: fc.Arbitrary<T>, schema: v.GenericSchema<T>, send: (value: T) => Promise<T>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      same(name, await send(value), value);
      const outcome = v.safeParse(schema, value);
      if (!outcome.success) throw new Error(`${name}: ${JSON.stringify(v.flatten(outcome.issues as never))}`);
    }),
    { numRuns: 100 },
  );
}
await trips("scalars", scalars, ScalarsSchema, (value) => api.zooScalars(value));
await trips("checked", checked, CheckedSchema, (value) => api.zooChecked(value));
await trips("open", open, OpenSchema, (value) => api.zooOpen(value));
await trips("tree", tree, TreeSchema, (value) => api.zooTree(value));
await trips("shapes", shapes, ShapesSchema, (value) => api.zooShapes(value));

/** The paths at which a schema finds fault. */
function faults(schema: v.GenericSchema, value: unknown): string {
  const outcome = v.safeParse(schema, value);
  return outcome.success ? "" : [...new Set(outcome.issues.map((issue) => v.getDotPath(issue) ?? "(all)"))].join(" ");
}
const [good] = fc.sample(checked, 1) as [Checked];
for (const [path, bad] of [
  ["age", -1], ["age", 151], ["age", 1.5], ["age", "1"], ["age", null], ["age", undefined], ["score", 0], ["score", 1.5], ["score", 0.7],
  ["title", ""], ["title", "a1"], ["title", "A\n1"], ["title", "A" + "x".repeat(199) + "1"], ["tags", []], ["tags", ["ab", "ab"]], ["tags.0", ["a"]],
  ["tags.0", ["👍"]], ["tags", ["aa", "bb", "cc", "dd", "ee", "ff"]], ["meta", { a: 1, b: 1, c: 1, d: 1 }], ["meta.a", { a: 0 }], ["size", "xl"],
  ["grade", 4], ["level", 3], ["colour", "blue"], ["ratio", -2], ["ratio", NaN], ["ratio", Infinity],
] as const) {
  same(`${path} = ${JSON.stringify(bad)}`, faults(CheckedSchema, { ...good, [path.split(".")[0]!]: bad }), path);
}
const { age: _, ...ageless } = good;
same("a missing member", faults(CheckedSchema, ageless), "age");
same("an undefined member", faults(CheckedSchema, { ...good, size: undefined }), "");
same("an unknown member", faults(CheckedSchema, { ...good, unknown: 1 }), "");
same("a pattern that only the server knows", faults(CheckedSchema, { ...good, slug: "x" }), "");

const [goodScalars] = fc.sample(scalars, 1) as [Scalars];
for (const [path, bad] of [
  ["flag_text", "yes"], ["count_text", "1.5"], ["count_text", "01"], ["unsigned_text", "-1"], ["ratio_text", "NaN"], ["quoted_text", "x"],
  ["quoted_text", "1"], ["took", 2 ** 53], ["id", "x"], ["when", "2026-01-31"], ["when", "2026-01-31T12:00:00"], ["day", "2026-13-01"],
  ["clock", "25:00:00"], ["span", "1h"], ["span", "P"], ["price", "1,5"], ["mail", "alice"], ["link", "example.org"], ["ip4", "::1"], ["ip6", "1.2.3.4"],
  ["ip", "x"], ["host", "a b"], ["raw", "a"], ["raw", "_-8="], ["raw_url", "+/8="], ["raws.1", ["", "*"]], ["anything", undefined], ["id_maybe", ""],
] as const) {
  same(`${path} = ${JSON.stringify(bad)}`, faults(ScalarsSchema, { ...goodScalars, [path.split(".")[0]!]: bad }), path);
}

const [goodShapes] = fc.sample(shapes, 1) as [Shapes];
const circle: { type: "circle" } & Circle = { type: "circle", radius: 1 };
for (const [path, part, bad] of [
  ["pair.1", "pair", ["a"]], ["pair.1", "pair", ["a", "b"]], ["pair.2", "pair", ["a", 1, 2]], ["rgb.1", "rgb", [0, 256, 0]],
  ["nine", "nine", [1]], ["none.0", "none", [1]], ["by_id.x", "by_id", { x: { kind: "cat", name: "" } }],
  ["by_small.256", "by_small", { 256: "" }], ["number_or_text", "number_or_text", true], ["animal.kind", "animal", { kind: "bird", name: "" }],
  ["animal.kind", "animal", { name: "" }], ["animal.name", "animal", { kind: "dog" }], ["animal", "animal", "dog"],
  ["animal.friend.name", "animal", { kind: "dog", name: "", friend: { kind: "cat" } }], ["shape.type", "shape", { radius: 1 }],
  ["shape.radius", "shape", { type: "circle" }], ["shape.inside.radius", "shape", { type: "box", width: 1, inside: { ...circle, radius: "1" } }],
  ["open.id", "open", { note: "" }], ["tree.children.0.value", "tree", { value: "", children: [{ children: [] }] }], ["names", "names", []],
] as const) {
  same(`${part} = ${JSON.stringify(bad)}`, faults(ShapesSchema, { ...goodShapes, [part]: bad }), path);
}
same("created", [faults(CreatedSchema, { id: 1 }), faults(CreatedSchema, {}), faults(CatSchema, null)], ["", "id", "(all)"]);

// The compiler tells variants apart by the tag.
function area(of: Figure): number {
  return of.type === "circle" ? of.radius : of.width;
}
const box: { type: "box" } & Box = { type: "box", width: 2, inside: circle };
same("areas", [area(circle), area(box)], [1, 2]);
function owner(of: Animal): string | undefined {
  return of.kind === "dog" ? of.friend?.name : of.name;
}
same("owner", owner({ kind: "dog", name: "a", friend: { kind: "kitten", name: "b" } }), "b");
// @ts-expect-error No such tag.
const bird: Animal = { kind: "bird", name: "" };
// @ts-expect-error The tag is missing.
const untagged: Figure = { radius: 1 };
// @ts-expect-error One item is missing.
const short: Shapes["rgb"] = [1, 2];
// @ts-expect-error Neither.
const neither: Shapes["number_or_text"] = true;
void [bird, untagged, short, neither];

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
const quota = await failure(api.fail({ code: 1001, reason: "quota_exceeded", message: "no more", details: { limit: 3, used: 4 } }));
if (!(quota instanceof QuotaExceededError && quota instanceof ServerError)) throw quota;
same("quota", [quota.name, quota.message, quota.code, quota.details.limit], ["QuotaExceededError", "no more", ErrorCode.quota_exceeded, 3]);
const bitten = await failure(api.fail({ code: 1003, reason: "bitten", message: "", details: { kind: "dog", name: "x" } }));
if (!(bitten instanceof BittenError)) throw bitten;
same("bitten", bitten.details.kind, "dog");
const asleep = await failure(api.fail({ code: 1002, reason: "asleep", message: "", details: null }, { errors: {} }));
if (!(asleep instanceof AsleepError)) throw asleep;
const other = await failure(api.fail({ code: 1004, reason: "other", message: "", details: null }));
same("another error", [other instanceof ServerError, (other as ServerError).name], [true, "ServerError"]);
const byName = await failure(rpc.call("fail", { code: 1001, reason: "quota_exceeded", details: {} }, { errors: errorClasses }));
same("by name", byName instanceof QuotaExceededError, true);
same("a notification", await api.zooSeen({ kind: "cat", name: "" }), undefined);

async function publish(channel: string, data: unknown): Promise<void> {
  await fetch(`${server}/control/publish?channel=${encodeURIComponent(channel)}`, { method: "POST", body: JSON.stringify(data) });
}
const event = await new Promise<TaskEvent>((resolve, reject) => {
  api.subscribeTasks({ project_id: "p1" }, resolve).then(async (subscription) => {
    same("channel", subscription.channel, "tasks:p1");
    await publish("tasks:p1", { event: "removed", id: 7, by: "alice" });
  }, reject);
});
if (event.event !== "removed") throw new Error(event.event);
same("event", [event.id, event.by], [7, "alice"]);
const news = await new Promise<string>((resolve, reject) => {
  api.subscribeNews(resolve, { timeout: 5000 }).then(() => publish("news", "extra"), reject);
});
same("news", news, "extra");
const rooms = await api.subscribeRooms({ tenant: "a", room: 7 }, () => {});
same("rooms", rooms.channel, "rooms:a.7");
rooms.unsubscribe();
const refused = await failure(api.subscribeTasks({ project_id: "a:b" }, () => {}));
same("refused", [refused instanceof ClientError, (refused as Error).message.includes("project_id")], [true, true]);

rpc.disconnect();
console.log("done");
