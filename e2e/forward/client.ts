// Calls methods of one server, whoever has their handlers.

import { APIClient, CentrifugoRPCClient, OutOfStockError, ServerError } from "./all/index.js";

const [url, token] = process.argv.slice(2);
const rpc = new CentrifugoRPCClient(url, token);
const api = new APIClient(rpc);
await rpc.connect();
const sum = await api.mathSum({ a: 1, b: 2 });
const order = await api.ordersAdd({ item: "book" });
const left = await api.ordersLeft({ id: 5 });
const failed = async (item: string) => {
  try {
    await api.ordersAdd({ item });
  } catch (error) {
    return error;
  }
  return undefined;
};
const out = await failed("moon");
const refused = await failed("");
const found = await api.checkContract();
console.log(
  sum.sum,
  order.id,
  order.state,
  left.left,
  out instanceof OutOfStockError ? out.details.left : out,
  refused instanceof ServerError ? refused.code : refused,
  found.same,
);
rpc.disconnect();
