// The base client of centrirpc.

export * from "./rpc-client.js";
