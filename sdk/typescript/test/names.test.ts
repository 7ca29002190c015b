import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";

import { ClientError, ServerError, channelName } from "../src/index.js";
import { serverError } from "../src/rpc-codes.js";
import { TestServer } from "./server.js";

const forbidden = [..." :,#*$/{}"];
const allowed = Array.from({ length: 0x7f - 0x21 }, (_, i) => String.fromCharCode(0x21 + i)).filter(
  (char) => !forbidden.includes(char),
);

test("a pattern's parameters are put into the name", () => {
  assert.equal(channelName("news", {}), "news");
  assert.equal(channelName("tasks:{project_id}", { project_id: "p1" }), "tasks:p1");
  assert.equal(channelName("rooms:{tenant}.{room}", { tenant: "a", room: -7 }), "rooms:a.-7");
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...allowed.filter((char) => char !== "-")), minLength: 1 }),
      fc.maxSafeInteger(),
      (a, b) => {
        assert.equal(channelName("x:{a}-{b}", { a, b }), `x:${a}-${Object.is(b, -0) ? 0 : b}`);
      },
    ),
  );
});

test("a name that the server would read otherwise, or that is too long, is refused", () => {
  for (const x of ["a.b", "a.", ".."])
    assert.throws(
      () => channelName("a:{x}.{y}", { x, y: "c" }),
      /the parameter x holds what stands behind it/,
    );
  assert.equal(channelName("a:{x}.{y}", { x: "a", y: "b.c" }), "a:a.b.c");
  assert.equal(channelName("a:{x}", { x: "x".repeat(253) }).length, 255);
  assert.throws(() => channelName("a:{x}", { x: "x".repeat(254) }), /longer than 255 bytes/);
});

test("values that cannot be part of a name are refused, with the reason", () => {
  const refused = (value: unknown, why: RegExp) =>
    assert.throws(
      () => channelName("tasks:{project_id}", { project_id: value }),
      (error) => {
        assert.ok(error instanceof ClientError);
        assert.match(error.message, /^tasks:\{project_id\}: the parameter project_id /);
        assert.match(error.message, why);
        return true;
      },
    );
  refused("", /is empty/);
  for (const value of [1.5, NaN, Infinity, 2 ** 53]) refused(value, /is not a safe integer/);
  for (const value of [undefined, null, true, {}, ["a"], 1n])
    refused(value, /is neither a string nor an integer/);
  assert.throws(() => channelName("{constructor}", {}), /is neither a string nor an integer/);
  const bad = fc.oneof(
    fc.constantFrom(...forbidden, "\n", "\0", "\x7f", "é", "\u2028"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }).filter((char) => !/^[ -~]$/.test(char)),
  );
  const around = fc.string({ unit: fc.constantFrom(...allowed) });
  fc.assert(fc.property(around, bad, around, (a, b, c) => refused(a + b + c, /holds "[^]+": characters/)));
});

class QuotaError extends ServerError {
  override readonly name = "QuotaError";
  declare readonly details: { limit: number };
}

test("an application's error arrives as the class given for its code", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const errors = { 1001: QuotaError };
  const params = { code: 1001, reason: "quota_exceeded", message: "no more", details: { limit: 3 } };
  await assert.rejects(client.call("fail", params, { errors }), (error) => {
    assert.ok(error instanceof QuotaError);
    assert.deepEqual(
      [error.name, error.code, error.reason, error.message, error.details.limit],
      ["QuotaError", 1001, "quota_exceeded", "no more", 3],
    );
    return true;
  });
  await assert.rejects(client.call("fail", { ...params, code: 1002 }, { errors }), (error) => {
    assert.ok(error instanceof ServerError && !(error instanceof QuotaError));
    return true;
  });
  await assert.rejects(client.call("fail", params), { name: "ServerError" });
  assert.equal(serverError(400, "", "", undefined, { 400: QuotaError }).name, "InvalidParamsError");
});
