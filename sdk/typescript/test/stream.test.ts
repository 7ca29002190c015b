// Streams: items once and in order, whatever happens to the messages.

import assert from "node:assert/strict";
import test from "node:test";

import {
  CallAbortedError,
  CallTimeoutError,
  ClientClosedError,
  ClientError,
  ConnectionLostError,
  type Frame,
  InvalidParamsError,
  NotConnectedError,
  NotFoundError,
  OutcomeUnknownError,
  type RPCStream,
} from "../src/index.js";
import { FakeServer, numbers, ownTimers, take, until } from "./fake.js";
import { failures } from "./server.js";

test("a stream gives its items in order, and then its result", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const timers = ownTimers(t);
  server.onRequest = (request) => {
    request.ack();
    if (request.data.op !== undefined) return;
    for (const i of numbers(10)) request.item(i, i === 3 ? null : { i });
    request.send({ seq: 10, result: { sent: 10 } });
  };
  const stream: RPCStream<{ i: number } | null, { sent: number }> = client.stream("tasks.all", { a: 1 });
  assert.deepEqual(
    await take(stream),
    numbers(10).map((i) => (i === 3 ? null : { i })),
  );
  assert.deepEqual(await stream.result, { sent: 10 });
  const [request] = server.requests;
  assert.deepEqual(request?.data, {
    method: "tasks.all",
    params: { a: 1 },
    correlation_id: request?.id,
    reply_to: "user#ada",
    timeout_ms: request?.data.timeout_ms,
  });
  // The server keeps items and reply until it hears that they are here.
  const ack = await server.nth(1, "ack");
  assert.deepEqual(ack.data, { op: "ack", correlation_id: request?.id, seq: 9, received: [request?.id] });
  assert.deepEqual([client.pendingCalls, timers()], [0, 0]);
  assert.throws(() => stream[Symbol.asyncIterator](), ClientError);
});

test("a stream may have no items, or be none at all", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  for (const end of [{ seq: 0, result: null }, { result: null }]) {
    server.onRequest = (request) => request.ack().send(end);
    const stream = client.stream("tasks.all");
    assert.deepEqual(await take(stream), []);
    assert.equal(await stream.result, null);
  }
  assert.equal(server.of("ack").length, 0);
});

test("items that come twice are given once; items for a call are ignored", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => {
    for (const i of [0, 1, 0, 1, 2, 2, 0, 3]) request.item(i);
    request.ack().send({ item: "no number" }).send({ seq: -1, item: "-1" });
    request.send({ seq: 4, result: "end" }).send({ seq: 4, result: "end again" }).item(4);
  };
  const stream = client.stream("tasks.all");
  assert.deepEqual(await take(stream), numbers(4));
  assert.equal(await stream.result, "end");
  assert.equal(await client.call("tasks.all"), "end");
  assert.equal(client.pendingCalls, 0);
});

test("missing items are asked for, not too often, until they come", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const timers = ownTimers(t);
  const asked: number[] = [];
  server.onRequest = (request) => {
    request.ack();
    if (request.data.op === undefined) for (const i of [0, 1, 3, 4, 6, 7]) request.item(i);
    if (request.data.op !== "resume") return;
    assert.equal(request.data.reply_to, "user#ada");
    asked.push(request.data.seq!);
    if (asked.length === 3) for (const i of [2, 3, 4]) request.item(i);
    if (asked.length === 4) for (const i of [5, 6, 7]) request.item(i);
    if (asked.length === 4) request.send({ seq: 8, result: "end" });
  };
  const stream = client.stream("tasks.all");
  assert.deepEqual(await take(stream), numbers(8));
  assert.equal(await stream.result, "end");
  assert.deepEqual(asked, [2, 2, 2, 5]);
  const times = server.of("resume").map(({ at }) => at);
  for (let i = 1; i < times.length; i++) assert.ok(times[i]! - times[i - 1]! > 200, String(times));
  assert.equal(timers(), 0);
});

test("an end waits for the items before it", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => {
    request.ack();
    if (request.data.op === undefined) request.item(0).send({ seq: 3, result: "end" });
    if (request.data.op === "resume") request.item(1).item(2).send({ seq: 3, result: "end" });
  };
  const stream = client.stream("tasks.all");
  assert.deepEqual(await take(stream), [0, 1, 2]);
  assert.equal(await stream.result, "end");
  assert.deepEqual(
    server.of("resume").map(({ data }) => data.seq),
    [1],
  );
});

test("an error comes after the items before it; one without a number at once", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const end = (code: number, seq?: number) => ({
    ...(seq === undefined ? {} : { seq }),
    error: { code, reason: "r", message: "m", details: [] },
  });
  const read = async () => {
    const items: unknown[] = [];
    const stream = client.stream("tasks.all");
    const iterator = stream[Symbol.asyncIterator]();
    for (;;) {
      try {
        const next = await iterator.next();
        assert.ok(!next.done);
        items.push(next.value);
      } catch (error) {
        assert.deepEqual(await iterator.next(), { done: true, value: undefined }, "it is thrown once");
        assert.deepEqual(await failures(stream.result), [error]);
        return { items, error };
      }
    }
  };
  server.onRequest = (request) => {
    request.ack();
    if (request.data.op === undefined) request.item(0).item(2).send(end(404, 3));
    if (request.data.op === "resume") request.item(1).item(2);
  };
  const gap = await read();
  assert.deepEqual(gap.items, [0, 1, 2]);
  assert.ok(gap.error instanceof NotFoundError);

  server.onRequest = (request) => request.ack().item(0).item(1).item(3).send(end(520));
  const gone = await read();
  assert.deepEqual(gone.items, [0, 1], "what is in order");
  assert.ok(gone.error instanceof OutcomeUnknownError);

  server.onRequest = (request) => request.ack().send(end(400));
  assert.ok((await read()).error instanceof InvalidParamsError);

  // The end is there, and then the server that had the items dies.
  server.onRequest = (request) => {
    request.ack();
    if (request.data.op === undefined) request.item(0).item(2).send({ seq: 4, result: "end" });
    if (request.data.op === "resume") request.send(end(520));
  };
  const dead = await read();
  assert.deepEqual(dead.items, [0]);
  assert.ok(dead.error instanceof OutcomeUnknownError);
  assert.equal(client.pendingCalls, 0);
});

test("what is missing behind the end is asked for after a reconnect", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  let asked = 0;
  server.onRequest = (request) => {
    if (request.data.op === undefined && request.data.seq === undefined) {
      request.ack().item(0).send({ seq: 3, result: "end" });
    } else if (request.data.op === undefined) {
      request.ack().send({ seq: 3, result: "end" }); // this server knows the reply only
    } else if (request.data.op === "resume") {
      asked++;
      if (asked === 1) request.cut();
      else request.ack().item(1).item(2);
    }
  };
  const stream = client.stream("tasks.all");
  assert.deepEqual(await take(stream), [0, 1, 2]);
  assert.equal(await stream.result, "end");
  assert.ok(asked > 1);
});

test("leaving a loop early cancels the call, once", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const timers = ownTimers(t);
  server.onRequest = (request) => {
    request.ack();
    if (request.data.op === undefined) for (const i of numbers(100)) request.item(i);
  };
  const left = client.stream<number>("tasks.all");
  assert.deepEqual(await take(left, 3), [0, 1, 2]);
  await assert.rejects(left.result, CallAbortedError);
  const thrown = client.stream<number>("tasks.all");
  await assert.rejects(async () => {
    for await (const item of thrown) if (item === 5) throw new Error("mine");
  }, /mine/);
  await server.nth(2, "cancel");
  await client.call("tasks.all", {}, { timeout: 30 }).catch(() => {});
  await server.nth(3, "cancel");
  assert.deepEqual(
    server.of("cancel").map(({ id }) => id),
    server.of("call").map(({ id }) => id),
  );
  assert.deepEqual([client.pendingCalls, timers()], [0, 0]);

  // A loop that waits for an item is let go as well.
  server.onRequest = (request) => request.ack();
  const iterator = client.stream("tasks.all")[Symbol.asyncIterator]();
  const waiting = iterator.next();
  assert.deepEqual(await iterator.return!(), { done: true, value: undefined });
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.equal(client.pendingCalls, 0);
});

test("leaving after the end cancels nothing", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => {
    request.ack();
    if (request.data.op === undefined) request.item(0).item(1).send({ seq: 2, result: "end" });
  };
  const stream = client.stream("tasks.all");
  assert.equal(await stream.result.then(() => client.pendingCalls), 0);
  const other = client.stream("tasks.all");
  const iterator = other[Symbol.asyncIterator]();
  await until(() => client.pendingCalls === 0);
  assert.equal((await iterator.next()).value, 0);
  await iterator.return!();
  assert.equal((await iterator.next()).done, true);
  assert.equal(await other.result, "end");
  assert.equal(server.of("cancel").length, 0);
});

test("cancel(), signals, deadlines, drops and disconnect() end a stream at once", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const timers = ownTimers(t);
  server.onRequest = (request) => {
    request.ack();
    if (request.data.op === undefined) request.item(0).item(1);
  };
  const controller = new AbortController();
  const rows: [RPCStream, () => unknown, typeof ClientError][] = [];
  let cancels = 0;
  const cancelled = client.stream("tasks.all");
  rows.push([cancelled, () => cancelled.cancel(), CallAbortedError]);
  rows.push([
    client.stream("tasks.all", {}, { signal: controller.signal }),
    () => controller.abort(),
    CallAbortedError,
  ]);
  rows.push([client.stream("tasks.all", {}, { timeout: 150 }), () => {}, CallTimeoutError]);
  rows.push([client.stream("tasks.all", {}, { volatile: true }), () => server.cut(), ConnectionLostError]);
  rows.push([client.stream("tasks.all"), () => client.disconnect(), ClientClosedError]);
  let items = 0;
  client.onFrame(({ kind }) => kind === "item" && items++);
  await until(() => items === 10);
  for (const [stream, end, Class] of rows) {
    const iterator = stream[Symbol.asyncIterator]();
    assert.equal((await iterator.next()).value, 0);
    end();
    await assert.rejects(stream.result, Class);
    await assert.rejects(iterator.next(), Class, "the item that waits is dropped");
    if (Class === CallAbortedError || Class === CallTimeoutError) await server.nth(++cancels, "cancel");
    if (Class === ConnectionLostError) await until(() => client.state === "connected");
  }
  assert.deepEqual([client.pendingCalls, timers()], [0, 0]);
  assert.equal(server.of("cancel").length, 3);
});

test("the result may be awaited without the items, or before them", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const sent = new Map<string, number>();
  server.onRequest = (request) => {
    request.ack();
    // The handler is held up while 256 items are out.
    const upTo = request.data.op === undefined ? 256 : request.data.seq! + 257;
    const call = server.of("call").find(({ id }) => id === request.id)!;
    let next = sent.get(request.id) ?? 0;
    for (; next < Math.min(upTo, 400); next++) call.item(next);
    sent.set(request.id, next);
    if (next === 400) call.send({ seq: 400, result: "end" });
  };
  const stream = client.stream("tasks.all");
  assert.equal(await stream.result, "end");
  assert.throws(() => stream[Symbol.asyncIterator](), /were dropped/);
  assert.equal(await stream.result, "end");

  const both = client.stream<number>("tasks.all");
  const [result, items] = await Promise.all([both.result, take(both)]);
  assert.equal(result, "end");
  assert.deepEqual(items, numbers(400));

  // What came before the result was asked for is dropped, too.
  let seen = 0;
  client.onFrame(({ kind }) => kind === "item" && seen++);
  const late = client.stream("tasks.all");
  await until(() => seen === 256);
  assert.equal(await late.result, "end");
});

test("a result that nobody asks for disturbs nobody", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));
  server.onRequest = (request) => request.refuse(103);
  const stream = client.stream("tasks.all");
  void stream.result;
  await until(() => client.pendingCalls === 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(unhandled, []);
});

test("a stream that cannot be started says so in its iteration and its result", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const large = client.stream("tasks.all", { text: "x".repeat(70_000) });
  await assert.rejects(take(large), /RequestTooLargeError/);
  await assert.rejects(client.stream("tasks.all", {}, { timeout: -1 }).result, RangeError);
  await assert.rejects(
    client.stream("tasks.all", {}, { signal: AbortSignal.abort() }).result,
    CallAbortedError,
  );
  client.disconnect();
  const stream = client.stream("tasks.all");
  await assert.rejects(take(stream), NotConnectedError);
  await assert.rejects(stream.result, NotConnectedError);
  assert.equal(server.requests.length, 0);
});

test("frames and progress tell of a stream", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => {
    request.ack();
    if (request.data.op !== undefined) return;
    request
      .item(0, "x")
      .send({ progress: { done: 1 } })
      .send({ seq: 1, result: "end" });
  };
  const frames: Frame[] = [];
  client.onFrame((frame) => frames.push(frame));
  const progress: unknown[] = [];
  const stream = client.stream("tasks.all", {}, { onProgress: (step) => progress.push(step) });
  assert.deepEqual(await take(stream), ["x"]);
  assert.equal(await stream.result, "end");
  assert.deepEqual(progress, [{ done: 1 }]);
  assert.deepEqual(
    frames.map(({ kind }) => kind),
    ["publish", "ack", "item", "progress", "reply"],
  );
  assert.deepEqual(frames[2]?.data, { correlation_id: frames[0]?.correlationId, seq: 0, item: "x" });
});

test("whatever happens to the messages, each item is given once and in order", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t, { silence: 40 });
  const timers = ownTimers(t);
  const total = 400;
  const acknowledged = new Map<string, number>();
  let seed = 11;
  const chance = (of: number) => (seed = (seed * 48271) % 2147483647) % of === 0;
  server.onRequest = (request) => {
    if (chance(8)) return; // lost on the way
    request.ack();
    const { op, seq } = request.data;
    if (op === "ack" && seq !== undefined)
      acknowledged.set(request.id, Math.max(seq, acknowledged.get(request.id) ?? -1));
    const from = op === "ack" ? undefined : (seq ?? 0);
    const room = (acknowledged.get(request.id) ?? -1) + 257;
    for (let i = from ?? room - 64; i < Math.min(total, room); i++) {
      if (chance(40)) continue;
      request.item(i, `item ${i}`);
      if (chance(10)) request.item(i, `item ${i}`);
    }
    if (room > total && !chance(3)) request.send({ seq: total, result: "end" });
    if (chance(10)) request.cut();
  };
  const streams = Array.from({ length: 5 }, () => client.stream<string>("tasks.all"));
  for (const items of await Promise.all(streams.map((stream) => take(stream))))
    assert.deepEqual(
      items,
      numbers(total).map((i) => `item ${i}`),
    );
  assert.ok(server.connections > 1 && server.of("resume").length > 0);
  client.disconnect();
  assert.deepEqual([client.pendingCalls, timers()], [0, 0]);
});
