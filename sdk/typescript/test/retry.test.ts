// When a call is tried again over the same connection, and when it is over.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import test from "node:test";

import {
  CallAbortedError,
  CallTimeoutError,
  ConnectionLostError,
  PermissionDeniedError,
  ResourceExhaustedError,
  UnavailableError,
} from "../src/index.js";
import { FakeServer, heldClock, ownTimers, until } from "./fake.js";
import { failures, state } from "./server.js";

test("a call of which nothing is heard is sent again, each time after twice as long", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t, { silence: 40 });
  server.onRequest = (request) => {
    if (server.requests.length === 4) request.ack().result("at last");
  };
  assert.equal(await client.call("tasks.add"), "at last");
  const ids = new Set(server.requests.map(({ id }) => id));
  assert.equal(ids.size, 1);
  assert.equal(server.connections, 1);
  const gaps = server.requests.slice(1).map(({ at }, i) => at - server.requests[i]!.at);
  for (const [i, least] of [40, 80, 160].entries()) assert.ok(gaps[i]! > least * 0.8, `${gaps}`);
  assert.deepEqual(
    server.requests.map(({ data }) => data.store),
    [undefined, "e1", "e1", "e1"],
  );
});

test("an acknowledgement and progress are signs of life, for calls and notifications", async (t) => {
  const server = await FakeServer.start(t);
  const client = server.client(t);
  const clock = await heldClock(t);
  await client.connect();
  server.onRequest = () => {};
  const call = client.call("tasks.add", {}, { timeout: 500_000 });
  const note = client.notify("tasks.add", {}, { timeout: 500_000 });
  const first = await server.nth(1);
  await server.nth(1, "notify");
  clock.tick(9_900);
  assert.equal(server.of("call").length, 1);
  const seen: string[] = [];
  client.onFrame(({ kind }) => seen.push(kind));
  first.send({ progress: { done: 1 } });
  await until(() => seen.includes("progress"));
  clock.tick(9_900);
  await server.nth(2, "notify"); // of which nothing was heard
  assert.equal(server.of("call").length, 1, "the progress counted");
  clock.tick(200);
  await server.nth(2);
  clock.tick(19_900);
  assert.equal(server.of("call").length, 2, "the second silence is twice as long");
  clock.tick(200);
  (await server.nth(3)).ack();
  await until(() => seen.includes("ack"));
  clock.tick(9_900);
  assert.equal(server.of("call").length, 3, "the acknowledgement sets it back");
  clock.tick(200);
  // Of a call that is acknowledged again nothing new is known.
  const waits = [20, 40, 60, 60];
  for (const [i, seconds] of waits.entries()) {
    const acks = seen.filter((kind) => kind === "ack").length;
    (await server.nth(4 + i)).ack();
    await until(() => seen.filter((kind) => kind === "ack").length > acks);
    clock.tick(seconds * 1000 - 100, 100);
    assert.equal(server.of("call").length, 4 + i, `no sooner than after ${seconds} s`);
    clock.tick(200);
  }
  const last = await server.nth(8);
  last.ack().send({ progress: { done: 2 } });
  await until(() => seen.filter((kind) => kind === "progress").length === 2);
  clock.tick(10_100);
  await server.nth(9);
  clock.tick(10_100);
  server.cut();
  await until(() => client.state === "connecting");
  clock.tick(20); // for the SDK to connect
  (await server.nth(10)).ack();
  clock.tick(10_100);
  (await server.nth(11)).result("done");
  assert.equal(await call, "done");
  server.onRequest = (request) => request.ack();
  clock.tick(40_000);
  await note;
  assert.equal(new Set(server.of("notify").map(({ id }) => id)).size, 1);
});

test("silence does not make volatile calls run twice, nor calls of a server without a store", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t, { silence: 20 });
  server.onRequest = (request) => {
    if (request.data.method === "ping") request.ack().result(1);
  };
  const volatile = client.call("tasks.add", {}, { volatile: true, timeout: 200 });
  await assert.rejects(volatile, CallTimeoutError);
  assert.equal(server.of("call").length, 1);
  server.store = undefined;
  server.cut();
  await until(() => client.state === "connecting");
  await until(() => client.state === "connected");
  await assert.rejects(client.call("tasks.add", {}, { timeout: 200 }), CallTimeoutError);
  assert.equal(server.of("call").length, 2);
  assert.equal(await client.call("ping"), 1);
});

test("a refusal that passes is tried again, as a first request", async (t) => {
  for (const code of [111, 429, 503]) {
    const server = await FakeServer.start(t);
    const client = await server.connected(t);
    let tries = 0;
    server.onRequest = (request) => {
      if (++tries % 3 !== 0) return request.refuse(code);
      request.ack();
      return request.data.op === undefined ? request.result("in the end") : undefined;
    };
    assert.equal(await client.call("tasks.add"), "in the end");
    await client.notify("tasks.add");
    assert.equal(await client.call("tasks.add", {}, { volatile: true }), "in the end");
    assert.deepEqual(
      server.requests.map(({ data }) => data.store),
      Array.from({ length: 9 }, () => undefined),
    );
    assert.equal(new Set(server.requests.map(({ id }) => id)).size, 3);
  }
});

test("a fault of who knows whom is tried again with the store: the call may have been claimed", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  let tries = 0;
  server.onRequest = (request) => (++tries % 3 === 0 ? request.ack().result(1) : request.refuse(100));
  assert.equal(await client.call("tasks.add"), 1);
  assert.deepEqual(
    server.requests.map(({ data }) => data.store),
    [undefined, "e1", "e1"],
  );
  assert.equal(new Set(server.requests.map(({ id }) => id)).size, 1);

  // Nobody could tell whether a volatile call ran.
  tries = 0;
  await assert.rejects(client.call("tasks.add", {}, { volatile: true }), ConnectionLostError);
  assert.equal(tries, 1);
});

test("a refusal that lasts is the outcome at the deadline", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  for (const [code, Class] of [
    [111, ResourceExhaustedError],
    [503, UnavailableError],
  ] as const) {
    server.onRequest = (request) => request.refuse(code);
    const ends = [client.call.bind(client), client.notify.bind(client)].map(async (start) =>
      // Long enough for the first refusal to come on a busy machine.
      assert.rejects(start("tasks.add", {}, { timeout: 1500 }) as Promise<unknown>, Class),
    );
    await Promise.all(ends);
  }
  assert.equal(server.of("cancel").length, 0, "nothing was claimed");
  assert.equal(client.pendingCalls, 0);
});

test("a refusal of a call that may run already is no outcome", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => (request.connection === 1 ? request.cut() : request.refuse(111));
  const call = client.call("tasks.add", {}, { timeout: 400 });
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof CallTimeoutError, String(error));
    assert.ok(error.cause instanceof ResourceExhaustedError);
    return true;
  });
  const again = server.of("call").slice(1);
  assert.ok(again.length >= 1 && again.every(({ data }) => data.store === "e1"));
  await server.nth(1, "cancel");

  // One that ran for all the refusals is answered.
  server.onRequest = (request) => {
    if (request.data.method !== "tasks.slow") return;
    if (server.of("call").filter(({ data }) => data.method === "tasks.slow").length === 1) request.cut();
    else request.refuse(503).result("it ran");
  };
  assert.equal(await client.call("tasks.slow"), "it ran");
});

test("other refusals and all final replies are final", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => request.refuse(103);
  await assert.rejects(client.call("tasks.add"), PermissionDeniedError);
  server.onRequest = (request) => request.refuse(107);
  await assert.rejects(client.notify("tasks.add"), { code: 107 });
  for (const [code, Class] of [
    [429, ResourceExhaustedError],
    [503, UnavailableError],
  ] as const) {
    server.onRequest = (request) => request.ack().send({ error: { code, reason: "r", message: "m" } });
    await assert.rejects(client.call("tasks.add"), Class);
  }
  assert.equal(server.requests.length, 4);
});

test("the deadline and the signal end a call that is being sent again, with one cancel each", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t, { silence: 30 });
  const timers = ownTimers(t);
  server.onRequest = () => {};
  const controller = new AbortController();
  const outcomes = failures(
    client.call("tasks.add", {}, { timeout: 100 }),
    client.call("tasks.add", {}, { signal: controller.signal }),
  );
  await server.nth(4);
  controller.abort();
  const [late, aborted] = await outcomes;
  assert.ok(late instanceof CallTimeoutError && aborted instanceof CallAbortedError);
  await server.nth(2, "cancel");
  assert.deepEqual(
    new Set(server.of("cancel").map(({ id }) => id)),
    new Set(server.of("call").map(({ id }) => id)),
  );
  assert.equal(server.of("cancel").length, 2);
  assert.deepEqual([client.pendingCalls, timers()], [0, 0]);
  assert.equal(getEventListeners(controller.signal, "abort").length, 0);
});

test("a call whose time passes while the computer sleeps ends when it wakes", async (t) => {
  for (const clockStopped of [false, true]) {
    const server = await FakeServer.start(t);
    const client = server.client(t);
    const clock = await heldClock(t);
    await client.connect();
    server.onRequest = (request) => request.ack();
    let acks = 0;
    client.onFrame(({ kind }) => kind === "ack" && acks++);
    const outcome = failures(client.call("tasks.add", {}, { timeout: 30_000 }));
    await until(() => acks === 1);
    const gone = state(client, "connecting");
    server.cut();
    await gone;
    // Some systems hold the monotonic clock during sleep; the other then tells.
    const wall = Date.now();
    if (clockStopped) t.mock.method(Date, "now", () => wall + 3_600_000);
    else clock.jump(3_600_000);
    clock.tick(20); // for the SDK to connect
    assert.ok((await outcome)[0] instanceof CallTimeoutError);
    assert.equal(server.of("call").length, 1, "it is not sent again: the server has forgotten it");
    client.disconnect();
    t.mock.restoreAll();
    t.mock.timers.reset();
  }
});

test("a sleep leaves a call its time by the wall clock; one that is set does no other harm", async (t) => {
  const wall = Date.now.bind(Date);
  let ahead = 0;
  t.mock.method(Date, "now", () => wall() + ahead);
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  for (const [refusal, step, least, most] of [
    [undefined, 20_000, 5_000, 10_000],
    [undefined, -3_600_000, 20_000, 30_000],
    [503, 3_600_000, 20_000, 30_000],
    [503, -3_600_000, 20_000, 30_000],
  ] as const) {
    ahead += step; // before the call is made that is nothing
    server.requests.length = 0;
    server.onRequest = (request) => {
      if (server.requests.length > 1) return request.ack().result("in the end");
      ahead += step;
      return refusal === undefined ? request.cut() : request.refuse(refusal);
    };
    assert.equal(await client.call("tasks.add", {}, { timeout: 30_000 }), "in the end");
    const left = server.requests[1]?.data.timeout_ms!;
    assert.ok(left > least && left <= most, `${refusal} ${step}: ${left} ms`);
  }
});

test("a silence that is no time is refused", async (t) => {
  const server = await FakeServer.start(t);
  await assert.rejects(server.connected(t, { silence: 0 }), /RangeError: silence is 0/);
  const client = await server.connected(t, { silence: Infinity });
  assert.deepEqual(await client.call("a"), {});
});
