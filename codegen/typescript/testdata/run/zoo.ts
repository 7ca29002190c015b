// Runs against a server that answers every call with its params.

import {
  APIClient,
  type CallOptions,
  CentrifugoRPCClient,
  Colour,
  ErrorCode,
  type Everything,
  type Hostile,
  Level,
  type Names,
  type Node,
  type Presence,
  QuotaExceededError,
  ServerError,
  errorClasses,
} from "./index.js";

declare const process: { argv: string[] };

const [, , url, token] = process.argv as [string, string, string, string];
const rpc = new CentrifugoRPCClient(url, token);
await rpc.connect();
const api = new APIClient(rpc);

function same(name: string, got: unknown, want: unknown): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`${name}: got ${a}, want ${b}`);
}

const everything: Everything = {
  b: true,
  s: "\u2028 \"'`\\ é 中",
  i8: -128,
  i16: 1,
  i32: 1,
  i64: Number.MAX_SAFE_INTEGER,
  u8: 255,
  u16: 1,
  u32: 1,
  u64: 1,
  f32: 0.5,
  f64: 1e300,
  when: "2026-01-31T12:00:00Z",
  raw: "aGVsbG8=",
  any: { deep: [null, 1] },
  list: ["a"],
  list_of_nullable: ["a", null],
  matrix: [[1, 2], []],
  map: { a: 1 },
  int_map: { "-5": "minus five" },
  map_of_lists: { x: [{ name: "leaf" }] },
  leaf: { name: "leaf" },
  level: Level.High,
  colour: Colour.DarkBlue,
  alias: "user",
  alias_list: ["a", "b"] satisfies Names,
};
same("everything", await api.zooEverything(everything), everything);

const least: Presence = {
  required: "",
  nullable: null,
  required_leaf: { name: "" },
  nullable_leaf: null,
  nullable_bytes: null,
  nullable_enum: null,
};
same("presence", await api.zooPresence(least), least);
const most: Presence = { ...least, optional: "a", optional_nullable: null, optional_nullable_leaf: null };
same("presence", await api.zooPresence(most), most);

// @ts-expect-error A required field is missing.
const missing: Presence = { ...least, required: undefined };
// @ts-expect-error A required field that is not nullable.
const notNullable: Presence = { ...least, required: null };
// @ts-expect-error An optional field is absent or there, not null.
const optionalNull: Presence = { ...least, optional: null };
// @ts-expect-error A nullable field is there.
const absent: Omit<Presence, "nullable"> extends Presence ? true : false = true;
void [missing, notNullable, optionalNull, absent];

const hostile = {
  class: "a",
  "x-y": "b",
  "1st": "c",
  _id: "d",
  model_dump: "e",
  copy: "f",
  def: "g",
  constructor: "h",
  ["__proto__"]: "i",
  'quote"d': "j",
  "back\\slash": "k",
  "with space": "l",
  été: "m",
} as unknown as Hostile;
same("hostile", Object.keys(await api.zooHostile(hostile)).sort(), Object.keys(hostile).sort());

const tree: Node = { value: "root", left: null, children: [{ value: "child", left: null, children: [] }] };
same("tree", await api.zooTree(tree), tree);
const pong: unknown = await api.zooMutual({ pong: { ping: null } });
same("mutual", pong, { pong: { ping: null } });
same("empty", await api.zooEmpty({}), {});
same("by id", await api.usersGetUserById({ name: "x" }), { name: "x" });

const nothing: void = await api.ping();
same("ping", nothing, undefined);
const moved: void = await api.zooMove({ name: "x" });
same("move", moved, undefined);
const options: CallOptions = { timeout: 700 };
same("old", await api.zooOld({ name: "first" }, { timeout: undefined }), { name: "first" });
same("old", await api.zooOld({ name: "second" }, options), { name: "second" });

same("colours", Colour, { Red: "red", DarkBlue: 'dark "blue" \\ */', Empty: "", None: "none", Name: "name" });
same("levels", Level, { Low: 1, High: 10, Negative: -5 });

try {
  await rpc.call("fail", { code: 1001, reason: "quota_exceeded", details: { limit: 3 } }, { errors: errorClasses });
  throw new Error("no error");
} catch (error) {
  if (!(error instanceof ServerError) || !(error instanceof QuotaExceededError)) throw error;
  const code: typeof ErrorCode.quota_exceeded = error.code;
  same("details", [error.name, code, error.details.limit], ["QuotaExceededError", 1001, 3]);
}

rpc.disconnect();
console.log("done");
