import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import test from "node:test";
import { WebSocket } from "ws";

import {
  CallAbortedError,
  CallTimeoutError,
  CentrifugoRPCClient,
  ClientClosedError,
  ClientError,
  type ClientOptions,
  ConnectError,
  ConnectionLostError,
  NotConnectedError,
} from "../src/index.js";
import { TestServer, failures, state } from "./server.js";

test("connect() resolves when replies can arrive", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.client(t, "alice");
  const seen: string[] = [];
  const stop = client.onState((entered) => seen.push(entered));
  assert.equal(client.state, "disconnected");
  await Promise.all([client.connect(), client.connect()]);
  await client.connect();
  assert.equal(client.state, "connected");
  assert.deepEqual(await server.connections(), [
    {
      user: "alice",
      client: (await server.connections())[0] && ((await client.call("whoami")) as { client: string }).client,
      channels: ["user#alice"],
    },
  ]);
  client.disconnect();
  client.disconnect();
  stop();
  await client.connect();
  assert.deepEqual(seen, ["connecting", "connected", "disconnected"]);
});

test("the client subscribes the reply channel itself where the server does not", async (t) => {
  const server = await TestServer.start(t, "-auto-subscribe=false", "-connect-data=false");
  const client = await server.connected(t, "alice");
  assert.deepEqual(await client.call("echo", { a: 1 }), { a: 1 });
  assert.equal(client.maxRequestSize, 65536);
  const back = state(client, "connected");
  await server.disconnect();
  await back;
  assert.deepEqual(await client.call("echo", { a: 2 }), { a: 2 });

  // The next server may do it otherwise, and the one after that not.
  for (const own of [true, false, true]) {
    await server.set(`auto-subscribe=${own}`);
    const again = state(client, "connected");
    await server.disconnect();
    await again;
    assert.deepEqual(await client.call("echo", { own }), { own });
  }
  client.disconnect();
  await client.connect();
  assert.deepEqual(await client.call("echo", { a: 3 }), { a: 3 });
});

test("a session has a reply channel of its own", async (t) => {
  const server = await TestServer.start(t);
  const [one, two] = [
    await server.connected(t, "alice", { session: "tab-1" }),
    await server.connected(t, "alice", { session: "tab_2" }),
  ];
  assert.equal(one.replyChannel, "user.tab-1#alice");
  assert.deepEqual(await Promise.all([one.call("echo", { a: 1 }), two.call("echo", { a: 2 })]), [
    { a: 1 },
    { a: 2 },
  ]);
  const channels = (await server.connections()).map((connection) => connection.channels.sort());
  assert.deepEqual(channels.sort(), [
    ["user#alice", "user.tab-1#alice"],
    ["user#alice", "user.tab_2#alice"],
  ]);
  await assert.rejects(server.client(t, "alice", { session: "a b" }), /the session "a b" is not/);
});

test("two tabs of a user get their own replies", async (t) => {
  const server = await TestServer.start(t);
  const [one, two] = [await server.connected(t, "alice"), await server.connected(t, "alice")];
  const results = await Promise.all([one.call("echo", { tab: 1 }), two.call("echo", { tab: 2 })]);
  assert.deepEqual(results, [{ tab: 1 }, { tab: 2 }]);
});

test("a bad user id or token is refused at construction", async (t) => {
  const server = await TestServer.start(t);
  const token = await server.token("alice");
  assert.equal(new CentrifugoRPCClient(server.ws, token).userId, "alice");
  assert.equal(new CentrifugoRPCClient(server.ws, "", "bob").replyChannel, "user#bob");
  const nobody = `e30.${btoa("{}")}.c2ln`;
  assert.throws(() => new CentrifugoRPCClient(server.ws, nobody), /ClientError: .*pass the user id/);
  assert.throws(
    () => new CentrifugoRPCClient(server.ws, token, "1,2"),
    /ClientError: the user id "1,2" holds ","/,
  );
  assert.throws(() => new CentrifugoRPCClient(server.ws, token, ""), ClientError);
});

test("where no user id is given, the server says it", async (t) => {
  const server = await TestServer.start(t, "-anonymous");
  const make = (token?: string, userId?: string, options: ClientOptions = {}) => {
    const client = new CentrifugoRPCClient(server.ws, token, userId, { timeout: 10_000, ...options });
    t.after(() => client.disconnect());
    return client;
  };
  const anonymous = make();
  assert.deepEqual([anonymous.userId, anonymous.replyChannel], ["", ""]);
  await anonymous.connect();
  assert.deepEqual([anonymous.userId, anonymous.replyChannel], ["anonymous-1", "user#anonymous-1"]);
  assert.deepEqual(await anonymous.call("whoami"), {
    user: "anonymous-1",
    client: (await server.connections())[0]?.client,
  });

  const opaque = make("opaque.ada", undefined, { session: "tab" });
  await opaque.connect();
  assert.deepEqual([opaque.userId, opaque.replyChannel], ["ada", "user.tab#ada"]);
  assert.deepEqual(await opaque.call("echo", { a: 1 }), { a: 1 });

  const fetched = make("", undefined, { getToken: () => "opaque.bob" });
  await fetched.connect();
  assert.equal(fetched.userId, "bob");
  assert.deepEqual(await fetched.call("echo", { a: 1 }), { a: 1 });

  await server.set("auto-subscribe=false");
  const plain = make("opaque.eve");
  await plain.connect();
  assert.deepEqual(await plain.call("echo", { a: 1 }), { a: 1 });
});

test("a user id that only the server knows may be another after a reconnect", async (t) => {
  for (const options of [{}, { session: "tab" }]) {
    const server = await TestServer.start(t, "-anonymous");
    const client = new CentrifugoRPCClient(server.ws, "", undefined, {
      timeout: 10_000,
      centrifuge: { minReconnectDelay: 10, maxReconnectDelay: 50 },
      onError: (error) => assert.fail(String(error)),
      ...options,
    });
    t.after(() => client.disconnect());
    await client.connect();
    const again = client.call("drop", { a: 1 }, { idempotent: true });
    assert.deepEqual(await again, { a: 1 });
    assert.equal(client.userId, "anonymous-2");
    const [connection] = await server.connections();
    assert.ok(connection?.channels.includes(client.replyChannel), JSON.stringify(connection));
    assert.ok(!connection?.channels.some((name) => name.includes("anonymous-1")), JSON.stringify(connection));
  }
});

test("a user id that is not known, or not the server's, ends the attempt to connect", async (t) => {
  const server = await TestServer.start(t, "-anonymous");
  for (const [said, given, message] of [
    ["-", undefined, /cannot connect: the user id is not known.*pass it as the third argument/],
    ["ada", "bob", /cannot connect: the client is for the user "bob", but the server knows it as "ada"/],
    ["a,b", undefined, /cannot connect: the server gave a user id that cannot be used: .*","/],
  ] as const) {
    await server.set(`say-user=${encodeURIComponent(said)}`);
    const client = new CentrifugoRPCClient(server.ws, "", given, { timeout: 10_000 });
    const [refused, call] = await failures(client.connect(), client.call("echo"));
    assert.ok(refused instanceof ConnectError && refused.code === 0, String(refused));
    assert.match(refused.message, message);
    assert.ok(call instanceof NotConnectedError, String(call));
    assert.equal(client.state, "disconnected");
    while ((await server.connections()).length > 0);
    await server.set("say-user=");
    const known = await failures(client.connect());
    assert.equal(known[0] === undefined, given === undefined, String(known[0]));
    client.disconnect();
  }
});

test("a token that the server does not trust is refused for good", async (t) => {
  const server = await TestServer.start(t);
  const client = new CentrifugoRPCClient(server.ws, await server.token("alice", "&bad=1"));
  const [refused, ...others] = await failures(
    client.connect(),
    client.call("echo"),
    client.subscribe("news", () => {}),
  );
  assert.ok(refused instanceof ConnectError);
  assert.equal(refused.code, 3500);
  assert.match(refused.message, /refused: invalid token \(code 3500\)/);
  for (const error of others) {
    assert.ok(error instanceof NotConnectedError && error.cause instanceof ConnectError, String(error));
  }
  assert.equal(client.state, "disconnected");
  assert.equal(client.pendingCalls, 0);
  await assert.rejects(client.connect(), ConnectError);
});

test("a terminal disconnect ends everything", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const why: unknown[] = [];
  client.onState((_, reason) => why.push(reason));
  const lost = failures(client.call("never"), client.call("never", {}, { idempotent: true }));
  await server.envelopes("n=2");
  await server.disconnect("code=3505");
  for (const error of await lost) assert.ok(error instanceof ConnectionLostError, String(error));
  assert.equal(client.state, "disconnected");
  assert.equal(client.pendingCalls, 0);
  assert.deepEqual(why, [{ code: 3505, reason: "dropped by the test" }]);
  await client.connect();
  assert.deepEqual(await client.call("echo"), {});
});

test("an expired token is exchanged for a fresh one", async (t) => {
  const server = await TestServer.start(t);
  let asked = 0;
  const getToken = () => {
    asked++;
    return server.token("alice");
  };
  const expired = await server.token("alice", "&ttl=-1m");
  const client = new CentrifugoRPCClient(server.ws, expired, undefined, {
    getToken,
    centrifuge: { minReconnectDelay: 10, maxReconnectDelay: 20 },
  });
  t.after(() => client.disconnect());
  await client.connect();
  assert.equal(asked, 1);
  assert.deepEqual(await client.call("echo", { a: 1 }), { a: 1 });

  const without = new CentrifugoRPCClient(server.ws, expired);
  await assert.rejects(without.connect(), { name: "ConnectError", code: 109 });
});

test("a token is refreshed before it ends, without a reconnect", async (t) => {
  const server = await TestServer.start(t);
  let refreshed: () => void;
  const refresh = new Promise<void>((resolve) => (refreshed = resolve));
  const client = new CentrifugoRPCClient(server.ws, await server.token("alice", "&ttl=2s"), undefined, {
    getToken: async () => {
      const token = await server.token("alice", "&ttl=1h");
      refreshed();
      return token;
    },
  });
  t.after(() => client.disconnect());
  await client.connect();
  const states: string[] = [];
  client.onState((entered) => states.push(entered));
  await refresh;
  assert.deepEqual(await client.call("echo", { a: 1 }), { a: 1 });
  assert.deepEqual(states, []);
});

test("a token may come from getToken alone; none ends the connection", async (t) => {
  const server = await TestServer.start(t);
  const client = new CentrifugoRPCClient(server.ws, "", "alice", { getToken: () => server.token("alice") });
  t.after(() => client.disconnect());
  await client.connect();
  const none = new CentrifugoRPCClient(server.ws, "", "alice", { getToken: () => "" });
  await assert.rejects(none.connect(), { name: "ConnectError", code: 1, reason: "unauthorized" });

  const reported: unknown[] = [];
  let calls = 0;
  const flaky = new CentrifugoRPCClient(server.ws, "", "alice", {
    getToken: () => {
      if (++calls === 1) throw new Error("no network");
      return server.token("alice");
    },
    onError: (error) => reported.push(error),
    centrifuge: { minReconnectDelay: 10, maxReconnectDelay: 20 },
  });
  t.after(() => flaky.disconnect());
  await flaky.connect();
  assert.match(String(reported), /getToken failed: Error: no network/);
});

test("connect() to a server that is away ends as its options say", async (t) => {
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const { port } = closed.address() as { port: number };
  closed.close();
  const client = new CentrifugoRPCClient(`ws://127.0.0.1:${port}/`, "", "alice", {
    centrifuge: { minReconnectDelay: 5, maxReconnectDelay: 10 },
  });
  t.after(() => client.disconnect());
  await assert.rejects(client.connect({ timeout: 60 }), CallTimeoutError);
  const quick = new CentrifugoRPCClient("ws://127.0.0.1:1/connection/websocket", "", "456", { timeout: 60 });
  await assert.rejects(quick.connect(), CallTimeoutError);
  assert.equal(quick.state, "disconnected");
  assert.equal(client.state, "disconnected");

  const controller = new AbortController();
  const waiting = failures(client.connect({ signal: controller.signal }));
  controller.abort("enough");
  const [aborted] = await waiting;
  assert.ok(aborted instanceof CallAbortedError && aborted.cause === "enough");
  assert.equal(client.state, "disconnected");
  await assert.rejects(client.connect({ signal: controller.signal }), CallAbortedError);

  const ended = failures(client.connect(), client.call("echo"));
  client.disconnect();
  for (const error of await ended) assert.ok(error instanceof ClientClosedError, String(error));
});

test("connect() gives up where no WebSocket can be made", async () => {
  const client = new CentrifugoRPCClient("http://127.0.0.1:1/", "", "alice");
  await assert.rejects(client.connect(), /ConnectError: .*use ws\(s\):\/\/ scheme/);
  assert.equal(client.state, "disconnected");
});

test("the WebSocket class is the given one, else the global one, else that of ws", async (t) => {
  const server = await TestServer.start(t);
  const made: string[] = [];
  class Given extends WebSocket {
    constructor(url: string) {
      super(url);
      made.push("given");
    }
  }
  class Global extends WebSocket {
    constructor(url: string) {
      super(url);
      made.push("global");
    }
  }
  await server.connected(t, "alice", { websocket: Given });
  const original = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  t.after(() => {
    if (original === undefined) delete (globalThis as { WebSocket?: unknown }).WebSocket;
    else Object.defineProperty(globalThis, "WebSocket", original);
  });
  Object.defineProperty(globalThis, "WebSocket", { value: Global, configurable: true, writable: true });
  await server.connected(t, "alice");
  Object.defineProperty(globalThis, "WebSocket", { value: undefined, configurable: true, writable: true });
  await server.connected(t, "alice");
  assert.deepEqual(made, ["given", "global"]);
});

test("HTTP streaming serves where a WebSocket cannot be opened", async (t) => {
  const server = await TestServer.start(t);
  class Blocked {
    onclose: (event: object) => void = () => {};
    constructor() {
      queueMicrotask(() => this.onclose({}));
    }
    send(): void {}
    close(): void {}
  }
  const client = await server.connected(t, "alice", {
    websocket: Blocked,
    transports: [{ transport: "http_stream", endpoint: `${server.http}/connection/http_stream` }],
    centrifuge: { emulationEndpoint: `${server.http}/emulation` },
  });
  const results = await Promise.all(Array.from({ length: 20 }, (_, i) => client.call("echo", { i })));
  assert.equal(results.length, 20);
  // Each is a request of its own, so many large ones fit as well as one.
  const text = "x".repeat(60_000);
  const large = await Promise.all(Array.from({ length: 5 }, (_, i) => client.call("echo", { i, text })));
  assert.equal(large.length, 5);
});

test("a disconnect from within a callback leaves nothing behind", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.client(t, "alice");
  client.onState((entered) => {
    if (entered === "connected") client.disconnect();
  });
  await client.connect();
  assert.equal(client.state, "disconnected");
  const other = await server.client(t, "bob");
  other.onState((entered) => {
    if (entered === "connecting") other.disconnect();
  });
  await assert.rejects(other.connect(), ClientClosedError);
  assert.equal(other.state, "disconnected");
});
