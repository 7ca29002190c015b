import assert from "node:assert/strict";
import test from "node:test";

import {
  CallTimeoutError,
  ClientClosedError,
  ConnectionLostError,
  PermissionDeniedError,
  ServerError,
} from "../src/index.js";
import { TestServer, failures, state } from "./server.js";

/** Collects what a handler gets, and waits for it. */
class Inbox {
  readonly items: unknown[] = [];
  #wake = () => {};
  readonly add = (data: unknown) => {
    this.items.push(data);
    this.#wake();
  };
  async until(count: number): Promise<unknown[]> {
    while (this.items.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.items;
  }
}

test("a handler gets a channel's publications until it unsubscribes", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const inbox = new Inbox();
  const subscription = await client.subscribe("news", inbox.add);
  assert.equal(subscription.channel, "news");
  await server.publish("news", { n: 1 });
  await server.publish("news", { n: 2 });
  assert.deepEqual(await inbox.until(2), [{ n: 1 }, { n: 2 }]);
  subscription.unsubscribe();
  subscription.unsubscribe();
  await server.publish("news", { n: 3 });
  await client.call("echo");
  assert.equal(inbox.items.length, 2);
  const again = new Inbox();
  await client.subscribe("news", again.add);
  await server.publish("news", { n: 4 });
  assert.deepEqual(await again.until(1), [{ n: 4 }]);
});

test("several handlers share a channel", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const [one, two] = [new Inbox(), new Inbox()];
  const [first, second] = await Promise.all([
    client.subscribe("news", one.add),
    client.subscribe("news", two.add),
  ]);
  await server.publish("news", 1);
  await Promise.all([one.until(1), two.until(1)]);
  first.unsubscribe();
  await server.publish("news", 2);
  assert.deepEqual(await two.until(2), [1, 2]);
  assert.deepEqual(one.items, [1]);
  const [connection] = await server.connections();
  assert.deepEqual(connection?.channels.sort(), ["news", "user#alice"]);
  second.unsubscribe();
  await client.call("echo");
  assert.deepEqual((await server.connections())[0]?.channels, ["user#alice"]);
});

test("the end of a subscription does not end the next one, however soon it follows", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  for (let i = 0; i < 20; i++) {
    const inbox = new Inbox();
    const subscription = await client.subscribe("news", inbox.add);
    await server.publish("news", i);
    assert.deepEqual(await inbox.until(1), [i]);
    subscription.unsubscribe();
  }
});

test("a subscription comes back after a reconnect, and after disconnect() and connect()", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  const inbox = new Inbox();
  await client.subscribe("news", inbox.add);
  const back = state(client, "connected");
  await server.disconnect();
  await back;
  await client.subscribe("news", () => {});
  await server.publish("news", 1);
  await inbox.until(1);
  client.disconnect();
  await client.connect();
  await client.subscribe("news", () => {});
  await server.publish("news", 2);
  assert.deepEqual(await inbox.until(2), [1, 2]);
});

test("a refused subscription is a server error; a temporary refusal is tried again", async (t) => {
  const server = await TestServer.start(t);
  const reported: unknown[] = [];
  const client = await server.connected(t, "alice", { onError: (error) => reported.push(error) });
  await assert.rejects(
    client.subscribe("closed1", () => {}),
    (error) => {
      assert.ok(error instanceof PermissionDeniedError && error instanceof ServerError);
      assert.match(error.message, /subscribe closed1 was refused: permission denied/);
      return true;
    },
  );
  await assert.rejects(
    client.subscribe("user#bob", () => {}),
    PermissionDeniedError,
  );
  const inbox = new Inbox();
  await client.subscribe("flaky", inbox.add);
  await server.publish("flaky", 1);
  await inbox.until(1);
  assert.deepEqual(reported, [], "whoever waits is told, nobody else");
  assert.equal(client.state, "connected");
});

test("a subscription that takes too long fails, and is given up", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.client(t, "alice");
  await server.kill();
  client.connect().catch(() => {});
  await assert.rejects(
    client.subscribe("news", () => {}, { timeout: 40 }),
    CallTimeoutError,
  );
  const waiting = failures(client.subscribe("news", () => {}));
  client.disconnect();
  assert.ok((await waiting)[0] instanceof ClientClosedError);
});

test("a handler that throws is reported and harms nothing", async (t) => {
  const server = await TestServer.start(t);
  const reported: unknown[] = [];
  const client = await server.connected(t, "alice", { onError: (error) => reported.push(error) });
  const inbox = new Inbox();
  await client.subscribe("news", () => {
    throw new Error("first");
  });
  await client.subscribe("news", async () => {
    throw new Error("second");
  });
  await client.subscribe("news", inbox.add);
  await server.publish("news", 1);
  await inbox.until(1);
  assert.deepEqual(await client.call("echo"), {});
  assert.deepEqual(
    reported.map((error) => (error as Error).message),
    ["first", "second"],
  );
});

test("an application's events on the user's own channel reach handlers, replies do not", async (t) => {
  for (const own of [true, false]) {
    const server = await TestServer.start(t, `-auto-subscribe=${own}`);
    const client = await server.connected(t, "alice");
    const inbox = new Inbox();
    await client.subscribe("user#alice", inbox.add);
    await client.call("echo", { a: 1 });
    await server.publish("user#alice", { type: "greeting" });
    assert.deepEqual(await inbox.until(1), [{ type: "greeting" }]);
  }
});

test("a subscription that the server ends is reported", async (t) => {
  const server = await TestServer.start(t);
  let report: (error: unknown) => void = () => {};
  const ended = new Promise<unknown>((resolve) => (report = resolve));
  const client = await server.connected(t, "alice", { onError: (error) => report(error) });
  await client.subscribe("news", () => {});
  await server.unsubscribe("alice", "news");
  assert.match(String(await ended), /ServerError: subscribe news was refused/);
  // It can be made again.
  const inbox = new Inbox();
  await client.subscribe("news", inbox.add);
  await server.publish("news", 1);
  await inbox.until(1);
});

test("a reply channel that the server ends is subscribed again, and calls in flight follow the rule", async (t) => {
  for (const own of [true, false]) {
    const server = await TestServer.start(t, `-auto-subscribe=${own}`);
    const client = await server.connected(t, "alice");
    const plain = failures(client.call("never"));
    const idempotent = client.call("never", {}, { idempotent: true });
    idempotent.catch(() => {});
    await server.envelopes("n=2");
    // Plain Centrifugo ends a subscription for good below code 2500.
    await server.unsubscribe("alice", "user#alice", own ? 2000 : 2500);
    assert.ok((await plain)[0] instanceof ConnectionLostError);
    assert.deepEqual(await client.call("echo", { a: 1 }), { a: 1 });
    assert.equal((await server.envelopes("method=never&n=3")).length, 3);
    assert.equal((await server.connections()).length, 1);
  }
});
