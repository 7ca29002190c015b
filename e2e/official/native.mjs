// Calls methods by the RPC of the official JavaScript SDK: nothing of ours is used.
// Prints how each call ended, as JSON: {"data": …} or {"code": …, "message": …}.
//
//   node native.mjs NODE_MODULES ws://… TOKEN '[["method", params], …]'

import { createRequire } from "node:module";
import { join } from "node:path";

const [, , modules, url, token, calls] = process.argv;
const require = createRequire(join(modules, "package.json"));
const { WebSocket } = require("ws");
const { Centrifuge } = require("centrifuge");

const deadline = setTimeout(() => {
  console.error("nothing came for 30 s");
  process.exit(1);
}, 30_000);
const client = new Centrifuge(url, { token, websocket: WebSocket });
client.connect();
await client.ready();
const ended = [];
for (const [method, params] of JSON.parse(calls)) {
  try {
    ended.push({ data: (await client.rpc(method, params)).data });
  } catch ({ code, message }) {
    ended.push({ code, message });
  }
}
client.disconnect();
clearTimeout(deadline);
console.log(JSON.stringify(ended));
