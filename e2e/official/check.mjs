// Speaks the protocol by hand with the official JavaScript SDK: nothing of ours
// is used. Prints "ok NAME" for each thing that holds and ends at the first that
// does not.
//
//   node check.mjs NODE_MODULES json|protobuf|http_stream ws://… TOKEN USER

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";

const [, , modules, format, url, token, user] = process.argv;
const require = createRequire(join(modules, "package.json"));
const { WebSocket } = require("ws");
const { Centrifuge } = require(format === "protobuf" ? "centrifuge/build/protobuf" : "centrifuge");

// With JSON the SDK takes and gives values, with protobuf bytes.
const binary = format === "protobuf";
const write = (value) => (binary ? new TextEncoder().encode(JSON.stringify(value)) : value);
const read = (data) => (binary ? JSON.parse(new TextDecoder().decode(data)) : data);

const deadline = setTimeout(() => {
  console.error("nothing came for 30 s");
  process.exit(1);
}, 30_000);

// "http_stream" is the fallback for where WebSockets are blocked; its data is JSON.
const http = url.replace(/^ws/, "http");
const client =
  format === "http_stream"
    ? new Centrifuge([{ transport: "http_stream", endpoint: new URL("http_stream", http).href }], {
        token,
        emulationEndpoint: new URL("/emulation", http).href,
        fetch,
        readableStream: ReadableStream,
      })
    : new Centrifuge(url, { token, websocket: WebSocket });
const replies = new Map();
const received = [];

function take(data) {
  const reply = read(data);
  received.push(reply);
  replies.get(reply.correlation_id)?.(reply);
}

/** One correlated call: publish a request, wait for the reply with its id. */
async function call(method, params, { id = randomUUID(), replyTo = `user#${user}` } = {}) {
  const reply = new Promise((resolve) => replies.set(id, resolve));
  await client.publish("rpc.requests", write({ method, params, correlation_id: id, reply_to: replyTo }));
  return reply;
}

async function refused(code, what) {
  await assert.rejects(what, (error) => {
    assert.equal(error.code, code);
    return true;
  });
}

function ok(name) {
  console.log(`ok ${name}`);
}

// The server subscribes the reply channel: its publications are the client's own.
client.on("publication", ({ channel, data }) => {
  if (channel === `user#${user}`) take(data);
});
const connected = new Promise((resolve, reject) => {
  client.on("connected", resolve);
  client.on("disconnected", ({ code, reason }) => reject(new Error(`disconnected: ${code} ${reason}`)));
});
client.connect();
const welcome = read((await connected).data);
assert.equal(welcome.centrirpc.version, 1);
assert.equal(welcome.centrirpc.max_message_size, 65536);
ok("connect");

const id = randomUUID();
const point = { x: 1.5, y: -2 };
assert.deepEqual(await call("old.echo", point, { id }), { correlation_id: id, result: point });
ok("call");

const failed = await call("users.get_user_by_id", { user_id: "nobody" });
assert.deepEqual(failed.error, {
  code: 404,
  reason: "not_found",
  message: 'there is no user "nobody"',
  details: { user_id: "nobody" },
});
assert.equal("result" in failed, false);
assert.equal((await call("old.echo", [1])).error.code, 400);
ok("call with an error");

assert.deepEqual((await call("ping")).result, {});
ok("call without params");

const again = await call("old.echo", point, { id });
assert.deepEqual(again.result, point);
assert.equal((await call("old.echo", { x: 0, y: 0 }, { id })).error.code, 409);
ok("the same correlation id again");

const session = client.newSubscription(`user.tab-1#${user}`);
session.on("publication", ({ data }) => take(data));
await new Promise((resolve, reject) => {
  session.on("subscribed", resolve);
  session.on("unsubscribed", ({ code, reason }) => reject(new Error(`unsubscribed: ${code} ${reason}`)));
  session.subscribe();
});
const private_ = await call("conn.whoami", {}, { replyTo: `user.tab-1#${user}` });
assert.equal(private_.result.user_id, user);
ok("a reply channel of one's own");

const native = await client.rpc("users.get_user_by_id", write({ user_id: "u1" }));
assert.deepEqual(read(native.data), { id: "u1", name: "Ada" });
ok("native RPC");

await refused(404, client.rpc("users.get_user_by_id", write({ user_id: "nobody" })));
await refused(400, client.rpc("old.echo", write({ x: "1" })));
await refused(405, client.rpc("no.such_method", write({})));
await refused(500, client.rpc("fail.panic", write({})));
await refused(1001, client.rpc("fail.quota", write({})));
ok("native RPC with errors");

const request = { method: "ping", correlation_id: randomUUID(), reply_to: `user#${user}` };
await refused(107, client.publish("rpc.requests", write({ ...request, correlation_id: undefined })));
await refused(107, client.publish("rpc.requests", write([1])));
await refused(107, client.publish("rpc.requests", write("ping")));
await refused(107, client.publish("rpc.requests", write({ ...request, correlation_id: "x".repeat(129) })));
await refused(107, client.publish("rpc.requests", write({ ...request, op: "dance" })));
if (binary) await refused(107, client.publish("rpc.requests", new TextEncoder().encode('{"method":')));
ok("no envelope");

for (const replyTo of [
  "user#somebody-else",
  `user#${user},somebody-else`,
  "news",
  "rpc.requests",
  "",
  `user.#${user}`,
]) {
  await refused(103, client.publish("rpc.requests", write({ ...request, reply_to: replyTo })));
}
ok("a foreign reply channel");

for (const channel of [`user#${user}`, "user#somebody-else", "news", "secrets"]) {
  await refused(103, client.publish(channel, write({ correlation_id: id, result: "forged" })));
}
ok("publish elsewhere");

for (const channel of ["rpc.requests", "user#somebody-else", "secrets"]) {
  const subscription = client.newSubscription(channel);
  const end = new Promise((resolve) => subscription.on("unsubscribed", resolve));
  subscription.subscribe();
  assert.equal((await end).code, 103);
}
ok("subscribe elsewhere");

assert.deepEqual((await call("old.echo", point)).result, point);
assert.equal(
  received.some((reply) => reply.result === "forged"),
  false,
);
ok("the connection lives");

client.removeAllListeners("disconnected");
client.disconnect();
clearTimeout(deadline);
