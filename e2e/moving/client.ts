// Calls both methods with one client, again at each line of standard input.

import { createInterface } from "node:readline";

import { APIClient, CentrifugoRPCClient } from "./sdk/typescript/index.js";

const [url = "", token = ""] = process.argv.slice(2);
const rpc = new CentrifugoRPCClient(url, token);
const api = new APIClient(rpc);
await rpc.connect();
for await (const _ of createInterface({ input: process.stdin })) {
  const left = await api.stockLeft({ id: 5 });
  const taken = await api.stockTake({ id: 5 });
  const { same } = await api.checkContract();
  console.log(left.left, left.told, taken.left, taken.told, same);
}
rpc.disconnect();
