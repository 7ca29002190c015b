// Calls that are out when the connection drops, or whose messages get lost.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { getEventListeners } from "node:events";
import test from "node:test";

import {
  ClientClosedError,
  ConnectionLostError,
  type Frame,
  OutcomeUnknownError,
  RequestTooLargeError,
} from "../src/index.js";
import { FakeServer, type FakeRequest, ownTimers, until } from "./fake.js";
import { failures, state } from "./server.js";

test("a call whose connection drops is sent again, the same under the same id, and is answered", async (t) => {
  for (const acknowledged of [false, true]) {
    const server = await FakeServer.start(t);
    const client = await server.connected(t);
    server.onRequest = (request) => {
      if (request.connection > 1) return request.ack().result({ n: 1 });
      if (!acknowledged) return request.cut();
      return request.ack();
    };
    const acked = new Promise<void>((resolve) => {
      client.onFrame(({ kind }) => kind === "ack" && resolve());
    });
    const call = client.call("tasks.add", { text: "é", n: 1e21, list: [null] });
    if (acknowledged) {
      await acked;
      server.cut();
    }
    assert.deepEqual(await call, { n: 1 });
    const [first, second] = server.requests;
    assert.equal(server.requests.length, 2);
    assert.deepEqual(
      { ...second?.data, timeout_ms: 0 },
      { ...first?.data, timeout_ms: 0, store: "e1" },
      "the first names no store",
    );
    assert.ok(second!.data.timeout_ms! <= first!.data.timeout_ms! && second!.data.timeout_ms! > 1000);
    assert.equal(client.pendingCalls, 0);
  }
});

test("the store and the limit may come with the reply channel, as behind Centrifugo", async (t) => {
  const server = await FakeServer.start(t);
  server.behindCentrifugo = true;
  server.maxMessageSize = 3000;
  const client = await server.connected(t);
  await assert.rejects(client.call("tasks.add", { text: "x".repeat(3000) }), RequestTooLargeError);
  server.onRequest = (request) => (request.connection === 1 ? request.ack().cut() : request.ack().result(7));
  assert.equal(await client.call("tasks.add"), 7);
  assert.deepEqual(
    server.requests.map(({ data }) => data.store),
    [undefined, "e1"],
  );
});

test("a call is sent again after each of several drops, with the store of the first", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => {
    server.store = `e${request.connection + 1}`;
    if (request.connection < 4) request.cut();
    else request.ack().result(request.data.store);
  };
  assert.equal(await client.call("tasks.add"), "e1");
  assert.deepEqual(
    server.requests.map(({ data }) => data.store),
    [undefined, "e1", "e1", "e1"],
  );
});

test("a call that waited for a connection is sent for the first time", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const gone = state(client, "connecting");
  server.cut();
  await gone;
  assert.deepEqual(await client.call("tasks.add"), {});
  assert.equal(server.requests[0]?.data.store, undefined);
});

test("a server whose memory is new answers that the outcome is unknown", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => {
    if (request.data.store === undefined) {
      server.store = "e2";
      return request.cut();
    }
    assert.equal(request.data.store, "e1");
    if (request.data.op === "notify") return request.refuse(520);
    return request.ack().send({ error: { code: 520, reason: "outcome_unknown", message: "gone" } });
  };
  await assert.rejects(client.call("tasks.add"), OutcomeUnknownError);
  server.cut();
  server.store = "e1";
  await until(() => client.state === "connecting");
  await until(() => client.state === "connected");
  await assert.rejects(client.notify("tasks.add"), OutcomeUnknownError);
});

test("what the server cannot tell about is not sent again: no store, volatile", async (t) => {
  const server = await FakeServer.start(t);
  server.store = undefined;
  server.onRequest = (request) => request.ack();
  const client = await server.connected(t);
  const outcomes = failures(
    client.call("tasks.add"),
    client.call("tasks.add", {}, { volatile: true }),
    client.stream("tasks.all").result,
  );
  await server.nth(3);
  server.cut();
  for (const error of await outcomes) assert.ok(error instanceof ConnectionLostError, String(error));

  server.store = "e1";
  await until(() => client.state === "connected");
  server.cut();
  await until(() => client.state === "connecting");
  await until(() => client.state === "connected");
  const volatile = failures(client.call("tasks.add", {}, { volatile: true }));
  await server.nth(4);
  server.cut();
  assert.ok((await volatile)[0] instanceof ConnectionLostError);

  // The store goes away while the connection is down.
  await until(() => client.state === "connected");
  const lost = failures(client.call("tasks.add"));
  await server.nth(5);
  server.store = undefined;
  server.cut();
  assert.ok((await lost)[0] instanceof ConnectionLostError);
  assert.equal(server.requests.length, 5);
});

test("idempotent calls are sent again in any case", async (t) => {
  for (const options of [{ idempotent: true }, { idempotent: true, volatile: true }]) {
    for (const store of [undefined, "e1"]) {
      const server = await FakeServer.start(t);
      server.store = store;
      const client = await server.connected(t);
      server.onRequest = (request) =>
        request.connection === 1 ? request.cut() : request.ack().result("twice");
      assert.equal(await client.call("tasks.read", {}, options), "twice");
      assert.equal(server.requests.length, 2);
    }
  }
});

test("a notification is sent again until it is acknowledged, and no more then", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => (request.connection === 1 ? request.cut() : request.ack());
  await client.notify("cursor.move", { x: 1 });
  const [first, second] = server.requests;
  assert.equal(first?.id, second?.id);
  assert.equal(second?.data.store, "e1");
  assert.ok(second!.data.timeout_ms! > 1000, "the server is to remember it as long as it may come again");
  server.cut();
  await until(() => client.state === "connecting");
  await until(() => client.state === "connected");
  await client.notify("cursor.move", { x: 2 });
  assert.equal(server.requests.length, 3);

  server.onRequest = (request) => request.cut();
  await assert.rejects(client.notify("cursor.move", {}, { volatile: true }), ConnectionLostError);
});

test("500 calls are sent again after a drop, some at a time and in frames that the server takes", async (t) => {
  const server = await FakeServer.start(t);
  server.maxMessageSize = 4096;
  const client = await server.connected(t);
  server.onRequest = () => {};
  const text = "x".repeat(200);
  const calls = Array.from({ length: 500 }, (_, i) => client.call("tasks.add", { i, text }));
  await server.nth(500);
  server.requests.length = 0;
  let most = 0;
  const runs = new Map<string, number>();
  server.onRequest = (request) => {
    runs.set(request.id, (runs.get(request.id) ?? 0) + 1);
    const out = server.requests.filter(({ acknowledged }) => !acknowledged).length;
    most = Math.max(most, out);
    assert.ok(out <= 32, `${out} are out`);
    setImmediate(() => request.ack().result((request.data.params as { i: number }).i));
  };
  server.cut();
  assert.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 500 }, (_, i) => i),
  );
  assert.ok(most > 10, String(most));
  assert.equal(runs.size, 500);
  assert.ok([...runs.values()].every((count) => count === 1));
  assert.ok(server.frames.every((size) => size <= 4096));
  assert.equal(client.pendingCalls, 0);
});

test("calls that are sent again go on after a second where no acknowledgement comes", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = () => {};
  const calls = Array.from({ length: 40 }, () => client.call("tasks.add"));
  await server.nth(40);
  server.cut();
  await server.nth(72);
  const last = await server.nth(80);
  assert.ok(last.at - server.requests[71]!.at >= 900);
  for (const request of server.requests.slice(40)) request.result(1);
  await Promise.all(calls);
});

test("a reply overtakes its acknowledgement, comes twice, or is somebody else's", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  server.onRequest = (request) => {
    request.result("first").result("second");
    server.publish({ correlation_id: "unknown", result: "other" });
    request.ack();
  };
  assert.equal(await client.call("tasks.add"), "first");
  server.onRequest = (request) => request.result("no acknowledgement");
  assert.equal(await client.call("tasks.add"), "no acknowledgement");
  assert.equal(client.pendingCalls, 0);
});

test("disconnect() fails all at once, whatever they wait for, and leaves nothing behind", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t, { silence: 50 });
  const timers = ownTimers(t);
  await client.call("a");
  server.onRequest = (request) => {
    if (request.data.method === "refused") request.refuse(111);
    if (request.data.method === "acked") request.ack();
  };
  const controller = new AbortController();
  const { signal } = controller;
  const stream = client.stream("items", {}, { signal });
  const outcomes = failures(
    client.call("silent", {}, { signal }),
    client.call("refused", {}, { signal }),
    client.call("acked", {}, { signal }),
    client.notify("silent", {}, { signal }),
    stream.result,
    stream[Symbol.asyncIterator]().next(),
  );
  await server.nth(8);
  assert.ok(timers() > 0);
  client.disconnect();
  for (const error of await outcomes) assert.ok(error instanceof ClientClosedError, String(error));
  assert.deepEqual([client.pendingCalls, timers()], [0, 0]);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("a frame callback may end the client in the midst of a request", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const timers = ownTimers(t);
  client.onFrame(() => client.disconnect());
  await assert.rejects(client.call("a"), ClientClosedError);
  assert.deepEqual([client.pendingCalls, timers()], [0, 0]);
});

test("frames tell of a call that is sent again", async (t) => {
  const server = await FakeServer.start(t);
  const client = await server.connected(t);
  const frames: Frame[] = [];
  client.onFrame((frame) => frames.push(frame));
  server.onRequest = (request) => {
    if (request.connection === 1) request.cut();
    else
      request
        .ack()
        .send({ progress: { done: 1 } })
        .result(1);
  };
  await client.call("a");
  assert.deepEqual(
    frames.map(({ kind }) => kind),
    ["publish", "resend", "ack", "progress", "reply"],
  );
  assert.equal(frames[1]?.correlationId, frames[0]?.correlationId);
  assert.equal((frames[1]?.data as { store: string }).store, "e1");
});

test("progress reaches the handler, whose exceptions are reported", async (t) => {
  const server = await FakeServer.start(t);
  const reported: unknown[] = [];
  const client = await server.connected(t, { onError: (error) => reported.push(error) });
  server.onRequest = (request) => {
    request.ack().send({ progress: { done: 1, total: 2, message: "half" } });
    request
      .send({ progress: { done: 2 } })
      .result("done")
      .send({ progress: { done: 3 } });
  };
  const seen: unknown[] = [];
  const onProgress = (progress: unknown) => {
    seen.push(progress);
    throw new Error("mine");
  };
  assert.equal(await client.call("a", {}, { onProgress }), "done");
  assert.equal(await client.call("a"), "done");
  assert.deepEqual(seen, [{ done: 1, total: 2, message: "half" }, { done: 2 }]);
  assert.equal(reported.length, 2);
});

test("whatever happens to the messages, each call is answered once and runs once", async (t) => {
  // A server with a memory, on a line that loses, repeats and cuts.
  const server = await FakeServer.start(t);
  const client = await server.connected(t, { silence: 15 });
  const timers = ownTimers(t);
  const results = new Map<string, unknown>();
  const runs = new Map<unknown, number>();
  let seed = 7;
  const chance = (of: number) => (seed = (seed * 48271) % 2147483647) % of === 0;
  const serve = (request: FakeRequest) => {
    if (chance(6)) return; // lost on the way
    if (chance(9)) return request.refuse(111);
    if (request.data.op === "ack") return request.ack();
    const { i } = request.data.params as { i: number };
    if (!results.has(request.id)) {
      results.set(request.id, i);
      runs.set(i, (runs.get(i) ?? 0) + 1);
    }
    if (!chance(5)) request.ack();
    if (!chance(4)) request.result(results.get(request.id));
    if (chance(5)) request.result(results.get(request.id));
    return chance(40) ? request.cut() : undefined;
  };
  server.onRequest = serve;
  const calls = Array.from({ length: 300 }, (_, i) => client.call("a", { i, salt: randomUUID() }));
  assert.deepEqual(
    await Promise.all(calls),
    Array.from({ length: 300 }, (_, i) => i),
  );
  assert.ok(server.connections > 1);
  assert.ok([...runs.values()].every((count) => count === 1));
  client.disconnect();
  assert.deepEqual([client.pendingCalls, timers()], [0, 0]);
});

test("calls, notifications and streams say their place in the caller's trace, also when sent again", async (t) => {
  const place = (n: number) => `00-4bf92f3577b34da6a3ce929d0e0e4736-000000000000000${n}-01`;
  const server = await FakeServer.start(t);
  let now: string | undefined = place(1);
  const errors: unknown[] = [];
  const client = await server.connected(t, {
    traceparent: () => {
      if (now === "broken") throw new Error("no trace today");
      return now;
    },
    onError: (error) => errors.push(error),
  });
  server.onRequest = (request) =>
    server.requests.length % 2 === 1 ? request.cut() : request.ack().result({});
  const ways: ((options?: { traceparent: string }) => Promise<unknown>)[] = [
    (options) => client.call("do", {}, options),
    (options) => client.notify("do", {}, options),
    async (options) => (await client.stream("do", {}, options).result) as unknown,
  ];
  for (const way of ways) {
    const said: (string | undefined)[] = [];
    const ask = async (options?: { traceparent: string }) => {
      server.requests.length = 0;
      const asked = way(options);
      now = place(9); // it had its place when it was made
      await asked;
      said.push(
        ...server.requests.slice(0, 2).map(({ data }) => (data as { traceparent?: string }).traceparent),
      );
    };
    now = place(1);
    await ask();
    now = place(1);
    await ask({ traceparent: place(2) });
    await ask({ traceparent: "rubbish" });
    now = undefined;
    await ask();
    now = "broken";
    await ask();
    const none = undefined;
    assert.deepEqual(said, [place(1), place(1), place(2), place(2), none, none, none, none, none, none]);
  }
  assert.equal(errors.length, ways.length);
  assert.match(String(errors[0]), /no trace today/);
});
