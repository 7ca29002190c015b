// What the server is told of replies that have arrived.

import assert from "node:assert/strict";
import test from "node:test";

import { FakeServer, ownTimers, until } from "./fake.js";

test("received replies are named in the next request, and flushed when there is none", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  await client.call("a");
  await client.call("b");
  const [a, b] = server.requests;
  assert.equal(a?.data.received, undefined);
  assert.deepEqual(b?.data.received, [a?.id]);
  await client.notify("c");
  assert.deepEqual(server.requests[2]?.data.received, [b?.id]);
  await client.call("d", {}, { volatile: true });
  await client.call("e");
  assert.equal(server.requests[4]?.data.received, undefined, "neither notifications nor volatile calls");
  const flushed = await server.nth(1, "ack");
  const e = server.requests[4]!;
  assert.deepEqual(flushed.data, { op: "ack", correlation_id: e.id, received: [e.id] });
  assert.ok(flushed.at - e.at >= 900, "after a second");
  assert.equal(client.pendingCalls, 0);
});

test("many received replies are flushed at once, 64 in a request", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const timers = ownTimers(t);
  await Promise.all(Array.from({ length: 200 }, () => client.call("a")));
  const done = performance.now();
  await until(() => server.of("ack").flatMap(({ data }) => data.received!).length >= 192);
  assert.ok(performance.now() - done < 900);
  for (const { data } of server.of("ack")) {
    assert.ok(data.received!.length <= 64);
    assert.equal(data.correlation_id, data.received![0]);
  }
  const ids = () => server.requests.flatMap(({ data }) => data.received ?? []);
  await until(() => ids().length === 200);
  assert.deepEqual(new Set(ids()), new Set(server.of("call").map(({ id }) => id)));
  assert.equal(timers(), 0);
});

test("received replies wait for a connection, and are forgotten with the store they were in", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const reconnect = async () => {
    server.cut();
    await until(() => client.state === "connecting");
    await until(() => client.state === "connected");
  };
  await client.call("a");
  await reconnect();
  await client.call("b");
  assert.deepEqual(server.requests[1]?.data.received, [server.requests[0]?.id]);
  server.store = "e2";
  await reconnect();
  await client.call("c");
  assert.equal(server.requests[2]?.data.received, undefined);
});

test("received replies do not make a request too large", async (t) => {
  const server = await FakeServer.start(t);
  server.maxMessageSize = 2048;
  const client = await server.connected(t);
  await Promise.all(Array.from({ length: 60 }, () => client.call("a")));
  server.requests.length = 0;
  await client.call("a", { text: "x".repeat(1500) });
  assert.ok(server.of("call")[0]!.data.received!.length < 10);
  await until(() => server.requests.flatMap(({ data }) => data.received ?? []).length >= 60);
  assert.ok(
    server.frames.every((size) => size <= 2048),
    String(Math.max(...server.frames)),
  );
});
