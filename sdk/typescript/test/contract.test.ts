import assert from "node:assert/strict";
import test from "node:test";

import {
  CallAbortedError,
  CallTimeoutError,
  type CentrifugoRPCClient,
  ClientClosedError,
  type ContractCheck,
  NotConnectedError,
  PermissionDeniedError,
  ResourceExhaustedError,
} from "../src/index.js";
import { TestServer, failures, state } from "./server.js";

const unknown: ContractCheck = { same: false, compatible: null, serverHash: "" };

/** What the server was told at the present connect. */
async function told(server: TestServer, client: CentrifugoRPCClient): Promise<unknown> {
  const who = (await client.call("whoami")) as { client: string };
  return (await server.connections()).find((connection) => connection.client === who.client)?.data;
}

async function reconnect(server: TestServer, client: CentrifugoRPCClient): Promise<void> {
  const back = state(client, "connected");
  await server.disconnect();
  await back;
}

test("a stated contract is said at each connect from then on", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  assert.equal(await told(server, client), undefined);
  client.stateContract("first");
  assert.equal(await told(server, client), undefined);
  await reconnect(server, client);
  assert.deepEqual(await told(server, client), { centrirpc: { contract: "first" } });
  await reconnect(server, client);
  assert.deepEqual(await told(server, client), { centrirpc: { contract: "first" } });
  client.disconnect();
  client.stateContract("second");
  client.stateContract('la"st');
  await client.connect();
  assert.deepEqual(await told(server, client), { centrirpc: { contract: 'la"st' } });
  client.stateContract("");
  await reconnect(server, client);
  assert.equal(await told(server, client), undefined);
});

test("it is added to connect data that is an object", async (t) => {
  const server = await TestServer.start(t);
  const ours = { contract: "h" };
  for (const [own, want] of [
    [{ mine: 1 }, { mine: 1, centrirpc: ours }],
    [
      { mine: 1, centrirpc: { more: true, contract: "x" } },
      { mine: 1, centrirpc: { more: true, contract: "h" } },
    ],
    [{ centrirpc: 7 }, { centrirpc: ours }],
    [["mine"], ["mine"]],
    ["mine", "mine"],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [null, { centrirpc: ours }],
  ] as [unknown, unknown][]) {
    for (const centrifuge of [{ data: own }, { getData: () => Promise.resolve(own) }]) {
      const before = JSON.stringify(own);
      const client = await server.client(t, "alice", { centrifuge });
      client.stateContract("h");
      await client.connect();
      assert.deepEqual(await told(server, client), want);
      await reconnect(server, client);
      assert.deepEqual(await told(server, client), want);
      assert.equal(JSON.stringify(own), before);
      client.stateContract("");
      await reconnect(server, client);
      assert.deepEqual(await told(server, client), own === null ? undefined : JSON.parse(before));
      client.disconnect();
    }
  }
});

test("over HTTP it is said too", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.client(t, "alice", {
    websocket: class {
      constructor() {
        throw new Error("no WebSocket");
      }
      send(): void {}
    },
    transports: [{ transport: "http_stream", endpoint: `${server.http}/connection/http_stream` }],
    centrifuge: { emulationEndpoint: `${server.http}/emulation` },
  });
  client.stateContract("h");
  await client.connect();
  assert.deepEqual(await told(server, client), { centrirpc: { contract: "h" } });
  await server.set('contract={"hash":"h","compatible":true}');
  assert.deepEqual(await client.checkContract("h"), { same: true, compatible: true, serverHash: "h" });
});

test("checkContract() tells what the server says", async (t) => {
  const server = await TestServer.start(t);
  const client = await server.connected(t, "alice");
  for (const [answer, want] of [
    ['{"hash":"mine","compatible":true}', { same: true, compatible: true, serverHash: "mine" }],
    ['{"hash":"new","compatible":true}', { same: false, compatible: true, serverHash: "new" }],
    ['{"hash":"new","compatible":false}', { same: false, compatible: false, serverHash: "new" }],
    ['{"hash":"new","compatible":null}', { same: false, compatible: null, serverHash: "new" }],
    ['{"hash":"","compatible":null}', unknown],
    ['{"hash":"mine"}', { same: false, compatible: null, serverHash: "mine" }],
    ['["what"]', unknown],
    ['{"hash":1,"compatible":"yes"}', unknown],
    ["100", unknown],
    ["104", unknown],
    ["108", unknown],
    ["404", unknown],
    ["405", unknown],
    ["", unknown],
  ] as [string, ContractCheck][]) {
    await server.set(`contract=${encodeURIComponent(answer)}`);
    assert.deepEqual(await client.checkContract("mine"), want, answer);
  }
  await server.set("contract=103");
  await assert.rejects(client.checkContract("mine"), PermissionDeniedError);
  await server.set("contract=111");
  await assert.rejects(client.checkContract("mine"), ResourceExhaustedError);
});

test("checkContract() ends as calls do", async (t) => {
  const server = await TestServer.start(t, "-contract=0");
  const client = await server.client(t, "alice", { centrifuge: { timeout: 50 } });
  await assert.rejects(client.checkContract("mine"), NotConnectedError);
  const early = client.connect().then(() => client.checkContract("mine", { timeout: 300 }));
  const whileConnecting = client.checkContract("mine", { timeout: 300 });
  for (const error of await failures(early, whileConnecting)) assert.ok(error instanceof CallTimeoutError);
  const abort = new AbortController();
  const aborted = client.checkContract("mine", { signal: abort.signal });
  abort.abort("enough");
  await assert.rejects(aborted, (error) => error instanceof CallAbortedError && error.cause === "enough");
  await assert.rejects(client.checkContract("mine", { signal: abort.signal }), CallAbortedError);

  // Unanswered, it is asked again: in the SDK's time, and after a reconnect.
  const again = client.checkContract("mine");
  await client.call("echo"); // by now the question has arrived
  await server.set('contract={"hash":"mine","compatible":true}');
  assert.equal((await again).same, true);
  await server.set("contract=0");
  const other = await server.connected(t, "bob");
  const lost = other.checkContract("mine");
  await other.call("echo");
  await server.set('contract={"hash":"new","compatible":false}');
  await reconnect(server, other);
  assert.deepEqual(await lost, { same: false, compatible: false, serverHash: "new" });

  await server.set("contract=0");
  const closed = other.checkContract("mine");
  other.disconnect();
  await assert.rejects(closed, ClientClosedError);
});
