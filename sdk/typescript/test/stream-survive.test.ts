// Streams over lost connections and lost acknowledgements.

import assert from "node:assert/strict";
import test from "node:test";

import { FakeServer, numbers, take, until } from "./fake.js";

test("items are acknowledged as the application takes them, 64 at once or after a while", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => {
    request.ack();
    if (request.data.op === undefined) for (const i of numbers(200)) request.item(i);
  };
  let items = 0;
  client.onFrame(({ kind }) => kind === "item" && items++);
  const stream = client.stream<number>("tasks.all");
  await until(() => items === 200);
  assert.equal(server.of("ack").length, 0, "nothing was taken");
  const iterator = stream[Symbol.asyncIterator]();
  for (const i of numbers(64)) assert.equal((await iterator.next()).value, i);
  assert.equal((await server.nth(1, "ack")).data.seq, 63);
  for (const i of numbers(3)) assert.equal((await iterator.next()).value, 64 + i);
  const taken = performance.now();
  const later = await server.nth(2, "ack");
  assert.equal(later.data.seq, 66);
  assert.ok(later.at - taken > 200);
  for (const i of numbers(133)) assert.equal((await iterator.next()).value, 67 + i);
  assert.equal((await server.nth(4, "ack")).data.seq, 194);
  server.of("call")[0]!.send({ seq: 200, result: "end" });
  assert.equal((await iterator.next()).done, true);
  assert.equal((await server.nth(5, "ack")).data.seq, 199, "the end says that all are here");
});

test("items are acknowledged soon if all that came was taken: the server may wait at its bound of bytes", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => request.ack();
  const iterator = client.stream<number>("tasks.all")[Symbol.asyncIterator]();
  const call = await server.nth(1, "call");
  const began = performance.now();
  for (const round of numbers(8)) {
    for (const i of numbers(10)) call.item(10 * round + i);
    for (const i of numbers(10)) assert.equal((await iterator.next()).value, 10 * round + i);
    assert.equal((await server.nth(round + 1, "ack")).data.seq, 10 * round + 9);
  }
  assert.ok(performance.now() - began < 8 * 250, "not once in 250 ms");
  call.send({ seq: 80, result: "end" });
  assert.equal((await iterator.next()).done, true);
});

test("a stream whose connection drops goes on where it was", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => {
    if (request.data.op !== undefined) return request.ack();
    const next = request.data.seq ?? 0;
    request.ack();
    for (const i of numbers(10)) if (i >= next && i < 3 * request.connection) request.item(i);
    if (request.connection === 4) return request.send({ seq: 10, result: "end" });
    return undefined;
  };
  const stream = client.stream<number>("tasks.all", { a: 1 });
  const items: number[] = [];
  for await (const item of stream) {
    items.push(item);
    if (item === 2 || item === 5 || item === 8) server.cut();
  }
  assert.deepEqual(items, numbers(10));
  assert.equal(await stream.result, "end");
  const calls = server.of("call");
  assert.deepEqual(
    calls.map(({ data }) => data.seq),
    [undefined, 3, 6, 9],
  );
  assert.deepEqual(
    calls.map(({ data }) => data.store),
    [undefined, "e1", "e1", "e1"],
  );
  assert.equal(new Set(calls.map(({ id }) => id)).size, 1);
});

test("acknowledgements that were lost with a connection are said again", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  let acks = 0;
  server.onRequest = (request) => {
    if (request.data.op === undefined) {
      request.ack();
      if (request.connection === 1) for (const i of numbers(70)) request.item(i);
      return;
    }
    if (++acks === 1) return request.cut();
    if (acks === 2) return request.refuse(111);
    // With room for more, the handler goes on.
    return request.ack().item(70).send({ seq: 71, result: "end" });
  };
  assert.deepEqual(await take(client.stream<number>("tasks.all")), numbers(71));
  await server.nth(4, "ack");
  assert.deepEqual(
    server.of("ack").map(({ data }) => data.seq),
    [63, 69, 69, 70],
  );
});

test("the acknowledgement for which the server holds a full window is said again when it is lost", async (t) => {
  for (const how of ["with the connection", "alone"]) {
    const server = await FakeServer.start(t);
    const client = await server.connected(t, { silence: 100 });
    let lost = false;
    server.onRequest = (request) => {
      const { op, seq } = request.data;
      if (op === undefined) {
        request.ack();
        if (seq === undefined) for (const i of numbers(256)) request.item(i);
        else assert.ok(seq === 256 && lost);
      } else if (seq === 255 && !lost) {
        lost = true;
        if (how !== "alone") request.cut();
      } else {
        request.ack();
        if (seq === 255) request.item(256).send({ seq: 257, result: "end" });
      }
    };
    assert.deepEqual(await take(client.stream<number>("tasks.all")), numbers(257));
    assert.ok(server.of("call").length >= 2);
  }
});

test("a stream of which nothing is heard is asked for again, from what is missing", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t, { silence: 30 });
  server.onRequest = (request) => {
    if (request.data.op !== undefined) return;
    if (server.of("call").length === 1) request.ack().item(0).item(1);
    else request.ack().item(2).send({ seq: 3, result: "end" });
  };
  assert.deepEqual(await take(client.stream("tasks.all")), [0, 1, 2]);
  assert.equal(server.of("call")[1]?.data.seq, 2);
  assert.equal(server.connections, 1);
});
