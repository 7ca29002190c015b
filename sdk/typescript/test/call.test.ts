import assert from "node:assert/strict";
import test from "node:test";

import {
  CallAbortedError,
  CallTimeoutError,
  CentrifugoRPCClient,
  ClientClosedError,
  ClientError,
  ConnectionLostError,
  type Frame,
  InvalidParamsError,
  NotConnectedError,
  OutcomeUnknownError,
  PermissionDeniedError,
  RequestTooLargeError,
  ResourceExhaustedError,
  ServerError,
  UnavailableError,
} from "../src/index.js";
import { TestServer, failures, frame, state, vectors } from "./server.js";

test("a call gives the result", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const params = { text: "é\u2028", list: [1, null, { a: true }], n: 1.5 };
  assert.deepEqual(await client.call("echo", params), params);
  assert.deepEqual(await client.call("echo"), {});
  assert.deepEqual(await client.call("echo", null), {});
  assert.deepEqual(await client.call("whoami").then((who) => (who as { user: string }).user), "alice");
  const [first] = await server.envelopes();
  assert.equal(first?.data.reply_to, "user#alice");
  assert.ok(first?.data.timeout_ms! > 9_000 && first?.data.timeout_ms! <= 10_000);
  assert.equal(client.pendingCalls, 0);
});

test("many calls at once share frames and keep their answers apart", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const results = await Promise.all(Array.from({ length: 500 }, (_, i) => client.call("echo", { i })));
  assert.deepEqual(
    results,
    Array.from({ length: 500 }, (_, i) => ({ i })),
  );
  assert.equal(client.pendingCalls, 0);
});

test("params are sent as they were when the call was made", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const params = { a: 1 };
  const call = client.call("echo", params);
  params.a = 2;
  assert.deepEqual(await call, { a: 1 });
});

test("error replies arrive as the class of their code", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  for (const { code, reason, class: name } of vectors<{ code: number; reason: string; class: string }[]>(
    "codes",
  )) {
    await assert.rejects(client.call("fail", { code, message: "why", details: [1] }), (error) => {
      assert.ok(error instanceof ServerError);
      assert.deepEqual([error.name, error.code, error.reason, error.message], [name, code, reason, "why"]);
      assert.deepEqual(error.details, [1]);
      return true;
    });
  }
  await assert.rejects(client.call("fail", { code: 1001, reason: "quota_exceeded", details: { limit: 3 } }), {
    name: "ServerError",
    code: 1001,
    reason: "quota_exceeded",
    details: { limit: 3 },
  });
  assert.equal(client.pendingCalls, 0);
});

test("every reply of the vectors settles its call, or is ignored", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  type Vector = { name: string; data: unknown; final?: boolean; result?: unknown; error?: object };
  for (const vector of vectors<Vector[]>("replies")) {
    const call = client.call("reply", { envelope: vector.data }, { timeout: vector.final ? 5000 : 60 });
    if (vector.error !== undefined) await assert.rejects(call, vector.error, vector.name);
    else if (vector.final) assert.deepEqual(await call, vector.result, vector.name);
    else await assert.rejects(call, CallTimeoutError, vector.name);
  }
  assert.deepEqual(await client.call("echo", { still: "here" }), { still: "here" });
  assert.equal(client.pendingCalls, 0);
});

test("a reply may come before the acknowledgement, or without one", async (t) => {
  const server = await TestServer.start(t, "-reply-first");
  const client = await server.connected(t, "alice");
  assert.deepEqual(await client.call("echo", { a: 1 }), { a: 1 });
  assert.deepEqual(await client.call("noack", { a: 2 }), { a: 2 });
});

test("an acknowledgement that is late is no failure", async (t) => {
  const server = await TestServer.start(t, "-delay", "200ms");
  const client = await server.connected(t, "alice", { centrifuge: { timeout: 50 } });
  assert.deepEqual(await client.call("noack", { a: 1 }), { a: 1 });
});

test("replies to unknown calls and other publications on the reply channel are ignored", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const call = client.call("slow", { ms: 50 });
  await server.publish("user#alice", { correlation_id: "somebody else's", result: 1 });
  await server.publish("user#alice", { type: "task.created" });
  await server.publish("user#alice", null);
  assert.deepEqual(await call, { ms: 50 });
});

test("refused requests are server errors", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  for (const [code, Class, wantCode] of [
    [103, PermissionDeniedError, 403],
    [107, ServerError, 107],
    [111, ResourceExhaustedError, 429],
    [503, UnavailableError, 503],
    [100, ServerError, 100],
  ] as const) {
    // The last three may pass, and are tried again until the time is over: long enough for the
    // first refusal to come on a busy machine, and for few tries to be out at any time.
    await server.set(`refuse=${code}`);
    await Promise.all([
      assert.rejects(client.call("refuse", { code }, { timeout: 1500 }), (error) => {
        assert.ok(error instanceof Class, String(error));
        assert.equal(error.code, wantCode);
        return true;
      }),
      assert.rejects(client.notify("echo", {}, { timeout: 1500 }), Class),
    ]);
    await server.set("refuse=0");
  }
  assert.equal(client.pendingCalls, 0);
});

test("a call times out, and says so to the server once", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  await assert.rejects(client.call("never", {}, { timeout: 30 }), (error) => {
    assert.ok(error instanceof CallTimeoutError && error instanceof ClientError);
    assert.match(error.message, /call never did not finish within 30 ms/);
    return true;
  });
  const [sent, cancel] = await server.envelopes("n=2");
  assert.deepEqual(cancel?.data, { op: "cancel", correlation_id: sent?.data.correlation_id });
  assert.ok(sent?.data.timeout_ms! > 0 && sent?.data.timeout_ms! <= 30);
  assert.equal(client.pendingCalls, 0);
  await client.call("echo");
  assert.equal((await server.envelopes("op=cancel")).length, 1);
});

test("a call is aborted by its signal", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const controller = new AbortController();
  const aborted = failures(client.call("slow", { ms: 60_000 }, { signal: controller.signal }));
  await server.envelopes("n=1&op=call");
  const reason = new Error("changed my mind");
  controller.abort(reason);
  const [error] = await aborted;
  assert.ok(error instanceof CallAbortedError);
  assert.equal(error.cause, reason);
  await server.envelopes("n=1&op=cancel");
  await assert.rejects(client.call("echo", {}, { signal: controller.signal }), CallAbortedError);
  assert.equal((await server.envelopes("method=echo")).length, 0, "an aborted signal sends nothing");
  assert.equal(client.pendingCalls, 0);
});

test("a signal keeps no listener after its call", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const controller = new AbortController();
  const listeners = new Set<unknown>();
  const { addEventListener: add, removeEventListener: remove } = AbortSignal.prototype;
  controller.signal.addEventListener = function (this: AbortSignal, ...args: Parameters<typeof add>) {
    listeners.add(args[1]);
    add.apply(this, args);
  } as typeof add;
  controller.signal.removeEventListener = function (this: AbortSignal, ...args: Parameters<typeof remove>) {
    listeners.delete(args[1]);
    remove.apply(this, args);
  } as typeof remove;
  const { signal } = controller;
  await client.call("echo", {}, { signal });
  await assert.rejects(client.call("fail", { code: 400 }, { signal }), InvalidParamsError);
  await assert.rejects(client.call("refuse", { code: 103 }, { signal }), PermissionDeniedError);
  await assert.rejects(client.call("never", {}, { signal, timeout: 10 }), CallTimeoutError);
  assert.equal(listeners.size, 0);
});

test("before connect() a call fails at once, and while connecting it waits", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.client(t, "alice");
  await assert.rejects(client.call("echo"), NotConnectedError);
  await assert.rejects(client.notify("echo"), NotConnectedError);
  await assert.rejects(
    client.subscribe("news", () => {}),
    NotConnectedError,
  );
  const connecting = client.connect();
  assert.equal(client.state, "connecting");
  assert.deepEqual(await client.call("echo", { a: 1 }), { a: 1 });
  await connecting;
});

test("a call that waits for a connection keeps its deadline", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const gone = state(client, "connecting");
  await server.kill();
  await gone;
  await assert.rejects(client.call("echo", {}, { timeout: 40 }), CallTimeoutError);
  assert.equal(client.pendingCalls, 0);
});

test("a call in flight fails when the connection to a server without a store drops", async (t) => {
  const server = await TestServer.start(t, "-connect-data=false");
  const client = await server.connected(t, "alice");
  for (const [round, how] of ["code=3001", "abrupt=1"].entries()) {
    const lost = failures(client.call("never"), client.call("never", { a: 1 }));
    await server.envelopes(`n=${2 * round + 2}&method=never`);
    await server.disconnect(how);
    for (const error of await lost) {
      assert.ok(error instanceof ConnectionLostError, String(error));
      assert.match(error.message, /unknown/);
    }
    assert.equal(client.pendingCalls, 0);
    assert.deepEqual(await client.call("echo", { how }), { how });
  }
});

test("an idempotent call is sent again after the reconnect, under the same correlation id", async (t) => {
  const server = await TestServer.start(t, "-connect-data=false");
  const client = await server.connected(t, "alice");
  const again = frame(client, "resend");
  const params = { after_ack: true, a: 1 };
  assert.deepEqual(await client.call("drop", params, { idempotent: true }), params);
  const [first, second] = await server.envelopes("method=drop&n=2");
  assert.equal(first?.data.correlation_id, second?.data.correlation_id);
  assert.notEqual(first?.client, second?.client);
  assert.equal((await again).correlationId, first?.data.correlation_id);
  assert.deepEqual(await client.call("drop", { a: 2 }, { idempotent: true }), { a: 2 }, "unacknowledged");
  await assert.rejects(client.call("drop", {}), ConnectionLostError);
  assert.equal(client.pendingCalls, 0);
});

test("an idempotent call times out while the server is away, without a cancel", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const kinds: string[] = [];
  client.onFrame(({ kind }) => kinds.push(kind));
  const failed = failures(client.call("never", {}, { idempotent: true, timeout: 300 }));
  await server.envelopes("n=1");
  await server.kill();
  assert.ok((await failed)[0] instanceof CallTimeoutError);
  assert.deepEqual(
    kinds.filter((kind) => kind !== "ack"),
    ["publish", "error"],
  );
});

test("disconnect() fails everything at once, and connect() works again", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const controller = new AbortController();
  const failed = failures(
    client.call("never", {}, { signal: controller.signal }),
    client.call("never", {}, { idempotent: true }),
    client.notify("echo"),
  );
  client.disconnect();
  assert.equal(client.pendingCalls, 0);
  assert.equal(client.state, "disconnected");
  for (const error of await failed) assert.ok(error instanceof ClientClosedError, String(error));
  await assert.rejects(client.call("echo"), NotConnectedError);
  await client.connect();
  assert.deepEqual(await client.call("echo", { a: 1 }), { a: 1 });
});

test("a request that is too large is not sent", async (t) => {
  const server = await TestServer.start(t, "-max-message-size", "4096");
  const client = await server.client(t, "alice");
  const big = { text: "é".repeat(2000) };
  const waiting = client.connect().then(() => {});
  await assert.rejects(client.call("echo", big), RequestTooLargeError);
  await waiting;
  assert.equal(client.maxRequestSize, 4096);
  await assert.rejects(client.call("echo", big), (error) => {
    assert.ok(error instanceof RequestTooLargeError);
    assert.match(error.message, /takes 4\d{3} bytes, more than the limit of 4096; nothing was sent/);
    return true;
  });
  await assert.rejects(client.notify("echo", big), RequestTooLargeError);
  assert.equal((await server.envelopes()).length, 0);
  assert.equal(client.pendingCalls, 0);
  const fits = { text: "x".repeat(3600) };
  assert.deepEqual(await client.call("echo", fits), fits);
});

test("requests issued together never make a frame that the server refuses", async (t) => {
  const server = await TestServer.start(t, "-max-message-size", "4096");
  const client = await server.connected(t, "alice");
  let reconnects = 0;
  client.onState(() => reconnects++);
  const text = "é".repeat(400);
  const calls = Array.from({ length: 60 }, (_, i) => client.call("echo", { i, text }));
  const subscriptions = Array.from({ length: 100 }, (_, i) => client.subscribe(`news${i}`, () => {}));
  assert.equal((await Promise.all(calls)).length, 60);
  await Promise.all(subscriptions);
  assert.equal(reconnects, 0);

  // The same after a reconnect: all subscriptions and all waiting calls go out together.
  const gone = state(client, "connecting");
  await server.disconnect();
  await gone;
  const waiting = Array.from({ length: 60 }, (_, i) => client.call("echo", { i, text }));
  assert.equal((await Promise.all(waiting)).length, 60);
  assert.equal(reconnects, 2, "one reconnect, no more");
});

test("params that are no JSON are refused, with the reason", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const circular: { self?: object } = {};
  circular.self = circular;
  await assert.rejects(
    client.call("echo", circular),
    /ClientError: the params of echo cannot be written as JSON/,
  );
  await assert.rejects(client.call("echo", { n: 1n }), ClientError);
  assert.equal(client.pendingCalls, 0);
});

test("a timeout that is no time is refused", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  for (const timeout of [0, -1, NaN]) {
    await assert.rejects(client.call("echo", {}, { timeout }), RangeError);
    const token = await server.token("alice");
    assert.throws(() => new CentrifugoRPCClient(server.ws, token, undefined, { timeout }), RangeError);
  }
  assert.deepEqual(await client.call("echo", { a: 1 }, { timeout: Infinity }), { a: 1 });
  const [sent] = await server.envelopes();
  assert.ok(sent?.data.timeout_ms! > 86_390_000 && sent?.data.timeout_ms! <= 86_400_000);
});

test("a notification resolves at the acknowledgement", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  assert.equal(await client.notify("cursor.move", { x: 1 }), undefined);
  const [note] = await server.envelopes();
  assert.deepEqual(note?.data, {
    op: "notify",
    method: "cursor.move",
    params: { x: 1 },
    correlation_id: note?.data.correlation_id,
    timeout_ms: note?.data.timeout_ms,
  });
  assert.ok(note?.data.timeout_ms! > 9_000 && note?.data.timeout_ms! <= 10_000);
  assert.equal(client.pendingCalls, 0);
});

test("frames tell the life of a call", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const frames: Frame[] = [];
  const stop = client.onFrame((seen) => frames.push(seen));
  await client.call("slow", { ms: 20 });
  await assert.rejects(client.call("refuse", { code: 103 }));
  await assert.rejects(client.call("fail", { code: 520 }), OutcomeUnknownError);
  await assert.rejects(client.call("never", {}, { timeout: 30 }));
  stop();
  await client.call("echo");
  const kinds = (method: string) => frames.filter((f) => f.method === method).map((f) => f.kind);
  assert.deepEqual(kinds("slow"), ["publish", "ack", "reply"]);
  assert.deepEqual(kinds("refuse"), ["publish", "error"]);
  assert.deepEqual(kinds("fail").sort(), ["ack", "publish", "reply"]);
  assert.deepEqual(kinds("never"), ["publish", "ack", "error", "cancel"]);
  assert.deepEqual(kinds("echo"), []);
  const [publish, , reply] = frames;
  assert.equal(publish?.correlationId, reply?.correlationId);
  assert.deepEqual((reply?.data as { result: unknown }).result, { ms: 20 });
  assert.ok(Math.abs((publish?.at ?? 0) - Date.now()) < 60_000);
  assert.ok((reply?.at ?? 0) - (publish?.at ?? 0) >= 19);
});

test("a frame callback that throws harms nothing", async (t) => {
  const server = await TestServer.start(t);
  const reported: unknown[] = [];
  const client = await server.connected(t, "alice", { onError: (error) => reported.push(error) });
  client.onFrame(() => {
    throw new Error("mine");
  });
  client.onState(async () => {
    throw new Error("mine too");
  });
  assert.deepEqual(await client.call("echo", { a: 1 }), { a: 1 });
  const back = state(client, "connected");
  await server.disconnect();
  await back;
  assert.deepEqual(await client.call("echo", { a: 2 }), { a: 2 });
  assert.ok(reported.length >= 6 && reported.every((error) => /mine/.test(String(error))));
});
